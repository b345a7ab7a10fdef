//! What a workspace has that is protected.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, FileType, MetadataExt as _, Permissions, PermissionsExt as _};

use super::beneath;
use super::table::{self, Role};

/// Directories within one another that are looked into. An open handle each.
pub(super) const MOST_DEPTH: usize = 128;
/// Bytes of protected files that are kept in memory while a command runs.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What tells a directory from another one at the same path.
pub(super) type Identity = (u64, u64);

/// Something protected. Paths are relative to the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) role: Role,
    /// Whether it is protected for its own name and not for lying in something that is.
    pub(super) root: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Directory {
        mode: u32,
    },
    File {
        content: Vec<u8>,
        mode: u32,
        links: u64,
    },
    Link(PathBuf),
    /// Not readable, too long, or no file at all.
    Opaque(Identity),
}

#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) items: BTreeMap<PathBuf, Item>,
    /// Every directory of git.
    pub(super) git: BTreeMap<PathBuf, Identity>,
    /// Directories that could not be looked into.
    pub(super) closed: BTreeSet<PathBuf>,
    /// Bytes of all protected files.
    pub(super) bytes: u64,
    /// Bytes of those that are kept.
    kept: u64,
}

/// What a directory is, for what lies in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Ordinary,
    GitInfo,
    Protected(Role),
}

impl Scan {
    /// Walks the whole tree. Directories that the owner has locked are unlocked when `unlock` says so for their path.
    pub(super) fn of(root: &Dir, unlock: impl Fn(&Path) -> bool) -> io::Result<Self> {
        let mut walk = Walk { scan: Self::default(), unlock };
        walk.directory(root, entries(root)?, Path::new(""), Place::Ordinary, 0)?;
        Ok(walk.scan)
    }
}

struct Walk<U> {
    scan: Scan,
    unlock: U,
}

impl<U: Fn(&Path) -> bool> Walk<U> {
    fn directory(
        &mut self,
        dir: &Dir,
        entries: Vec<Entry>,
        path: &Path,
        place: Place,
        depth: usize,
    ) -> io::Result<()> {
        if depth > MOST_DEPTH {
            self.scan.closed.insert(path.to_owned());
            return Ok(());
        }
        let own_name = path.file_name().unwrap_or_default();
        let is_named = table::is(own_name, ".git");
        let looks_like_git = || table::looks_like_git(entries.iter().map(|(name, _)| name.as_os_str()));
        let is_git = !matches!(place, Place::Protected(_)) && (is_named || looks_like_git());
        if is_git {
            let metadata = dir.dir_metadata()?;
            self.scan.git.insert(path.to_owned(), (metadata.dev(), metadata.ino()));
        }
        for (name, is_directory) in entries {
            if is_git && is_named && is_directory && table::is_data(&name) {
                continue;
            }
            let role = role(place, is_git, own_name, &name, is_directory);
            let inner = if is_git && table::is(&name, "info") { Place::GitInfo } else { Place::Ordinary };
            let below = || path.join(&name);
            if let Some(role) = role {
                let root = !matches!(place, Place::Protected(_));
                let kind = self.kind(dir, &name)?;
                self.scan.items.insert(below(), Item { kind, role, root });
            }
            if is_directory {
                self.enter(dir, &name, &below(), role.map_or(inner, Place::Protected), depth)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, dir: &Dir, name: &OsStr, path: &Path, place: Place, depth: usize) -> io::Result<()> {
        match self.listed(dir, name, path) {
            Ok((inner, entries)) => self.directory(&inner, entries, path, place, depth + 1),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.scan.closed.insert(path.to_owned());
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn listed(&self, dir: &Dir, name: &OsStr, path: &Path) -> io::Result<(Dir, Vec<Entry>)> {
        let open =
            || dir.open_dir_nofollow(name).and_then(|inner| entries(&inner).map(|entries| (inner, entries)));
        match open() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && (self.unlock)(path) => {
                dir.set_permissions(name, Permissions::from_mode(0o700))?;
                open()
            }
            result => result,
        }
    }

    fn kind(&mut self, dir: &Dir, name: &OsStr) -> io::Result<Kind> {
        let metadata = dir.symlink_metadata(name)?;
        let mode = metadata.mode() & 0o7777;
        if metadata.is_dir() {
            return Ok(Kind::Directory { mode });
        }
        if metadata.is_symlink() {
            return Ok(Kind::Link(dir.read_link_contents(name)?));
        }
        let opaque = Kind::Opaque((metadata.dev(), metadata.ino()));
        self.scan.bytes = self.scan.bytes.saturating_add(metadata.len());
        let kept = self.scan.kept.saturating_add(metadata.len());
        if !metadata.is_file() || kept > MOST_BYTES {
            return Ok(opaque);
        }
        self.scan.kept = kept;
        let Ok(file) = beneath::open_file(dir, name) else { return Ok(opaque) };
        let mut content = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut content)?;
        Ok(Kind::File { content, mode, links: metadata.nlink() })
    }
}

/// Why something is protected, if it is. What looks like a directory of git may be any directory as well.
fn role(place: Place, is_git: bool, directory: &OsStr, name: &OsStr, is_directory: bool) -> Option<Role> {
    match place {
        Place::Protected(_) if is_directory && table::is_free(directory, name) => None,
        Place::Protected(role) => Some(role),
        Place::GitInfo if table::is(name, "attributes") => Some(Role::Attributes),
        Place::GitInfo | Place::Ordinary => {
            let in_git = if is_git { table::in_git(name) } else { None };
            let pointer = (table::is(name, ".git") && !is_directory).then_some(Role::Pointer);
            in_git.or(pointer).or_else(|| table::in_directory(directory, name))
        }
    }
}

/// A name in a directory, and whether it is a directory itself.
type Entry = (OsString, bool);

fn entries(dir: &Dir) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in dir.entries()? {
        let entry = entry?;
        let kind = entry.file_type()?;
        // Some file systems only tell when asked for each.
        let is_directory =
            if kind == FileType::unknown() { entry.metadata()?.is_dir() } else { kind.is_dir() };
        found.push((entry.file_name(), is_directory));
    }
    Ok(found)
}
