//! Snapshots: putting a workspace back, and dropping old ones.

use std::path::Path;

use bridge_guard::snapshot::{Keep, Restored, Selection};
use bridge_guard::{Guard, GuardError};
use bridge_proto::admin::yolo::RestoreReport;

use crate::domain::time::Timestamp;

/// Paths of a report at most: it must fit into a frame.
const PATHS: usize = 1_000;

/// Puts a workspace back as a snapshot has it. Blocks.
///
/// # Errors
/// [`GuardError`] saying what stands in the way.
pub fn restore(
    guard: &Guard,
    snapshot: &str,
    paths: &[String],
    exact: bool,
    now: Timestamp,
) -> Result<RestoreReport, GuardError> {
    let selection = Selection { paths: paths.iter().map(Into::into).collect(), exact };
    let Restored { undo, restored, deleted, skipped } = guard.restore(snapshot, &selection, now.millis())?;
    let named = |paths: Vec<std::path::PathBuf>| paths.iter().take(PATHS).map(|path| text(path)).collect();
    let skipped = skipped.iter().take(PATHS).map(|(path, why)| (text(path), (*why).to_owned())).collect();
    Ok(RestoreReport { undo, restored: named(restored), deleted: named(deleted), skipped })
}

/// Drops snapshots that are too old, too many or too large. Blocks.
///
/// # Errors
/// [`GuardError`] when some could not be dropped.
pub fn prune(guard: &Guard, now: Timestamp) -> Result<usize, GuardError> {
    let dropped = guard.snapshots()?.prune(guard.barrier()?, &Keep::default(), now.millis())?;
    Ok(dropped.len())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
