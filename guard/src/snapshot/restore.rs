//! A workspace made as it was.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, MetadataExt as _, Permissions, PermissionsExt as _};

use super::capture::write_list;
use super::record::Details;
use super::{SnapshotError, Snapshots, at};
use crate::protect::{Protected, beneath};
use crate::sandbox::Barrier;

const CHANGES: &str = r#"git diff-tree -r -z --no-renames --name-status --end-of-options "refs/snapshots/$1" "refs/snapshots/$2""#;
/// git writes through no link that stands where a directory was (`create_directories` in its entry.c).
const CHECKOUT: &str = r#"export GIT_INDEX_FILE="$GIT_DIR/restore-index"
rm -f "$GIT_INDEX_FILE" "$GIT_INDEX_FILE.lock"
git read-tree "refs/snapshots/$2"
git checkout-index -q -f -z --stdin < "$1/restore"
rm -f "$GIT_INDEX_FILE""#;
/// Bytes of the names of changed files.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What is to be restored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, relative to the workspace, and what is below them. Everything when empty.
    pub paths: Vec<PathBuf>,
    /// Whether files go that were created since.
    pub exact: bool,
}

impl Selection {
    fn has(&self, path: &Path) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|selected| path.starts_with(selected))
    }
}

/// What was restored. Paths are relative to the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot that was taken before: restoring it undoes this.
    pub undo: String,
    /// What is as it was again.
    pub restored: Vec<PathBuf>,
    /// What was created since and is gone.
    pub deleted: Vec<PathBuf>,
    /// What was left alone, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
}

impl Snapshots {
    /// Makes files as they were in a snapshot, after taking another one at `now_ms`. Deletes nothing that was created
    /// since unless asked to, and never what the snapshot before does not hold. What is protected stays as it is.
    ///
    /// # Errors
    /// [`SnapshotError`]. Once the first snapshot is taken, a part may be restored already.
    pub fn restore(
        &self,
        barrier: &dyn Barrier,
        id: &str,
        selection: &Selection,
        now_ms: i64,
    ) -> Result<Restored, SnapshotError> {
        let _lock = self.lock()?;
        let (place, record) = self.find(id)?;
        let workspace = record.snapshot.workspace.as_path();
        let protected = Protected::record(workspace)?;
        let (now, listing) =
            self.take_locked(barrier, workspace, &format!("before restoring {id}"), now_ms)?;
        let git = place.git(barrier, workspace, now_ms);
        let raw = git.print(CHANGES, &[id, &now.snapshot.id], MOST_BYTES)?;
        let changes = read_changes(&[raw.stdout.head, raw.stdout.tail].concat());
        let mut work = Work {
            root: at(workspace, beneath::open(workspace))?,
            kept: listing.kept.iter().map(PathBuf::as_path).collect(),
            protected: &protected,
            details: &record.details,
            selection,
            report: Restored {
                undo: now.snapshot.id.clone(),
                restored: Vec::new(),
                deleted: Vec::new(),
                skipped: Vec::new(),
            },
        };
        if selection.exact {
            work.delete_created(&changes);
        }
        work.choose(&changes);
        let list = work.report.restored.iter().map(|path| path.as_os_str().as_bytes());
        write_list(&place.records.join("restore"), list)?;
        git.write(CHECKOUT, &[&place.records.to_string_lossy(), id], protected.paths())?;
        at(workspace, work.directories_and_modes())?;
        Ok(work.report)
    }
}

/// A path, and whether it is new since the snapshot.
type Change = (PathBuf, bool);

/// Reads `--name-status -z`: a letter and a path by turns. It comes out of the sandbox, so any path is possible.
fn read_changes(bytes: &[u8]) -> Vec<Change> {
    let mut fields = bytes.split(|&byte| byte == 0);
    let mut changes = Vec::new();
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let path = PathBuf::from(OsStr::from_bytes(path));
        if path.components().all(|component| matches!(component, Component::Normal(_))) {
            changes.push((path, status == b"A"));
        }
    }
    changes
}

struct Work<'w> {
    root: Dir,
    /// What the snapshot before holds.
    kept: HashSet<&'w Path>,
    protected: &'w Protected,
    details: &'w Details,
    selection: &'w Selection,
    report: Restored,
}

