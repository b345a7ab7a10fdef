//! Protected things put back as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, Permissions, PermissionsExt as _};

use super::beneath;
use super::git_config;
use super::quarantine::Quarantine;
use super::scan::{Item, Kind, Scan};
use super::table::{self, Role};

/// Putting one thing back can uncover another: what lay in a directory that was moved away and is back.
const MOST_ROUNDS: usize = 8;

/// What is being put back.
pub(super) struct Restorer<'r> {
    pub(super) root: &'r Dir,
    pub(super) before: &'r Scan,
    pub(super) quarantine: &'r mut Quarantine,
    /// What was done, by path.
    pub(super) remarks: BTreeMap<PathBuf, String>,
    /// Directories of git that are dealt with: once there is nothing to bring back, what is made anew may stay.
    pub(super) settled_git: BTreeSet<PathBuf>,
}

impl Restorer<'_> {
    /// Compares and puts back until nothing differs.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        for _ in 0..MOST_ROUNDS {
            let now = Scan::of(self.root, |path| !self.before.closed.contains(path))?;
            if !(self.open_closed(&now) || self.bring_git_back(&now) || self.compare(&now)) {
                return Ok(());
            }
        }
        self.remarks.insert(PathBuf::new(), "not everything that is protected could be put back".to_owned());
        Ok(())
    }

    /// Takes away what cannot be looked into and could be before.
    fn open_closed(&mut self, now: &Scan) -> bool {
        let closed: Vec<_> = now.closed.difference(&self.before.closed).collect();
        for path in &closed {
            let result = self.take_away(path);
            self.note(path, "cannot be looked into", result);
        }
        !closed.is_empty()
    }

    /// Puts every `.git` that is another directory than before back in its place.
    fn bring_git_back(&mut self, now: &Scan) -> bool {
        let mut touched: Vec<&Path> = Vec::new();
        for (path, identity) in &self.before.git {
            let untouched =
                |path: &Path, touched: &[&Path]| !touched.iter().any(|done| path.starts_with(done));
            let named = path.file_name().is_some_and(|name| table::is(name, ".git"));
            let settled = now.git.get(path) == Some(identity) || self.settled_git.contains(path);
            if !named || settled || !untouched(path, &touched) {
                continue;
            }
            let moved =
                now.git.iter().find(|(_, found)| *found == identity).map(|(moved, _)| moved.as_path());
            if moved.is_some_and(|moved| !untouched(moved, &touched)) {
                continue;
            }
            self.settled_git.insert(path.clone());
            let result = self.replace_git(path, moved);
            if matches!(result, Ok(None)) && moved.is_none() {
                continue;
            }
            self.note(path, "was moved or replaced and is back", result);
            touched.extend([Some(path.as_path()), moved].into_iter().flatten());
        }
        !touched.is_empty()
    }

    fn replace_git(&mut self, path: &Path, moved: Option<&Path>) -> io::Result<Option<PathBuf>> {
        let kept = self.take_away(path)?;
        if let Some(moved) = moved {
            let (from, name) = beneath::parent(self.root, moved)?;
            let (to, new_name) = self.ensure_parent(path)?;
            from.rename(name, &to, new_name)?;
        }
        Ok(kept)
    }

    /// Compares every protected thing, from the outside in.
    fn compare(&mut self, now: &Scan) -> bool {
        let before = self.before;
        let paths: BTreeSet<&PathBuf> = before.items.keys().chain(now.items.keys()).collect();
        let mut modes = Vec::new();
        let mut gone: Option<&Path> = None;
        let mut changed = false;
        for path in paths {
            let item = now.items.get(path).filter(|_| !gone.is_some_and(|gone| path.starts_with(gone)));
            match (before.items.get(path), item) {
                (Some(old), new) if new.is_none_or(|new| !same(old, new)) => {
                    let result = self.put_back(path, &old.kind, &mut modes);
                    let what =
                        if new.is_some() { "was changed and is back" } else { "was deleted and is back" };
                    self.note(path, what, result);
                }
                (None, Some(new)) if !may_be_created(path, new) => {
                    let result = self.take_away(path);
                    self.note(path, "was created and is protected", result);
                    gone = Some(path);
                }
                _ => continue,
            }
            changed = true;
        }
        // Last, since a directory may forbid its owner to write.
        for (path, mode) in modes.into_iter().rev() {
            let result = beneath::parent(self.root, path)
                .and_then(|(dir, name)| dir.set_permissions(name, Permissions::from_mode(mode)));
            if let Err(error) = result {
                self.note(path, "was changed", Err(error));
            }
        }
        changed
    }

    fn put_back<'p>(
        &mut self,
        path: &'p Path,
        kind: &Kind,
        modes: &mut Vec<(&'p Path, u32)>,
    ) -> io::Result<Option<PathBuf>> {
        let (dir, name) = self.ensure_parent(path)?;
        let there = dir.symlink_metadata(name).ok();
        let stays =
            matches!(kind, Kind::Directory { .. }) && there.as_ref().is_some_and(|there| there.is_dir());
        let kept = if there.is_some() && !stays { Some(self.quarantine.take(&dir, name)?) } else { None };
        match kind {
            Kind::Directory { mode } => {
                if !stays {
                    dir.create_dir(name)?;
                }
                modes.push((path, *mode));
            }
            Kind::File { content, mode, .. } => {
                let mut file = beneath::create_file(&dir, name)?;
                file.write_all(content)?;
                file.set_permissions(Permissions::from_mode(*mode))?;
            }
            Kind::Link(target) => dir.symlink_contents(target, name)?,
            Kind::Opaque(_) => return Err(io::Error::other("it could not be read before")),
        }
        Ok(kept)
    }

    /// Moves to quarantine whatever is at a path, if its way there is real.
    fn take_away(&mut self, path: &Path) -> io::Result<Option<PathBuf>> {
        let there = beneath::parent(self.root, path)
            .and_then(|(dir, name)| dir.symlink_metadata(name).map(|_| (dir, name)));
        match there {
            Ok((dir, name)) => self.quarantine.take(&dir, name).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The directory that something belongs in; what stands in the way goes to quarantine.
    fn ensure_parent<'p>(&mut self, path: &'p Path) -> io::Result<(Dir, &'p OsStr)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut dir = self.root.try_clone()?;
        for component in path.parent().unwrap_or(Path::new("")) {
            let is_there = match dir.symlink_metadata(component) {
                Ok(there) if there.is_dir() => true,
                Ok(_) => {
                    self.quarantine.take(&dir, component)?;
                    false
                }
                Err(_) => false,
            };
            if !is_there {
                beneath::make_writable(&dir)?;
                dir.create_dir(component)?;
            }
            dir = dir.open_dir_nofollow(component)?;
        }
        beneath::make_writable(&dir)?;
        Ok((dir, name))
    }

    fn note(&mut self, path: &Path, what: &str, result: io::Result<Option<PathBuf>>) {
        let remark = match result {
            Ok(None) => format!("{path:?} {what}"),
            Ok(Some(kept)) => format!("{path:?} {what}; what was there is now {kept:?}"),
            Err(error) => format!("{path:?} {what}, but it could not be dealt with: {error}"),
        };
        self.remarks.insert(path.to_owned(), remark);
    }
}

fn same(old: &Item, new: &Item) -> bool {
    match (&old.kind, &new.kind) {
        (
            Kind::File { content, mode, links },
            Kind::File { content: new_content, mode: new_mode, links: new_links },
            // Another name for the file would be another way to write it, later.
        ) => content == new_content && mode == new_mode && new_links <= links,
        (old, new) => old == new,
    }
}

/// Whether something protected may be new: what a fresh repository has, as long as it starts nothing.
fn may_be_created(path: &Path, item: &Item) -> bool {
    match (item.role, &item.kind) {
        (Role::GitConfig, Kind::File { content, .. }) => git_config::is_harmless(content),
        (Role::Hooks, Kind::Directory { .. }) => true,
        (Role::Hooks, Kind::File { .. }) => path.extension().is_some_and(|extension| extension == "sample"),
        _ => false,
    }
}
