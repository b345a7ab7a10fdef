//! `backup`: everything that is needed to go on elsewhere, in one verified file.
//!
//! The copy is made from a connection that cannot write, beside the daemon or without one. A running daemon is asked
//! first: it refuses processes below a connected agent, for a backup holds the master key, and puts the rest on record.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use bridge_daemon::clock;
use bridge_daemon::store::check::{CheckReport, check};
use bridge_daemon::store::read::audit;
use bridge_daemon::store::seal::{self, Seal};
use bridge_daemon::store::snapshot::{self, Snapshot};
use bridge_daemon::store::{open, state_dir};
use bridge_proto::admin::{AuditFilter, Request, Response};
use serde::Serialize;
use tempfile::{NamedTempFile, TempDir};

use super::{count, note_offline, size};
use crate::backup::{self, AuditEnd, DATABASE, KEY, Manifest, SEAL, passphrase};
use crate::cli::Backup;
use crate::client::Client;
use crate::failure::{Done, Failure};
use crate::progress::Progress;
use crate::screen::Screen;
use crate::source::{paths, unexpected};

/// What became of it, for programs.
#[derive(Serialize)]
struct Report<'r> {
    file: &'r Path,
    bytes: u64,
    encrypted: bool,
    manifest: &'r Manifest,
}

pub(super) fn run(screen: &mut Screen, arguments: &Backup) -> Result<Done, Failure> {
    let target = arguments.file.as_path();
    if target.exists() {
        return Err(Failure::Failed(format!("{} exists; choose a new name", target.display())));
    }
    let encrypted = arguments.encrypt || arguments.passphrase_file.is_some();
    let passphrase =
        encrypted.then(|| passphrase::fresh(arguments.passphrase_file.as_deref())).transpose()?;
    let (state, live) = locate(encrypted)?;
    if !arguments.format.json {
        note_offline(screen, live);
    }
    // What is not encrypted yet stays where it is protected.
    let place = if encrypted { state.as_path() } else { directory_of(target) };
    let scratch = backup::private_directory(".bridge-backup-", place);
    let scratch =
        scratch.map_err(|error| Failure::failed(format_args!("writing to {}", place.display()), error))?;
    let manifest = collect(&state, &scratch)?;
    let bytes = seal_up(target, &manifest, &scratch, passphrase.as_ref())?;
    if arguments.format.json {
        screen.json(&Report { file: target, bytes, encrypted, manifest: &manifest })?;
    } else {
        tell(screen, target, bytes, encrypted, &manifest)?;
    }
    Ok(if manifest.audit.findings.is_empty() { Done::Well } else { Done::Found })
}

/// The state directory to copy, and whether a daemon runs on it, which has allowed it then.
fn locate(encrypted: bool) -> Result<(PathBuf, bool), Failure> {
    let paths = paths()?;
    match Client::connect(&paths.socket) {
        Ok(mut client) => match client.ask(&Request::Backup { encrypted })? {
            Response::BackupGranted { state } => Ok((PathBuf::from(state), true)),
            other => Err(unexpected(&other)),
        },
        Err(Failure::NotRunning { .. }) if !paths.database().exists() => {
            Err(Failure::NothingYet { database: paths.database() })
        }
        Err(Failure::NotRunning { .. }) => Ok((paths.state, false)),
        Err(other) => Err(other),
    }
}

/// Fills the scratch directory with a verified copy and describes it.
fn collect(state: &Path, scratch: &TempDir) -> Result<Manifest, Failure> {
    let failed = |error: backup::ArchiveError| Failure::Failed(error.to_string());
    let scratch = scratch.path();
    // Key and seal first: the seal may be older than the trail in the copy, never newer.
    let small = copy_small_files(state, scratch)?;
    let copy = scratch.join(DATABASE);
    let mut progress = Progress::new("copying");
    let snapshot = snapshot::take(&state.join(DATABASE), &copy, &mut |pages| {
        progress.show(pages.done.into(), pages.total.into());
    });
    drop(progress);
    let snapshot = snapshot.map_err(|error| Failure::Failed(error.to_string()))?;
    let keys =
        state_dir::load_keys(&scratch.join(KEY)).map_err(|error| Failure::Failed(error.to_string()))?;
    let checked =
        check(&copy, &keys, &scratch.join(SEAL)).map_err(|error| Failure::Failed(error.to_string()))?;
    // Evidence is named as in the archive, not by where it lay for a moment.
    let here = format!("{}/", scratch.display());
    let findings = trail_findings(checked)?.into_iter().map(|found| found.replace(&here, "")).collect();
    let mut files = vec![backup::describe(scratch, DATABASE).map_err(failed)?];
    for name in small {
        files.push(backup::describe(scratch, &name).map_err(failed)?);
    }
    let (seq, head) = trail_end(&copy)?;
    let Snapshot { schema, rows } = snapshot;
    Ok(Manifest {
        format: backup::FORMAT,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: clock::now().to_string(),
        schema,
        rows,
        audit: AuditEnd { seq, head, findings },
        files,
    })
}

