//! Taking a snapshot.

use std::collections::HashSet;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::git::{ATTRIBUTES, Git};
use super::listing::{Listing, Why};
use super::record::{AnyPath, Details, Record};
use super::{Place, Snapshot, SnapshotError, Snapshots, at, id};
use crate::sandbox::Barrier;
use crate::workspace::Workspace;

/// Paths that are named in a list of snapshots.
const MOST_LEFT_OUT: usize = 100;
/// A bare repository as gitrepository-layout(5) has it, `HEAD` last: it says that all is there. Written here and not by
/// `git init`, which changes modes of files by their paths, and one of the tiers cannot allow that.
const REPOSITORY: [(&str, &str); 3] = [
    ("config", "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"),
    ("info/attributes", ATTRIBUTES),
    ("HEAD", "ref: refs/heads/main\n"),
];
const DIRECTORIES: [&str; 3] = ["objects", "refs", "info"];
/// The index is kept, so that only files that changed are read; a lock on it was left by a git that was killed. Each path
/// is added by its name, unless it is gone by now: git takes files of nested repositories this way, and asks no ignore rule.
const INDEX: &str = r#"rm -f "$GIT_INDEX_FILE.lock"
if [ "$2" = fresh ]; then rm -f "$GIT_INDEX_FILE"; fi
git update-index -z --force-remove --stdin < "$1/gone"
git update-index -z --add --remove --replace --stdin < "$1/kept"
git write-tree"#;
const COMMIT: &str = r#"git update-ref "refs/snapshots/$2" "$(git commit-tree -m "$2" "$1")""#;

impl Snapshots {
    /// Takes one of a workspace, at `now_ms` (UTC milliseconds).
    ///
    /// # Errors
    /// [`SnapshotError`]; then there is none.
    pub fn take(
        &self,
        barrier: &dyn Barrier,
        workspace: &Workspace,
        label: &str,
        now_ms: i64,
    ) -> Result<Snapshot, SnapshotError> {
        let _lock = self.lock()?;
        self.take_locked(barrier, &workspace.path, label, now_ms).map(|(record, _)| record.snapshot)
    }

    pub(super) fn take_locked(
        &self,
        barrier: &dyn Barrier,
        workspace: &Path,
        label: &str,
        now_ms: i64,
    ) -> Result<(Record, Listing), SnapshotError> {
        let place = self.place(workspace);
        let git = place.git(barrier, workspace, now_ms);
        let id = self.free_id(now_ms)?;
        let (tree, listing) = self.index(&place, &git)?;
        git.run(COMMIT, &[&tree, &id])?;
        let snapshot = Snapshot {
            id,
            workspace: workspace.to_owned(),
            taken_at: now_ms,
            label: label.to_owned(),
            files: listing.kept.len() as u64,
            bytes: listing.bytes,
            left_out: left_out(&listing),
            left_out_total: listing.left_out.len() as u64,
        };
        let details = Details {
            directories: listing.empty_directories.clone(),
            modes: listing.modes.clone(),
            absent: listing.left_out.iter().map(|(path, _)| AnyPath(path.clone())).collect(),
        };
        // A snapshot is one that is listed, so that comes last.
        write_whole(&place.details(&snapshot.id), &details)?;
        write_whole(&place.snapshot(&snapshot.id), &snapshot)?;
        let record = Record { snapshot, details };
        Ok((record, listing))
    }

    /// Brings the index in line with the workspace and returns its tree.
    pub(super) fn index(&self, place: &Place, git: &Git<'_>) -> Result<(String, Listing), SnapshotError> {
        if !Git::is_installed() {
            return Err(SnapshotError::NoGit);
        }
        prepare(place)?;
        let listing = at(git.workspace, Listing::of(git.workspace, &self.extent))?;
        let known = place.known();
        let before = match fs::read(&known) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            result => at(&known, result)?,
        };
        let kept: HashSet<&[u8]> = listing.kept.iter().map(|path| path.as_os_str().as_bytes()).collect();
        let gone = before.split(|&byte| byte == 0).filter(|path| !path.is_empty() && !kept.contains(path));
        write_list(&place.records.join("gone"), gone)?;
        let list = listing.kept.iter().map(|path| path.as_os_str().as_bytes());
        write_list(&place.records.join("kept"), list.clone())?;
        let freshness = if known.exists() { "kept" } else { "fresh" };
        // Until the index is in line again, nobody knows what is in it.
        remove(&known)?;
        let tree = git.run(INDEX, &[&place.records.to_string_lossy(), freshness])?;
        write_list(&known, list)?;
        Ok((tree, listing))
    }

    fn free_id(&self, now_ms: i64) -> Result<String, SnapshotError> {
        let taken: HashSet<String> = self.list(None)?.into_iter().map(|snapshot| snapshot.id).collect();
        let free = (now_ms..).map(id::at).find(|id| !taken.contains(id));
        Ok(free.unwrap_or_default())
    }
}

/// What a person would miss first.
fn left_out(listing: &Listing) -> Vec<(String, Why)> {
    let mut all: Vec<&(PathBuf, Why)> = listing.left_out.iter().collect();
    all.sort_by_key(|(path, why)| (matches!(why, Why::Git | Why::Regenerated), path));
    all.into_iter().take(MOST_LEFT_OUT).map(|(path, why)| (format!("{path:?}"), *why)).collect()
}

/// Makes the repository if there is none.
fn prepare(place: &Place) -> Result<(), SnapshotError> {
    let private =
        |directory: &Path| at(directory, DirBuilder::new().recursive(true).mode(0o700).create(directory));
    private(&place.repository)?;
    private(&place.records)?;
    if place.repository.join("HEAD").exists() {
        return Ok(());
    }
    for name in DIRECTORIES {
        private(&place.repository.join(name))?;
    }
    for (name, content) in REPOSITORY {
        let path = place.repository.join(name);
        at(&path, fs::write(&path, content))?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => at(path, Err(error)),
        _ => Ok(()),
    }
}

/// A list of paths as git reads it: a zero byte after each.
pub(super) fn write_list<'p>(path: &Path, list: impl Iterator<Item = &'p [u8]>) -> Result<(), SnapshotError> {
    let mut bytes = Vec::new();
    for entry in list {
        bytes.extend_from_slice(entry);
        bytes.push(0);
    }
    at(path, fs::write(path, bytes))
}

/// Writes a file so that it is there as a whole or not at all.
fn write_whole(path: &Path, value: &impl Serialize) -> Result<(), SnapshotError> {
    let json = at(path, serde_json::to_vec(value).map_err(io::Error::from))?;
    let partial = path.with_extension("partial");
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&partial)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    at(path, write())
}
