//! The listening socket: inherited from a service manager, or made in a directory that only we can enter.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use thiserror::Error;

use crate::store::OpenError;
use crate::store::state_dir::require_private;

/// Why there is no socket to serve.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The directory or file could not be prepared.
    #[error(transparent)]
    Unsafe(#[from] OpenError),
    /// A step failed.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Something else lives at the socket's path.
    #[error("{} exists and is not a socket; move it away or set BRIDGED_SOCKET", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else answers on the socket.
    #[error("another process already listens on {}; stop it or set BRIDGED_SOCKET", path.display())]
    InUse {
        /// The path.
        path: PathBuf,
    },
}

/// The socket and, when we made it, its file.
pub struct Listener {
    /// The listening socket.
    pub socket: UnixListener,
    /// Removes the file when the daemon ends; `None` for an inherited socket, which belongs to the service manager.
    pub file: Option<SocketFile>,
}

/// A socket file of our own, removed on drop unless another one has taken its place (a service manager's, say).
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = fs::symlink_metadata(path)?;
        Ok(Self { path: path.to_owned(), device: meta.dev(), inode: meta.ino() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|meta| (meta.dev(), meta.ino()) == (self.device, self.inode));
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the socket file could not be removed");
        }
    }
}

/// Takes the socket that the service manager passed, or binds `path`. The caller holds the state lock, so that a
/// socket file nobody answers on is a dead daemon's.
///
/// # Errors
/// [`ListenError`] naming the path.
pub fn open(path: &Path) -> Result<Listener, ListenError> {
    let failed = |action| move |source| ListenError::Io { action, path: path.to_owned(), source };
    if let Some(socket) = ListenFd::from_env().take_unix_listener(0).map_err(failed("inheriting"))? {
        socket.set_nonblocking(true).map_err(failed("configuring"))?;
        return Ok(Listener { socket, file: None });
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed("creating the directory of"))?;
    let meta = fs::symlink_metadata(directory).map_err(failed("inspecting the directory of"))?;
    require_private(directory, &meta, "chmod 700")?;
    remove_stale(path)?;
    let socket = UnixListener::bind(path).map_err(failed("binding"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed("protecting"))?;
    socket.set_nonblocking(true).map_err(failed("configuring"))?;
    let file = SocketFile::of(path).map_err(failed("inspecting"))?;
    Ok(Listener { socket, file: Some(file) })
}

fn remove_stale(path: &Path) -> Result<(), ListenError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(ListenError::Io { action: "inspecting", path: path.to_owned(), source }),
        Ok(meta) if !meta.file_type().is_socket() => {
            return Err(ListenError::NotASocket { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    if UnixStream::connect(path).is_ok() {
        return Err(ListenError::InUse { path: path.to_owned() });
    }
    fs::remove_file(path).map_err(|source| ListenError::Io {
        action: "removing",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_daemons_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run/bridged.sock");
        let first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(ListenError::InUse { .. })));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        // A killed daemon leaves its file behind.
        let Listener { socket, file } = first;
        std::mem::forget(file);
        drop(socket);
        drop(open(&path).unwrap());
        assert!(!path.exists(), "removed on an orderly end");
    }

    #[test]
    fn other_files_and_open_directories_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(directory.path().join("file"), "").unwrap();
        assert!(matches!(open(&directory.path().join("file")), Err(ListenError::NotASocket { .. })));
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(open(&directory.path().join("s")), Err(ListenError::Unsafe(_))));
    }
}
