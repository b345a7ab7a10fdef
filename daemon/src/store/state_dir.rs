//! The state directory: its mode, the exclusive lock, the master key.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use bridge_proto::paths::Paths;
use zeroize::Zeroizing;

use super::error::OpenError;
use super::open::io_error;
use crate::clock;
use crate::domain::key::{KEY_LENGTH, Keys};

/// Held for the life of the daemon: no second one can serve the same state.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Creates the state directory (0700) if needed and refuses one that others could enter.
///
/// # Errors
/// [`OpenError`] naming the path and the remedy.
pub fn prepare(directory: &Path) -> Result<(), OpenError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| io_error("creating", directory, source))?;
    let meta = fs::symlink_metadata(directory).map_err(|source| io_error("inspecting", directory, source))?;
    if meta.is_symlink() || !meta.is_dir() {
        return Err(unsafe_path(directory, "is not a directory", "move it away"));
    }
    require_private(directory, &meta, "chmod 700")
}

/// Refuses a path that another user owns or that is open to group or others.
///
/// # Errors
/// [`OpenError::Unsafe`] naming the remedy.
pub fn require_private(path: &Path, meta: &fs::Metadata, chmod: &str) -> Result<(), OpenError> {
    let me = nix::unistd::geteuid().as_raw();
    if meta.uid() != me {
        let problem = format!("belongs to uid {}, not to you (uid {me})", meta.uid());
        return Err(unsafe_path(path, &problem, &format!("sudo chown {me} '{}'", path.display())));
    }
    if meta.mode() & 0o077 != 0 {
        let problem = format!("is open to other users (mode {:o})", meta.mode() & 0o777);
        return Err(unsafe_path(path, &problem, &format!("{chmod} '{}'", path.display())));
    }
    Ok(())
}

/// Takes the exclusive lock and writes our pid into it.
///
/// # Errors
/// [`OpenError::AlreadyRunning`] with the holder's pid; never waits.
pub fn lock(paths: &Paths) -> Result<StateLock, OpenError> {
    let path = paths.lock();
    let failed = |action: &'static str| move |source: io::Error| io_error(action, &paths.lock(), source);
    let mut file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed("opening"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(failed("reading"))?;
            let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
            return Err(OpenError::AlreadyRunning { pid, state: paths.state.clone() });
        }
        Err(TryLockError::Error(source)) => return Err(io_error("locking", &path, source)),
    }
    file.set_len(0).map_err(failed("writing"))?;
    file.rewind().map_err(failed("writing"))?;
    writeln!(file, "{}", std::process::id()).map_err(failed("writing"))?;
    Ok(StateLock { _file: file })
}

/// Reads the master key, creating it on the first start (never under an existing database, whose tokens and audit trail
/// would be worth nothing under another one).
///
/// # Errors
/// [`OpenError`] when it cannot be read, is open to others, or has a wrong length.
pub fn load_or_create_keys(paths: &Paths) -> Result<Keys, OpenError> {
    let path = paths.key();
    if !path.exists() {
        if paths.database().exists() {
            let remedy = "restore it from a backup, or move the database away to begin anew";
            return Err(unsafe_path(&path, "is missing although there is a database", remedy));
        }
        create_key(&path)?;
    }
    load_keys(&path)
}

/// Reads the master key.
///
/// # Errors
/// [`OpenError`] when it cannot be read, is open to others, or has a wrong length.
pub fn load_keys(path: &Path) -> Result<Keys, OpenError> {
    let meta = fs::symlink_metadata(path).map_err(|source| io_error("reading", path, source))?;
    require_private(path, &meta, "chmod 600")?;
    let bytes = Zeroizing::new(fs::read(path).map_err(|source| io_error("reading", path, source))?);
    match <&[u8; KEY_LENGTH]>::try_from(&bytes[..]) {
        Ok(master) => Ok(Keys::derive(master)),
        Err(_) => {
            let problem = format!("holds {} bytes instead of {KEY_LENGTH}", bytes.len());
            Err(unsafe_path(
                path,
                &problem,
                "restore it from a backup; with a new key all tokens and the audit trail's proofs are lost",
            ))
        }
    }
}

/// Written beside and renamed, so that a crash leaves a whole key or none.
fn create_key(path: &Path) -> Result<(), OpenError> {
    let fresh = path.with_extension("new");
    let random: io::Result<[u8; KEY_LENGTH]> = clock::random().map_err(io::Error::other);
    let master = Zeroizing::new(random.map_err(|source| io_error("drawing a key for", path, source))?);
    let written = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| file.write_all(&*master).and_then(|()| file.sync_all()));
    written.map_err(|source| io_error("writing", &fresh, source))?;
    fs::rename(&fresh, path).map_err(|source| io_error("creating", path, source))?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    File::open(directory).and_then(|d| d.sync_all()).map_err(|source| io_error("syncing", directory, source))
}

fn unsafe_path(path: &Path, problem: &str, remedy: &str) -> OpenError {
    OpenError::Unsafe { path: path.to_owned(), problem: problem.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ConversationId, SessionLabel};
    use std::os::unix::fs::PermissionsExt as _;

    fn paths(directory: &Path) -> Paths {
        let state = directory.join("bridged");
        Paths { socket: state.join("run/bridged.sock"), config: state.join("config.toml"), state }
    }

    #[test]
    fn the_key_is_private_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(directory.path());
        prepare(&paths.state).unwrap();
        let token =
            |keys: &Keys| keys.session_token(ConversationId::from_random([0; 8]), SessionLabel::A, &[0; 16]);
        let first = token(&load_or_create_keys(&paths).unwrap());
        assert_eq!(*first, *token(&load_or_create_keys(&paths).unwrap()));
        assert_eq!(fs::metadata(paths.key()).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(paths.key(), fs::Permissions::from_mode(0o644)).unwrap();
        let error = load_or_create_keys(&paths).err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_second_lock_names_the_first_ones_pid() {
        let directory = tempfile::tempdir().unwrap();
        let paths = paths(directory.path());
        prepare(&paths.state).unwrap();
        let held = lock(&paths).unwrap();
        let error = lock(&paths).unwrap_err().to_string();
        assert!(error.contains(&format!("pid {}", std::process::id())), "{error}");
        drop(held);
        lock(&paths).unwrap();
    }

    #[test]
    fn an_open_state_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let open = directory.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(prepare(&open).unwrap_err().to_string().contains("chmod 700"));
    }
}
