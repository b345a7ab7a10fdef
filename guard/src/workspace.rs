//! The one directory that a command is about.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A directory, named so that nothing else can be put in its place unnoticed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Workspace {
    /// Its real path, free of symbolic links.
    pub path: PathBuf,
    /// The device it is on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
}

/// A directory that cannot be a workspace.
#[derive(Debug, Error)]
pub enum WorkspaceError {
    /// It is not there or cannot be looked at.
    #[error("the workspace {path} cannot be used: {source}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("the workspace {path} is not a directory")]
    NotADirectory {
        /// Which.
        path: PathBuf,
    },
    /// Its path is no text.
    #[error("the path of the workspace {path:?} is not valid UTF-8")]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// Giving it away would give everything away.
    #[error("{path} is too much to be a workspace: it is or holds {holds}; name the project's own directory")]
    TooMuch {
        /// Which.
        path: PathBuf,
        /// What it must not hold.
        holds: PathBuf,
    },
    /// Nothing there is a project's.
    #[error("{path} cannot be a workspace, since it lies in {kept}; name the project's own directory")]
    Within {
        /// Which.
        path: PathBuf,
        /// What it lies in.
        kept: PathBuf,
    },
    /// It is another directory than the one that was approved.
    #[error("{path} is no longer the directory that was approved; ask for a new approval")]
    Replaced {
        /// Which.
        path: PathBuf,
    },
}

impl Workspace {
    /// Resolves a directory.
    ///
    /// # Errors
    /// [`WorkspaceError`] when there is no such directory.
    pub fn open(path: &Path) -> Result<Self, WorkspaceError> {
        let unusable = |source| WorkspaceError::Unusable { path: path.to_owned(), source };
        let real = path.canonicalize().map_err(unusable)?;
        let metadata = real.metadata().map_err(unusable)?;
        if !metadata.is_dir() {
            return Err(WorkspaceError::NotADirectory { path: real });
        }
        if real.to_str().is_none() {
            return Err(WorkspaceError::NotText { path: real });
        }
        Ok(Self { path: real, device: metadata.dev(), inode: metadata.ino() })
    }

    /// Refuses a workspace that is, or lies above, something that no command may touch (the root, a home directory, the
    /// bridge's own files).
    ///
    /// # Errors
    /// [`WorkspaceError::TooMuch`] naming what it holds.
    pub fn refuse_holding<'p>(&self, kept: impl IntoIterator<Item = &'p Path>) -> Result<(), WorkspaceError> {
        for holds in kept {
            let real = holds.canonicalize();
            if holds.starts_with(&self.path) || real.is_ok_and(|real| real.starts_with(&self.path)) {
                return Err(WorkspaceError::TooMuch { path: self.path.clone(), holds: holds.to_owned() });
            }
        }
        Ok(())
    }

    /// Refuses a workspace that lies in something that no command may touch (the system's directories, keys of the user).
    ///
    /// # Errors
    /// [`WorkspaceError::Within`] naming what it lies in.
    pub fn refuse_within<'p>(&self, kept: impl IntoIterator<Item = &'p Path>) -> Result<(), WorkspaceError> {
        for kept in kept {
            let real = kept.canonicalize();
            if self.path.starts_with(kept) || real.is_ok_and(|real| self.path.starts_with(real)) {
                return Err(WorkspaceError::Within { path: self.path.clone(), kept: kept.to_owned() });
            }
        }
        Ok(())
    }

    /// Refuses when the path names another directory by now.
    ///
    /// # Errors
    /// [`WorkspaceError`] when it is gone or another one.
    pub fn check_unchanged(&self) -> Result<(), WorkspaceError> {
        if Self::open(&self.path)? == *self {
            Ok(())
        } else {
            Err(WorkspaceError::Replaced { path: self.path.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_put_in_its_place_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let (path, moved) = (parent.path().join("w"), parent.path().join("moved"));
        std::fs::create_dir(&path).unwrap();
        let workspace = Workspace::open(&path).unwrap();
        workspace.check_unchanged().unwrap();
        std::fs::rename(&path, &moved).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(workspace.check_unchanged(), Err(WorkspaceError::Replaced { .. })));
        std::fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink(&moved, &path).unwrap();
        assert!(matches!(workspace.check_unchanged(), Err(WorkspaceError::Replaced { .. })));
    }

    #[test]
    fn what_lies_above_kept_things_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let state = parent.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let above = Workspace::open(parent.path()).unwrap();
        assert!(matches!(above.refuse_holding([state.as_path()]), Err(WorkspaceError::TooMuch { .. })));
        let beside = tempfile::tempdir().unwrap();
        Workspace::open(beside.path()).unwrap().refuse_holding([state.as_path()]).unwrap();
    }

    #[test]
    fn what_lies_in_kept_things_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let [kept, link] = ["kept", "link"].map(|name| parent.path().join(name));
        std::fs::create_dir_all(kept.join("project")).unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        let within = Workspace::open(&link.join("project")).unwrap();
        for name in [&kept, &link] {
            assert!(matches!(within.refuse_within([name.as_path()]), Err(WorkspaceError::Within { .. })));
        }
        within.refuse_within([parent.path().join("other").as_path()]).unwrap();
    }
}
