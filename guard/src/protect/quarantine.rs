//! Where things go that must not stay: out of reach, but not lost.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::beneath;

/// A directory per run, made when the first thing goes there: `quarantine/<time>-<number>` below the state directory,
/// for its owner only.
#[derive(Debug)]
pub struct Quarantine {
    parent: PathBuf,
    time: String,
    place: Option<(PathBuf, Dir)>,
    taken: u32,
}

impl Quarantine {
    /// One for a run at `now_ms` (UTC milliseconds).
    #[must_use]
    pub fn below(state: &Path, now_ms: i64) -> Self {
        let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let time = time.strftime("%Y%m%dT%H%M%SZ").to_string();
        Self { parent: state.join("quarantine"), time, place: None, taken: 0 }
    }

    /// Moves something here and says where it is now.
    pub(super) fn take(&mut self, dir: &Dir, name: &OsStr) -> io::Result<PathBuf> {
        self.taken += 1;
        let number = self.taken;
        let (path, place) = self.place()?;
        let mut new_name = std::ffi::OsString::from(format!("{number}-"));
        new_name.push(name);
        beneath::make_writable(dir)?;
        if dir.symlink_metadata(name)?.is_dir() {
            // It is given another parent, which changes it.
            beneath::make_writable(&dir.open_dir_nofollow(name).or_else(|_| unlocked(dir, name))?)?;
        }
        match dir.rename(name, place, &new_name) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                copy(dir, name, place, &new_name)?;
                remove(dir, name)?;
            }
            result => result?,
        }
        Ok(path.join(new_name))
    }

    fn place(&mut self) -> io::Result<(&Path, &Dir)> {
        if self.place.is_none() {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.parent)?;
            let path = self.create_numbered()?;
            let dir = beneath::open(&path)?;
            self.place = Some((path, dir));
        }
        match &self.place {
            Some((path, dir)) => Ok((path, dir)),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn create_numbered(&self) -> io::Result<PathBuf> {
        let mut number = 1_u32;
        loop {
            let path = self.parent.join(format!("{}-{number}", self.time));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                result => return result.map(|()| path),
            }
        }
    }
}

fn unlocked(dir: &Dir, name: &OsStr) -> io::Result<Dir> {
    dir.set_permissions(name, Permissions::from_mode(0o700))?;
    dir.open_dir_nofollow(name)
}

/// Copies files, links and directories to another file system. Sockets, pipes and devices are nothing to keep.
fn copy(from: &Dir, name: &OsStr, to: &Dir, new_name: &OsStr) -> io::Result<()> {
    let metadata = from.symlink_metadata(name)?;
    if metadata.is_dir() {
        from.set_permissions(name, Permissions::from_mode(0o700))?;
        to.create_dir(new_name)?;
        let (inner, new_inner) = (from.open_dir_nofollow(name)?, to.open_dir_nofollow(new_name)?);
        for entry in inner.entries()? {
            let name = entry?.file_name();
            copy(&inner, &name, &new_inner, &name)?;
        }
    } else if metadata.is_symlink() {
        to.symlink_contents(from.read_link_contents(name)?, new_name)?;
    } else if metadata.is_file() {
        from.set_permissions(name, Permissions::from_mode(0o600))?;
        io::copy(&mut beneath::open_file(from, name)?, &mut beneath::create_file(to, new_name)?)?;
    }
    Ok(())
}

fn remove(dir: &Dir, name: &OsStr) -> io::Result<()> {
    if dir.symlink_metadata(name)?.is_dir() { dir.remove_dir_all(name) } else { dir.remove_file(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copying_keeps_links_as_links() {
        let [from, to] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let tree = from.path().join("tree");
        std::fs::create_dir_all(tree.join("inner")).unwrap();
        std::fs::write(tree.join("inner/file"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", tree.join("link")).unwrap();
        nix::unistd::mkfifo(&tree.join("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        let (from_dir, to_dir) = (beneath::open(from.path()).unwrap(), beneath::open(to.path()).unwrap());
        copy(&from_dir, OsStr::new("tree"), &to_dir, OsStr::new("copy")).unwrap();
        remove(&from_dir, OsStr::new("tree")).unwrap();
        let copied = to.path().join("copy");
        assert_eq!(std::fs::read(copied.join("inner/file")).unwrap(), b"x");
        assert_eq!(std::fs::read_link(copied.join("link")).unwrap(), Path::new("/etc/passwd"));
        assert!(!copied.join("pipe").exists() && !tree.exists());
    }
}
