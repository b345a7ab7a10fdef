//! What changed since a snapshot.

use super::{SnapshotError, Snapshots};
use crate::outcome::Stream;
use crate::output::{Redact, streams};
use crate::sandbox::{Barrier, Captured};

const DIFF: &str = r#"git diff-tree -r -p --no-ext-diff --no-textconv --no-color --no-renames --end-of-options "refs/snapshots/$1" "$2""#;
const MOST_BYTES: usize = 4 * 1024 * 1024;

impl Snapshots {
    /// A unified diff from a snapshot to the workspace as it is at `now_ms`, fit for a terminal, without secrets and
    /// with at most `characters` characters.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn diff(
        &self,
        barrier: &dyn Barrier,
        id: &str,
        now_ms: i64,
        characters: usize,
        redact: Redact<'_>,
    ) -> Result<Stream, SnapshotError> {
        let _lock = self.lock()?;
        let (place, record) = self.find(id)?;
        let git = place.git(barrier, &record.snapshot.workspace, now_ms);
        let (tree, _) = self.index(&place, &git)?;
        let raw = git.print(DIFF, &[id, &tree], MOST_BYTES)?;
        Ok(streams(&raw.stdout, &Captured::default(), characters, redact).0)
    }
}
