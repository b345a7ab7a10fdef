//! Dropping old snapshots.

use std::fs;
use std::path::Path;

use super::{Place, Snapshot, SnapshotError, Snapshots, at};
use crate::sandbox::Barrier;

const DROP: &str = r#"unset GIT_WORK_TREE
for id do git update-ref -d "refs/snapshots/$id"; done"#;
const COLLECT: &str = "unset GIT_WORK_TREE; git repack -adq --no-write-bitmap-index; git prune --expire=now";

/// Which snapshots stay. The newest of a workspace always does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// Those younger than so many milliseconds.
    pub age_ms: i64,
    /// So many of a workspace.
    pub number: usize,
    /// So many bytes on disk for a workspace.
    pub bytes: u64,
}

impl Default for Keep {
    /// Seven days, 100 snapshots and 4 GiB.
    fn default() -> Self {
        Self { age_ms: 7 * 24 * 3600 * 1000, number: 100, bytes: 4 << 30 }
    }
}

impl Snapshots {
    /// Drops snapshots that are too old, too many or too large, the oldest first, and returns their ids.
    ///
    /// # Errors
    /// [`SnapshotError`]; what was dropped until then stays dropped.
    pub fn prune(
        &self,
        barrier: &dyn Barrier,
        keep: &Keep,
        now_ms: i64,
    ) -> Result<Vec<String>, SnapshotError> {
        let _lock = self.lock()?;
        let mut all = self.list(None)?;
        all.sort_by(|left, right| (&left.workspace, &left.id).cmp(&(&right.workspace, &right.id)));
        let mut dropped = Vec::new();
        for snapshots in all.chunk_by(|left, right| left.workspace == right.workspace) {
            dropped.extend(self.prune_workspace(barrier, snapshots, keep, now_ms)?);
        }
        Ok(dropped)
    }

    fn prune_workspace(
        &self,
        barrier: &dyn Barrier,
        snapshots: &[Snapshot],
        keep: &Keep,
        now_ms: i64,
    ) -> Result<Vec<String>, SnapshotError> {
        let Some((newest, older)) = snapshots.split_last() else { return Ok(Vec::new()) };
        let place = self.place(&newest.workspace);
        // The workspace may be gone; git needs no more than a directory to be in.
        let git = place.git(barrier, &place.records, now_ms);
        let drop = |snapshots: &[Snapshot]| -> Result<(), SnapshotError> {
            let ids: Vec<&str> = snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
            git.run(DROP, &ids)?;
            git.run(COLLECT, &[])?;
            ids.iter().try_for_each(|id| {
                let files = [place.snapshot(id), place.details(id)];
                files.iter().try_for_each(|file| at(file, fs::remove_file(file)))
            })
        };
        let too_old =
            older.partition_point(|snapshot| snapshot.taken_at < now_ms.saturating_sub(keep.age_ms));
        let too_many = older.len().saturating_sub(keep.number.saturating_sub(1));
        let mut count = too_old.max(too_many);
        if count > 0 {
            drop(&older[..count])?;
        }
        while count < older.len() && size(&place)? > keep.bytes {
            drop(&older[count..=count])?;
            count += 1;
        }
        Ok(older[..count].iter().map(|snapshot| snapshot.id.clone()).collect())
    }
}

/// Bytes of a repository on disk.
fn size(place: &Place) -> Result<u64, SnapshotError> {
    fn below(directory: &Path) -> Result<u64, SnapshotError> {
        let mut bytes = 0;
        for entry in at(directory, fs::read_dir(directory))? {
            let entry = at(directory, entry)?;
            let metadata = at(&entry.path(), entry.metadata())?;
            bytes += if metadata.is_dir() { below(&entry.path())? } else { metadata.len() };
        }
        Ok(bytes)
    }
    below(&place.repository)
}