fn copy_small_files(state: &Path, scratch: &Path) -> Result<Vec<String>, Failure> {
    let failed =
        |name: &str, error| Failure::failed(format_args!("copying {name} from {}", state.display()), error);
    let names = backup::small_files(state).map_err(|error| failed("", error))?;
    for name in &names {
        fs::copy(state.join(name), scratch.join(name)).map_err(|error| failed(name, error))?;
    }
    // A seal that was read while it was written is read again.
    let keys = state_dir::load_keys(&state.join(KEY)).map_err(|error| Failure::Failed(error.to_string()))?;
    for _ in 0..3 {
        match seal::read(&scratch.join(SEAL), &keys) {
            Ok(Seal::Broken) => {
                fs::copy(state.join(SEAL), scratch.join(SEAL)).map_err(|error| failed(SEAL, error))?;
            }
            _ => break,
        }
    }
    Ok(names)
}

/// What is wrong with the audit trail goes with the backup: it is evidence. Anything else is no state to keep.
pub(super) fn trail_findings(checked: CheckReport) -> Result<Vec<String>, Failure> {
    let (trail, other): (Vec<_>, Vec<_>) =
        checked.findings.into_iter().partition(|found| found.starts_with("audit: "));
    match other.first() {
        None => Ok(trail),
        Some(first) => Err(Failure::Failed(format!(
            "the database is not whole ({first}); `bridgectl db check` tells all, `bridgectl restore` puts an earlier \
             backup in its place"
        ))),
    }
}

/// Number and MAC of the last audit row.
pub(super) fn trail_end(database: &Path) -> Result<(i64, String), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::failed(format_args!("reading {}", database.display()), error)
    };
    let connection = open::open_read_only(database).map_err(|error| Failure::Failed(error.to_string()))?;
    let last = AuditFilter { limit: 1, last: true, ..AuditFilter::default() };
    let last = audit::rows(&connection, &last).map_err(|error| failed(&error))?.pop();
    Ok(last.map(|row| (row.seq, row.mac)).unwrap_or_default())
}

/// Writes the archive beside its final name, reads it back, and only then gives it that name.
fn seal_up(
    target: &Path,
    manifest: &Manifest,
    scratch: &TempDir,
    passphrase: Option<&SecretString>,
) -> Result<u64, Failure> {
    let failed = |error: backup::ArchiveError| Failure::Failed(error.to_string());
    let writing = |error: io::Error| Failure::failed(format_args!("writing {}", target.display()), error);
    let directory = directory_of(target);
    let partial = NamedTempFile::with_prefix_in(".bridge-backup-", directory).map_err(writing)?;
    backup::write(partial.as_file(), target, manifest, scratch.path(), passphrase).map_err(failed)?;
    if backup::verify(partial.path(), passphrase).map_err(failed)? != *manifest {
        return Err(Failure::Failed(format!("{} did not read back as it was written", target.display())));
    }
    let bytes = partial.as_file().metadata().map_err(writing)?.len();
    partial.persist_noclobber(target).map_err(|error| writing(error.error))?;
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(writing)?;
    Ok(bytes)
}

fn directory_of(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn tell(
    screen: &mut Screen,
    target: &Path,
    bytes: u64,
    encrypted: bool,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let rows = |table: &str| manifest.rows.get(table).copied().unwrap_or_default().unsigned_abs();
    screen.line(&format!(
        "{}: {}, {}, {}, {}; written, read back and proven",
        target.display(),
        size(bytes),
        count(rows("conversation"), "conversation", "conversations"),
        count(rows("message"), "message", "messages"),
        count(rows("audit"), "audit row", "audit rows"),
    ))?;
    screen.line(&format!("audit head: {}", manifest.audit.head))?;
    screen.flush()?;
    for found in &manifest.audit.findings {
        screen.note(&format!("the audit trail in it is NOT whole: {found}"));
    }
    if !encrypted {
        screen.note(
            "This file is NOT ENCRYPTED and holds the master key: whoever can read it can read every message, speak \
             for every session and forge the audit trail. Keep it where only you can (it has mode 0600), or make it \
             again with --encrypt.",
        );
    }
    Ok(())
}
