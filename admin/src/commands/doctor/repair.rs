//! What `--fix` may do: modes, directories, and what a dead daemon left behind. Nothing that holds data is touched.

use std::fmt;
use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::failure::Failure;

/// Something that can be mended without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repair {
    /// Take access away from others.
    Mode {
        /// A file or directory of ours.
        path: PathBuf,
        /// Its mode from now on.
        mode: u32,
    },
    /// Make a directory that only we can enter.
    Directory(PathBuf),
    /// Remove the socket of a dead daemon.
    StaleSocket {
        /// The socket.
        socket: PathBuf,
        /// The lock that a living daemon would hold.
        lock: PathBuf,
    },
    /// Remove a file that nothing reads any more.
    Leftover(PathBuf),
}

impl Repair {
    /// Does it.
    pub(super) fn apply(&self) -> Result<(), Failure> {
        let (path, done) = match self {
            Self::Mode { path, mode } => {
                let meta = fs::symlink_metadata(path);
                let done = meta.and_then(|meta| match meta.is_symlink() {
                    true => Err(io::Error::other("it has become a symbolic link")),
                    false => fs::set_permissions(path, Permissions::from_mode(*mode)),
                });
                (path, done)
            }
            Self::Directory(path) => (path, DirBuilder::new().recursive(true).mode(0o700).create(path)),
            Self::StaleSocket { socket, lock } => (socket, remove_stale(socket, lock)),
            Self::Leftover(path) => (path, fs::remove_file(path)),
        };
        done.map_err(|error| Failure::failed(format_args!("mending {}", path.display()), error))
    }
}

/// Holds the daemon's lock meanwhile, so that no daemon that starts now loses its fresh socket.
fn remove_stale(socket: &PathBuf, lock: &PathBuf) -> io::Result<()> {
    let held = match File::open(lock) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(file) = &held {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("a daemon has started meanwhile")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    if !fs::symlink_metadata(socket)?.file_type().is_socket() || UnixStream::connect(socket).is_ok() {
        return Err(io::Error::other("it is in use now"));
    }
    fs::remove_file(socket)
}

impl fmt::Display for Repair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode { path, mode } => write!(formatter, "{}: mode {mode:o}", path.display()),
            Self::Directory(path) => write!(formatter, "{}: created", path.display()),
            Self::StaleSocket { socket: path, .. } | Self::Leftover(path) => {
                write!(formatter, "{}: removed", path.display())
            }
        }
    }
}