impl Work<'_> {
    fn delete_created(&mut self, changes: &[Change]) {
        let created = changes.iter().filter(|(path, is_new)| *is_new && self.selection.has(path));
        for (path, _) in created {
            let reason = if self.protected.covers(path) {
                Some("it is protected")
            } else if self.details.lacks(path) {
                Some("it was not in the snapshot, but may have been there")
            } else {
                None
            };
            let removed = || beneath::parent(&self.root, path).and_then(|(dir, name)| dir.remove_file(name));
            match reason {
                Some(reason) => self.report.skipped.push((path.clone(), reason)),
                None if removed().is_ok() => self.report.deleted.push(path.clone()),
                None => self.report.skipped.push((path.clone(), "it could not be deleted")),
            }
        }
        self.remove_empty_parents();
    }

    /// Removes the directories that only deleted files were in.
    fn remove_empty_parents(&self) {
        let wanted: HashSet<&Path> = self.details.directories.iter().map(|path| path.0.as_path()).collect();
        let ancestors = self.report.deleted.iter().flat_map(|path| path.ancestors().skip(1));
        let directories: BTreeSet<&Path> = ancestors.filter(|path| !path.as_os_str().is_empty()).collect();
        // The innermost first.
        for directory in directories.into_iter().rev().filter(|directory| !wanted.contains(directory)) {
            // One that is not empty stays, which is meant.
            let _not_empty =
                beneath::parent(&self.root, directory).and_then(|(dir, name)| dir.remove_dir(name));
        }
    }

    fn choose(&mut self, changes: &[Change]) {
        for (path, _) in changes.iter().filter(|(path, is_new)| !is_new && self.selection.has(path)) {
            let obstacle =
                if self.protected.covers(path) { Some("it is protected") } else { self.obstacle(path) };
            match obstacle {
                Some(reason) => self.report.skipped.push((path.clone(), reason)),
                None => self.report.restored.push(path.clone()),
            }
        }
    }

    /// What would be lost if a path were written.
    fn obstacle(&self, path: &Path) -> Option<&'static str> {
        let mut dir = self.root.try_clone().ok()?;
        let mut names = path.components().peekable();
        while let Some(name) = names.next() {
            let Ok(there) = dir.symlink_metadata(name) else { return None };
            match (names.peek().is_some(), there.is_dir()) {
                (true, true) => dir = dir.open_dir_nofollow(name.as_os_str()).ok()?,
                (true, false) => return Some("something that is no directory is in its way"),
                (false, true) => return Some("a directory is in its way"),
                (false, false) if !self.kept.contains(path) => {
                    return Some("what is in its place now is in no snapshot");
                }
                (false, false) => {}
            }
        }
        None
    }

    /// What git does not know about.
    fn directories_and_modes(&self) -> io::Result<()> {
        let selected = |path: &&Path| self.selection.has(path) && !self.protected.covers(path);
        for directory in self.details.directories.iter().map(|path| path.0.as_path()).filter(selected) {
            self.create_directories(directory)?;
        }
        let modes = self.details.modes();
        for path in &self.report.restored {
            let (dir, name) = beneath::parent(&self.root, path)?;
            let there = dir.symlink_metadata(name)?;
            let usual = if there.mode() & 0o100 == 0 { 0o644 } else { 0o755 };
            if there.is_file() {
                let mode = modes.get(path.as_path()).copied().unwrap_or(usual);
                dir.set_permissions(name, Permissions::from_mode(mode))?;
            }
        }
        for (path, mode) in modes.into_iter().filter(|(path, _)| selected(path)) {
            let Ok((dir, name)) = beneath::parent(&self.root, path) else { continue };
            if dir.symlink_metadata(name).is_ok_and(|there| there.is_dir()) {
                dir.set_permissions(name, Permissions::from_mode(mode))?;
            }
        }
        Ok(())
    }

    /// Creates a directory and those above it, unless something else is there.
    fn create_directories(&self, path: &Path) -> io::Result<()> {
        let mut dir = self.root.try_clone()?;
        for name in path {
            match dir.create_dir(name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            match dir.open_dir_nofollow(name) {
                Ok(inner) => dir = inner,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }
}
