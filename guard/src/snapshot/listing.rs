//! Which files of a workspace a snapshot keeps.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Metadata, MetadataExt as _};
use serde::{Deserialize, Serialize};

use super::Extent;
use super::record::AnyPath;
use crate::protect::beneath;

/// Directories that programs fill and can fill again.
const REGENERATED: [&str; 16] = [
    ".cache",
    ".gradle",
    ".mypy_cache",
    ".next",
    ".nuxt",
    ".parcel-cache",
    ".pytest_cache",
    ".ruff_cache",
    ".terraform",
    ".tox",
    ".turbo",
    ".venv",
    "DerivedData",
    "__pycache__",
    "bower_components",
    "node_modules",
];
/// The same, when this file says so: beside it, or in it (the Cache Directory Tagging Specification,
/// <https://bford.info/cachedir/>, and `pyvenv.cfg` of Python's virtual environments).
const REGENERATED_BESIDE: [(&str, &str); 2] = [("target", "Cargo.toml"), ("target", "pom.xml")];
const REGENERATED_WITH: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];
const MOST_DEPTH: usize = 128;

/// Why something is not in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A repository's own files, which git does not take into another one.
    Git,
    /// A directory of what can be made again.
    Regenerated,
    /// Longer than a file may be.
    TooLarge,
    /// What came before was all that a snapshot may hold.
    TooMuch,
    /// Not readable.
    Unreadable,
    /// No file: a socket, a pipe, a device.
    Special,
    /// Too many directories deep.
    TooDeep,
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Git => "a repository's own files",
            Self::Regenerated => "can be made again",
            Self::TooLarge => "too large",
            Self::TooMuch => "more than a snapshot may hold",
            Self::Unreadable => "not readable",
            Self::Special => "not a file",
            Self::TooDeep => "too many directories deep",
        })
    }
}

/// Files to keep, and what is not kept. Paths are relative to the workspace.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In order.
    pub(super) kept: Vec<PathBuf>,
    pub(super) bytes: u64,
    pub(super) empty_directories: Vec<AnyPath>,
    pub(super) modes: Vec<(AnyPath, u32)>,
    pub(super) left_out: Vec<(PathBuf, Why)>,
}

impl Listing {
    /// Walks a workspace without following a link. Nothing is read but names and sizes.
    pub(super) fn of(workspace: &Path, extent: &Extent) -> io::Result<Self> {
        let root = beneath::open(workspace)?;
        let mut walk = Walk { listing: Self::default(), extent };
        let names = names(&root)?;
        walk.directory(&root, names, Path::new(""), 0)?;
        walk.listing.kept.sort();
        walk.listing.left_out.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(walk.listing)
    }
}

struct Walk<'w> {
    listing: Listing,
    extent: &'w Extent,
}

impl Walk<'_> {
    fn directory(&mut self, dir: &Dir, names: Vec<OsString>, path: &Path, depth: usize) -> io::Result<()> {
        for name in &names {
            let below = path.join(name);
            // It may be gone by now.
            let Ok(metadata) = dir.symlink_metadata(name) else { continue };
            if is_git(name, &metadata) {
                self.leave_out(below, Why::Git);
            } else if metadata.is_dir() {
                self.enter(dir, name, &names, below, depth)?;
            } else {
                self.file(below, &metadata);
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        dir: &Dir,
        name: &OsStr,
        beside: &[OsString],
        path: PathBuf,
        depth: usize,
    ) -> io::Result<()> {
        let listed = dir.open_dir_nofollow(name).and_then(|inner| names(&inner).map(|names| (inner, names)));
        match listed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.leave_out(path, Why::Unreadable)
            }
            Err(error) => return Err(error),
            Ok((_, names)) if is_regenerated(name, beside, &names) => self.leave_out(path, Why::Regenerated),
            Ok(_) if depth >= MOST_DEPTH => self.leave_out(path, Why::TooDeep),
            Ok((inner, names)) => {
                self.mode(&path, inner.dir_metadata()?.mode(), &[0o755]);
                if names.is_empty() {
                    self.listing.empty_directories.push(AnyPath(path));
                } else {
                    self.directory(&inner, names, &path, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, metadata: &Metadata) {
        let total = self.listing.bytes.saturating_add(metadata.len());
        let regular = metadata.is_file();
        let why = if !regular && !metadata.is_symlink() {
            Why::Special
        } else if regular && !readable(metadata) {
            Why::Unreadable
        } else if metadata.len() > self.extent.file {
            Why::TooLarge
        } else if total > self.extent.total || self.listing.kept.len() >= self.extent.files {
            Why::TooMuch
        } else {
            if regular {
                self.mode(&path, metadata.mode(), &[0o644, 0o755]);
            }
            self.listing.bytes = total;
            self.listing.kept.push(path);
            return;
        };
        self.leave_out(path, why);
    }

    fn mode(&mut self, path: &Path, mode: u32, usual: &[u32]) {
        let mode = mode & 0o7777;
        if !usual.contains(&mode) {
            self.listing.modes.push((AnyPath(path.to_owned()), mode));
        }
    }

    fn leave_out(&mut self, path: PathBuf, why: Why) {
        self.listing.left_out.push((path, why));
    }
}

fn names(dir: &Dir) -> io::Result<Vec<OsString>> {
    dir.entries()?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

/// What git refuses to have in an index (`verify_path` in its read-cache.c).
fn is_git(name: &OsStr, metadata: &Metadata) -> bool {
    name.eq_ignore_ascii_case(".git") || metadata.is_symlink() && name.eq_ignore_ascii_case(".gitmodules")
}

fn is_regenerated(name: &OsStr, beside: &[OsString], within: &[OsString]) -> bool {
    REGENERATED.iter().any(|known| name == *known)
        || REGENERATED_WITH.iter().any(|tag| within.iter().any(|inner| inner == tag))
        || REGENERATED_BESIDE
            .iter()
            .any(|(known, sign)| name == *known && beside.iter().any(|other| other == sign))
}

/// Whether the sandboxed git, which runs as us, will be able to read it.
fn readable(metadata: &Metadata) -> bool {
    let user = nix::unistd::geteuid();
    user.is_root()
        || if metadata.uid() == user.as_raw() {
            metadata.mode() & 0o400 != 0
        } else {
            metadata.mode() & 0o044 != 0
        }
}
