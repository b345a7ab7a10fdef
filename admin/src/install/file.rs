//! Reading a configuration file and replacing it as a whole.
//!
//! A link is followed and stays a link; mode and owner stay; whoever reads sees the old file or the new one, never a
//! part.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Links that are followed before they are taken for a circle, as Linux does.
const MOST_LINKS: usize = 40;

/// Why a file cannot be read or written.
#[derive(Debug, Error)]
pub(crate) enum FileError {
    /// The system refuses.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Links lead nowhere.
    #[error("{} is a link that leads back to itself", path.display())]
    Circle {
        /// The link.
        path: PathBuf,
    },
    /// A directory, a socket, a device.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// What was found.
        path: PathBuf,
    },
    /// Its owner does not want it changed, or another tool manages it.
    #[error("{} is read-only; make it writable, or add the entry where the file is made from", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else wrote meanwhile.
    #[error("{} was changed by another program meanwhile; nothing was written, try again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Names what was being done to a path when the system refused.
pub(crate) fn io_error<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> FileError + 'p {
    move |source| FileError::Io { what, path: path.to_owned(), source }
}

/// A configuration file as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where the bytes are, behind all links.
    real: PathBuf,
    /// What is in it; `None` when there is no file yet.
    bytes: Option<Vec<u8>>,
    metadata: Option<Metadata>,
}

impl Found {
    /// Reads a file, which need not exist.
    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        let real = follow(path)?;
        let metadata = match fs::metadata(&real) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Err(FileError::NotAFile { path: real }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { real, bytes: None, metadata: None });
            }
            Err(error) => return Err(io_error("inspecting", &real)(error)),
        };
        let bytes = fs::read(&real).map_err(io_error("reading", &real))?;
        Ok(Self { real, bytes: Some(bytes), metadata: Some(metadata) })
    }

    /// What is in it; `None` when there is no file yet.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// Refuses a file that is not to be written.
    pub(crate) fn require_writable(&self) -> Result<(), FileError> {
        match &self.metadata {
            Some(metadata) if metadata.permissions().readonly() => {
                Err(FileError::ReadOnly { path: self.real.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Puts these bytes in its place, unless it has changed since it was read. Directories it needs must exist.
    pub(crate) fn replace(&self, bytes: &[u8], mode_if_new: u32) -> Result<(), FileError> {
        let at = io_error("writing", &self.real);
        let directory = self.real.parent().unwrap_or(Path::new("/"));
        let mode = self.metadata.as_ref().map_or(mode_if_new, |metadata| metadata.mode() & 0o7777);
        let write = || -> io::Result<tempfile::NamedTempFile> {
            let mut temporary = tempfile::Builder::new().prefix(".bridge-").tempfile_in(directory)?;
            temporary.write_all(bytes)?;
            if let Some(old) = &self.metadata {
                let new = temporary.as_file().metadata()?;
                if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                    chown(temporary.path(), Some(old.uid()), Some(old.gid()))?;
                }
            }
            temporary.as_file().set_permissions(Permissions::from_mode(mode))?;
            temporary.as_file().sync_all()?;
            Ok(temporary)
        };
        let temporary = match write() {
            Ok(temporary) => temporary,
            Err(error) => return Err(at(error)),
        };
        self.require_unchanged()?;
        let persisted = match self.bytes {
            Some(_) => temporary.persist(&self.real),
            None => temporary.persist_noclobber(&self.real),
        };
        match persisted {
            Ok(_) => sync_directory(directory),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FileError::Changed { path: self.real.clone() })
            }
            Err(error) => Err(at(error.error)),
        }
    }

    /// Removes it, unless it has changed since it was read.
    pub(crate) fn remove(&self) -> Result<(), FileError> {
        self.require_unchanged()?;
        fs::remove_file(&self.real).map_err(io_error("removing", &self.real))
    }

    /// Makes the directories it needs; answers those that were missing, outermost first.
    pub(crate) fn make_directories(&self) -> Result<Vec<PathBuf>, FileError> {
        make_directories(self.real.parent().unwrap_or(Path::new("/")), 0o755)
    }

    fn require_unchanged(&self) -> Result<(), FileError> {
        let now = match fs::read(&self.real) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error("reading", &self.real)(error)),
        };
        if now == self.bytes { Ok(()) } else { Err(FileError::Changed { path: self.real.clone() }) }
    }
}

/// Makes a directory and those above it; answers those that were missing, outermost first.
pub(crate) fn make_directories(directory: &Path, mode: u32) -> Result<Vec<PathBuf>, FileError> {
    let missing = directory.ancestors().take_while(|above| !above.exists());
    let mut missing: Vec<_> = missing.map(Path::to_owned).collect();
    missing.reverse();
    for directory in &missing {
        DirBuilder::new().mode(mode).create(directory).map_err(io_error("making", directory))?;
    }
    Ok(missing)
}

/// Removes directories, given outermost first, that are empty.
pub(crate) fn remove_empty(directories: &[PathBuf]) {
    for directory in directories.iter().rev() {
        if fs::remove_dir(directory).is_err() {
            break;
        }
    }
}

fn sync_directory(directory: &Path) -> Result<(), FileError> {
    let sync = || File::open(directory)?.sync_all();
    sync().map_err(io_error("writing", directory))
}

/// Where a path leads when all links at its end are followed; the last need not exist.
fn follow(path: &Path) -> Result<PathBuf, FileError> {
    let mut real = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&real) {
            Ok(metadata) if metadata.is_symlink() => {
                let target = fs::read_link(&real).map_err(io_error("following", &real))?;
                real = real.parent().unwrap_or(Path::new("/")).join(target);
            }
            Ok(_) => return Ok(real),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(real),
            Err(error) => return Err(io_error("inspecting", &real)(error)),
        }
    }
    Err(FileError::Circle { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_and_modes_stay() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("dotfiles.json"), home.path().join("a.json"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        symlink("dotfiles.json", &link).unwrap();
        Found::read(&link).unwrap().replace(b"new", 0o600).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn a_link_to_nothing_yet_gets_its_target() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("a.json");
        symlink("there.json", &link).unwrap();
        Found::read(&link).unwrap().replace(b"new", 0o600).unwrap();
        assert_eq!(fs::read(home.path().join("there.json")).unwrap(), b"new");
        let circle = home.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(matches!(Found::read(&circle), Err(FileError::Circle { .. })));
    }

    #[test]
    fn what_others_wrote_meanwhile_is_not_lost() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        let found = Found::read(&path).unwrap();
        fs::write(&path, "theirs").unwrap();
        assert!(matches!(found.replace(b"ours", 0o600), Err(FileError::Changed { .. })));
        assert!(matches!(found.remove(), Err(FileError::Changed { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn read_only_files_and_directories_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        let found = Found::read(&path).unwrap();
        assert!(matches!(found.require_writable(), Err(FileError::ReadOnly { .. })));
        assert!(matches!(Found::read(home.path()), Err(FileError::NotAFile { .. })));
    }

    #[test]
    fn directories_that_were_made_go_when_empty() {
        let home = tempfile::tempdir().unwrap();
        let made = make_directories(&home.path().join("a/b/c"), 0o755).unwrap();
        assert_eq!(made.len(), 3);
        fs::write(home.path().join("a/kept"), "").unwrap();
        remove_empty(&made);
        assert!(home.path().join("a").exists() && !home.path().join("a/b").exists());
    }
}
