//! `restore`: a backup takes the place of the state directory, which is kept under another name.
//!
//! Nothing is touched before the backup is proven: unpacked beside the state, every member compared with the manifest,
//! the database checked and counted, its audit trail verified with its own key.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use bridge_daemon::domain::audit::Entry;
use bridge_daemon::domain::key::Keys;
use bridge_daemon::store::check::check;
use bridge_daemon::store::state_dir::{self, StateLock};
use bridge_daemon::store::{Store, Synchronous, snapshot};
use bridge_proto::paths::Paths;
use serde::Serialize;
use serde_json::json;

use super::backup::{trail_end, trail_findings};
use super::count;
use crate::backup::{self, DATABASE, KEY, Manifest, SEAL, passphrase, swap};
use crate::cli::Restore;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;
use crate::text::safe_text;

/// What became of it, for programs.
#[derive(Serialize)]
struct Report<'r> {
    state: &'r Path,
    kept: Option<&'r Path>,
    manifest: &'r Manifest,
}

pub(super) fn run(screen: &mut Screen, arguments: &Restore) -> Result<Done, Failure> {
    let paths = paths()?;
    let _lock = lock(&paths)?;
    let passphrase = passphrase_of(arguments)?;
    let parent = paths.state.parent().unwrap_or(Path::new("/"));
    let failed = |error: io::Error| Failure::failed(format_args!("writing to {}", parent.display()), error);
    std::fs::create_dir_all(parent).map_err(failed)?;
    let staging = backup::private_directory("bridged.restoring-", parent).map_err(failed)?;
    let manifest = unpack(&arguments.file, passphrase.as_ref(), staging.path())?;
    let kept = paths.state.exists().then(|| swap::kept_name(&paths.state, &screen.look().now.to_string()));
    confirm(screen, arguments, &manifest, &paths.state, kept.as_deref())?;
    put_on_record(staging.path(), &paths, &manifest)?;
    // From here on it may be the state itself: no longer to be removed when this program ends.
    let staging = staging.keep();
    let unused = PathBuf::new();
    if let Err(error) = swap::replace(&paths.state, &staging, kept.as_ref().unwrap_or(&unused)) {
        return Err(Failure::failed(
            format_args!("putting {} in the place of {}", staging.display(), paths.state.display()),
            error,
        ));
    }
    if arguments.format.json {
        screen.json(&Report { state: &paths.state, kept: kept.as_deref(), manifest: &manifest })?;
    } else {
        tell(screen, &paths, kept.as_deref(), &manifest)?;
    }
    Ok(if manifest.audit.findings.is_empty() { Done::Well } else { Done::Found })
}

/// Keeps daemons from the state; refuses when one has it.
pub(super) fn lock(paths: &Paths) -> Result<Option<StateLock>, Failure> {
    if !paths.state.exists() {
        return Ok(None);
    }
    state_dir::lock(paths).map(Some).map_err(|error| Failure::Failed(error.to_string()))
}

fn passphrase_of(arguments: &Restore) -> Result<Option<SecretString>, Failure> {
    let encrypted = backup::is_encrypted(&arguments.file);
    if encrypted.map_err(|error| Failure::Failed(error.to_string()))? {
        passphrase::known(arguments.passphrase_file.as_deref()).map(Some)
    } else {
        Ok(None)
    }
}

/// Unpacks the backup and proves it.
fn unpack(file: &Path, passphrase: Option<&SecretString>, staging: &Path) -> Result<Manifest, Failure> {
    let words = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let damaged = |problem: String| {
        Failure::Failed(format!("the backup {} is damaged: {problem}; use another one", file.display()))
    };
    let manifest = backup::unpack(file, passphrase, staging).map_err(|error| words(&error))?;
    let database = staging.join(DATABASE);
    let keys = state_dir::load_keys(&staging.join(KEY)).map_err(|error| words(&error))?;
    // Also refuses what a newer build has written.
    let found = snapshot::count(&database).map_err(|error| words(&error))?;
    if (found.schema, &found.rows) != (manifest.schema, &manifest.rows) {
        return Err(damaged("its database does not count as its manifest says".to_owned()));
    }
    let checked = check(&database, &keys, &staging.join(SEAL)).map_err(|error| words(&error))?;
    if trail_findings(checked)?.len() != manifest.audit.findings.len() {
        return Err(damaged("its audit trail is not the one that was backed up".to_owned()));
    }
    if trail_end(&database)? != (manifest.audit.seq, manifest.audit.head.clone()) {
        return Err(damaged("its audit trail does not end as its manifest says".to_owned()));
    }
    Ok(manifest)
}

fn confirm(
    screen: &mut Screen,
    arguments: &Restore,
    manifest: &Manifest,
    state: &Path,
    kept: Option<&Path>,
) -> Result<(), Failure> {
    let Some(kept) = kept.filter(|_| !arguments.yes) else { return Ok(()) };
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{} would be replaced: say so on a terminal, or with --yes",
            state.display()
        )));
    }
    screen.note(&format!(
        "The backup of {} ({}) takes the place of {}, which becomes {}. What was sent since then is only there.\n\
         Type yes to go on:",
        safe_text(&manifest.created_at),
        count(messages(manifest), "message", "messages"),
        state.display(),
        kept.display()
    ));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::failed("reading the answer", error))?;
    if answer.trim() == "yes" { Ok(()) } else { Err(Failure::Failed("nothing was changed".to_owned())) }
}

/// Brings the unpacked database up to date and appends to its trail that it was restored, and in place of which trail.
fn put_on_record(staging: &Path, replaced: &Paths, manifest: &Manifest) -> Result<(), Failure> {
    let words = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let paths = Paths { state: staging.to_owned(), ..replaced.clone() };
    let keys: Keys = state_dir::load_keys(&paths.key()).map_err(|error| words(&error))?;
    // A damaged or missing state is what is restored over most often.
    let before = trail_end(&replaced.database()).ok();
    let details = json!({
        "backup_of": manifest.created_at,
        "replaced_rows": before.as_ref().map(|(seq, _)| seq),
        "replaced_head": before.as_ref().map(|(_, head)| head),
    });
    let (store, threads) = Store::open(&paths, &keys, Synchronous::Full).map_err(|error| words(&error))?;
    let submitted = store.try_submit(move |tx| {
        tx.append_audit(Entry {
            at: tx.now(),
            conversation: None,
            actor: "human".to_owned(),
            action: "restore".to_owned(),
            outcome: "ok".to_owned(),
            details: details.to_string(),
        })
    });
    drop(store);
    threads.join();
    let (seq, _) = trail_end(&paths.database())?;
    if submitted && seq > manifest.audit.seq {
        Ok(())
    } else {
        Err(Failure::Failed("the restoration could not be put on record; nothing was changed".to_owned()))
    }
}

fn messages(manifest: &Manifest) -> u64 {
    manifest.rows.get("message").copied().unwrap_or_default().unsigned_abs()
}

fn tell(screen: &mut Screen, paths: &Paths, kept: Option<&Path>, manifest: &Manifest) -> Result<(), Failure> {
    screen.line(&format!(
        "restored the backup of {} to {}: {}",
        safe_text(&manifest.created_at),
        paths.state.display(),
        count(messages(manifest), "message", "messages"),
    ))?;
    if let Some(kept) = kept {
        screen.line(&format!("what was there before is in {}", kept.display()))?;
    }
    screen.flush()?;
    for found in &manifest.audit.findings {
        screen.note(&format!(
            "the audit trail in it is NOT whole, as when it was backed up: {}",
            safe_text(found)
        ));
    }
    Ok(())
}
