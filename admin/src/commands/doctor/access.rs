//! Who may touch the files of the bridge: nobody but their owner.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::place::Place;
use super::repair::Repair;

/// Bytes of a socket's path that the system takes (unix(7)), the closing zero not counted; macOS takes 103.
const SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let paths = &place.paths;
    let mut findings = directory(&paths.state, "the state directory");
    if paths.socket_dir() != paths.state {
        findings.extend(directory(paths.socket_dir(), "the directory of the socket"));
    }
    let database = paths.database();
    let files = [
        database.with_extension("db-wal"),
        database.with_extension("db-shm"),
        database,
        paths.key(),
        paths.seal(),
        paths.anchors(),
        paths.lock(),
        paths.start_lock(),
        paths.log(),
        paths.socket.clone(),
    ];
    findings.extend(files.into_iter().filter_map(file));
    let length = paths.socket.as_os_str().len();
    if length > SOCKET_PATH {
        findings.push(Finding::wrong(
            format!("the socket's path has {length} bytes, the system takes {SOCKET_PATH}"),
            "set BRIDGED_SOCKET to a shorter path, for the daemon and for every agent",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(format!("{} and what is in it are yours alone", paths.state.display())));
    }
    findings
}

fn directory(path: &Path, what: &str) -> Vec<Finding> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        let text = format!("{what} {} is missing", path.display());
        let remedy = format!("the first daemon makes it; or mkdir -p -m 700 '{}'", path.display());
        return vec![Finding::note(text, remedy).with(Repair::Directory(path.to_owned()))];
    };
    if meta.is_symlink() || !meta.is_dir() {
        let text = format!("{what} {} is not a directory", path.display());
        return vec![Finding::wrong(text, format!("move '{}' away", path.display()))];
    }
    private(path, &meta, 0o700).into_iter().collect()
}

fn file(path: PathBuf) -> Option<Finding> {
    let meta = fs::symlink_metadata(&path).ok()?;
    if meta.is_dir() || meta.is_symlink() {
        let text = format!("{} is not a file", path.display());
        return Some(Finding::wrong(text, format!("move '{}' away", path.display())));
    }
    private(&path, &meta, 0o600)
}

fn private(path: &Path, meta: &fs::Metadata, mode: u32) -> Option<Finding> {
    let (me, owner) = (nix::unistd::geteuid().as_raw(), meta.uid());
    if owner != me {
        let text = format!("{} belongs to uid {owner}, not to you (uid {me})", path.display());
        return Some(Finding::wrong(text, format!("sudo chown {me} '{}'", path.display())));
    }
    let found = meta.mode() & 0o777;
    if found & 0o077 != 0 {
        let text = format!("{} is open to other users (mode {found:o})", path.display());
        let remedy = format!("chmod {mode:o} '{}'", path.display());
        return Some(Finding::wrong(text, remedy).with(Repair::Mode { path: path.to_owned(), mode }));
    }
    if found & mode != mode {
        let text = format!("{} is closed to you, too (mode {found:o})", path.display());
        let remedy = format!("chmod {mode:o} '{}'", path.display());
        return Some(Finding::wrong(text, remedy).with(Repair::Mode { path: path.to_owned(), mode }));
    }
    None
}
