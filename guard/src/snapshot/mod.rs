//! Copies of a workspace from before each run that may write: every file, tracked by anybody or not, in a bare
//! repository of our own.
//!
//! git runs in the sandbox, with the workspace read-only, and without any hook, filter, attribute or setting of the
//! workspace. Which files it takes is decided here, by a list, so that ignored files are kept too, and the files of
//! nested repositories, of which `git add` would keep no more than a name.

mod capture;
mod diff;
mod git;
mod id;
mod listing;
mod prune;
mod record;
mod restore;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use listing::Why;
pub use prune::Keep;
pub use restore::{Restored, Selection};

use git::Git;
use record::Record;

use crate::outcome::Ended;
use crate::sandbox::{Barrier, RunError};
use crate::workspace::Workspace;

/// A workspace as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Short, and sorts by time.
    pub id: String,
    /// The directory.
    pub workspace: PathBuf,
    /// UTC milliseconds.
    pub taken_at: i64,
    /// What it was taken for.
    pub label: String,
    /// Files in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is not in it, the path escaped for people, and why: the most surprising first, and not all of it.
    pub left_out: Vec<(String, Why)>,
    /// How much is not in it.
    pub left_out_total: u64,
}

/// How much a snapshot may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of a file.
    pub file: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Files.
    pub files: usize,
}

impl Default for Extent {
    /// 50 MiB a file, 2 GiB and 200,000 files in all.
    fn default() -> Self {
        Self { file: 50 << 20, total: 2 << 30, files: 200_000 }
    }
}

/// A snapshot that could not be taken, read or restored.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// No git.
    #[error(
        "snapshots need git, and there is none in /usr/bin or beside it; install git, or allow runs without snapshots"
    )]
    NoGit,
    /// No such snapshot.
    #[error("there is no snapshot {0:?}; `bridgectl yolo snapshots` lists them")]
    Unknown(String),
    /// The workspace is not where it was.
    #[error("{0} is gone or a symbolic link by now; put the directory back in its place")]
    Moved(PathBuf),
    /// A file of ours or the workspace.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// git did not do it.
    #[error("git ended with {ended:?}: {said}")]
    Git {
        /// How.
        ended: Ended,
        /// What it said.
        said: String,
    },
    /// Its protected files cannot be kept.
    #[error(transparent)]
    Protect(#[from] crate::protect::ProtectError),
    /// The sandbox did not run git.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// All snapshots.
#[derive(Debug, Clone)]
pub struct Snapshots {
    directory: PathBuf,
    extent: Extent,
}

/// Where the snapshots of one workspace are.
#[derive(Debug)]
struct Place {
    repository: PathBuf,
    records: PathBuf,
}

impl Place {
    fn git<'g>(&'g self, barrier: &'g dyn Barrier, workspace: &'g Path, now_ms: i64) -> Git<'g> {
        Git { barrier, repository: &self.repository, lists: &self.records, workspace, now_ms }
    }

    fn snapshot(&self, id: &str) -> PathBuf {
        self.records.join(format!("{id}.json"))
    }

    fn details(&self, id: &str) -> PathBuf {
        self.records.join(format!("{id}.details"))
    }

    /// The paths in the workspace that the index knows.
    fn known(&self) -> PathBuf {
        self.records.join("known")
    }
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, SnapshotError> {
    result.map_err(|source| SnapshotError::File { path: path.to_owned(), source })
}

impl Snapshots {
    /// Those below a state directory.
    ///
    /// # Errors
    /// [`SnapshotError::File`] when there can be none.
    pub fn open(state: &Path, extent: Extent) -> Result<Self, SnapshotError> {
        let directory = state.join("snapshots");
        at(&directory, DirBuilder::new().recursive(true).mode(0o700).create(&directory))?;
        Ok(Self { directory, extent })
    }

    /// The snapshots of a workspace or of all, oldest first.
    ///
    /// # Errors
    /// [`SnapshotError::File`].
    pub fn list(&self, workspace: Option<&Path>) -> Result<Vec<Snapshot>, SnapshotError> {
        let mut found = Vec::new();
        for entry in at(&self.directory, fs::read_dir(&self.directory))? {
            let path = at(&self.directory, entry)?.path();
            if path.is_dir() && path.extension().is_none() {
                found.extend(read_all(&path)?);
            }
        }
        found.retain(|snapshot| workspace.is_none_or(|workspace| snapshot.workspace == workspace));
        found.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(found)
    }

    fn place(&self, workspace: &Path) -> Place {
        let digest = Sha256::digest(workspace.as_os_str().as_encoded_bytes());
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Place { repository: self.directory.join(format!("{name}.git")), records: self.directory.join(name) }
    }

    /// One of them.
    ///
    /// # Errors
    /// [`SnapshotError::Unknown`] when there is none with this id.
    pub fn get(&self, id: &str) -> Result<Snapshot, SnapshotError> {
        let all = self.list(None)?;
        all.into_iter()
            .find(|snapshot| snapshot.id == id)
            .ok_or_else(|| SnapshotError::Unknown(id.to_owned()))
    }

    /// One whose workspace is still where it was.
    fn find(&self, id: &str) -> Result<(Place, Record), SnapshotError> {
        let unknown = || SnapshotError::Unknown(id.to_owned());
        let snapshot = self.get(id)?;
        if !Workspace::open(&snapshot.workspace).is_ok_and(|there| there.path == snapshot.workspace) {
            return Err(SnapshotError::Moved(snapshot.workspace));
        }
        let place = self.place(&snapshot.workspace);
        let details = read(&place.details(id))?.ok_or_else(unknown)?;
        Ok((place, Record { snapshot, details }))
    }

    /// Keeps everybody else from the snapshots until dropped, other processes included.
    fn lock(&self) -> Result<Flock<File>, SnapshotError> {
        let path = self.directory.join("lock");
        let file = at(&path, File::options().create(true).truncate(false).write(true).open(&path))?;
        Flock::lock(file, FlockArg::LockExclusive)
            .map_err(|(_, errno)| SnapshotError::File { path, source: errno.into() })
    }
}

fn read_all(directory: &Path) -> Result<Vec<Snapshot>, SnapshotError> {
    let mut found = Vec::new();
    for entry in at(directory, fs::read_dir(directory))? {
        let path = at(directory, entry)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            found.extend(read(&path)?);
        }
    }
    Ok(found)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SnapshotError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => {
            let value = serde_json::from_slice(&at(path, result)?).map_err(io::Error::from);
            at(path, value).map(Some)
        }
    }
}
