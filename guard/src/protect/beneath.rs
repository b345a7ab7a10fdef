//! Access to what lies in a directory, never through a symbolic link.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, MetadataExt as _, OpenOptions, Permissions, PermissionsExt as _};

/// Opens a directory by its real path.
pub(crate) fn open(path: &Path) -> io::Result<Dir> {
    Dir::open_ambient_dir(path, ambient_authority())
}

/// The directory that something lies in, every step of the way a real directory, and its name there.
pub(crate) fn parent<'p>(root: &Dir, path: &'p Path) -> io::Result<(Dir, &'p OsStr)> {
    let mut components: Vec<&OsStr> = path.components().map(normal).collect::<io::Result<_>>()?;
    let name = components.pop().ok_or(io::ErrorKind::InvalidInput)?;
    let mut directory = root.try_clone()?;
    for component in components {
        directory = directory.open_dir_nofollow(component)?;
    }
    Ok((directory, name))
}

fn normal(component: Component<'_>) -> io::Result<&OsStr> {
    match component {
        Component::Normal(name) => Ok(name),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Gives the owner back the right to change a directory.
pub(crate) fn make_writable(directory: &Dir) -> io::Result<()> {
    let mode = directory.dir_metadata()?.mode() & 0o7777;
    if mode & 0o700 == 0o700 {
        return Ok(());
    }
    directory.set_permissions(".", Permissions::from_mode(mode | 0o700))
}

/// Opens a file, but no link to one.
pub(crate) fn open_file(directory: &Dir, name: &OsStr) -> io::Result<File> {
    directory.open_with(name, OpenOptions::new().read(true).follow(FollowSymlinks::No))
}

/// Creates a file that is not there yet.
pub(crate) fn create_file(directory: &Dir, name: &OsStr) -> io::Result<File> {
    directory.open_with(name, OpenOptions::new().write(true).create_new(true).follow(FollowSymlinks::No))
}
