//! `yolo snapshots`, `diff` and `restore`: workspaces as they were before commands that might write.

use bridge_daemon::clock;
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::exec;
use bridge_guard::Guard;
use bridge_proto::admin::yolo::{RestoreReport, YoloRequest, YoloResponse};
use bridge_redact::Engine;

use super::{ask, surprise};
use crate::cli::{RestoreSnapshot, Snapshots};
use crate::client::Client;
use crate::commands::config::{engine, load};
use crate::commands::count;
use crate::failure::{Done, Failure};
use crate::screen::{Screen, Tint};
use crate::source::paths;
use crate::text::safe_text;
use crate::time::age;

/// Characters of a diff at most.
const DIFF: usize = 2_000_000;

pub(super) fn list(screen: &mut Screen, arguments: &Snapshots) -> Result<Done, Failure> {
    let (guard, _) = guard()?;
    let workspace = match &arguments.workspace {
        None => None,
        Some(path) => Some(path.canonicalize().map_err(|error| Failure::failed(path.display(), error))?),
    };
    let snapshots = guard.snapshots().and_then(|all| all.list(workspace.as_deref())).map_err(failed)?;
    if arguments.format.json {
        screen.json(&snapshots)?;
        return Ok(Done::Well);
    }
    let look = screen.look();
    for snapshot in &snapshots {
        let taken = Timestamp::from_millis(snapshot.taken_at).to_string();
        let left_out = match snapshot.left_out_total {
            0 => String::new(),
            some => format!(", {some} left out"),
        };
        screen.line(&format!(
            "{}  {}  {}  for {}  ({}{left_out})",
            look.paint(Tint::Heading, &safe_text(&snapshot.id)),
            age(&taken, look.now),
            safe_text(&snapshot.workspace.to_string_lossy()),
            safe_text(&snapshot.label),
            count(snapshot.files, "file", "files"),
        ))?;
    }
    if snapshots.is_empty() {
        screen.note("there is no snapshot yet: one is taken before each command that may write");
    }
    Ok(Done::Well)
}

pub(super) fn diff(screen: &mut Screen, snapshot: &str) -> Result<Done, Failure> {
    let (guard, engine) = guard()?;
    let redact = |text: &str| super::attempt::redacted(&engine, text);
    let barrier = guard.barrier().map_err(failed)?;
    let now = clock::now().millis();
    let diff =
        guard.snapshots().and_then(|all| all.diff(barrier, snapshot, now, DIFF, &redact)).map_err(failed)?;
    screen.print(&diff.text)?;
    if diff.text.is_empty() {
        screen.note("nothing has changed since");
    }
    Ok(Done::Well)
}

/// Through the daemon while it runs: it knows whether a command writes there right now.
pub(super) fn restore(screen: &mut Screen, arguments: RestoreSnapshot) -> Result<Done, Failure> {
    let RestoreSnapshot { snapshot, paths: only, exact, format } = arguments;
    let report = match Client::connect(&paths()?.socket) {
        Ok(mut daemon) => match ask(&mut daemon, YoloRequest::Restore { snapshot, paths: only, exact })? {
            YoloResponse::Restored(report) => report,
            other => return Err(surprise(other)),
        },
        Err(Failure::NotRunning { .. }) => {
            let (guard, _) = guard()?;
            exec::restore(&guard, &snapshot, &only, exact, clock::now()).map_err(failed)?
        }
        Err(other) => return Err(other),
    };
    if format.json {
        screen.json(&report)?;
        return Ok(Done::Well);
    }
    print(screen, &report)?;
    Ok(Done::Well)
}

fn print(screen: &mut Screen, report: &RestoreReport) -> Result<(), Failure> {
    for path in &report.restored {
        screen.line(&format!("restored  {}", safe_text(path)))?;
    }
    for path in &report.deleted {
        screen.line(&format!("removed   {}", safe_text(path)))?;
    }
    for (path, why) in &report.skipped {
        screen.line(&format!("left      {} ({})", safe_text(path), safe_text(why)))?;
    }
    screen.flush()?;
    screen.note(&format!(
        "{} restored; `bridgectl yolo restore {} --exact` undoes this",
        count(report.restored.len() as u64, "path", "paths"),
        safe_text(&report.undo)
    ));
    Ok(())
}

fn guard() -> Result<(Guard, Engine), Failure> {
    let paths = paths()?;
    let config = load(&paths.config)?;
    let engine = engine(&config)?;
    let guard = exec::guard(&config.yolo, &paths).map_err(failed)?;
    Ok((guard, engine))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}
