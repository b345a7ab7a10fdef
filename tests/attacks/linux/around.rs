//! What is around a command, before and after: files that must stay as they are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Files of trees, each with everything about it that a command could change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Around(BTreeMap<PathBuf, Traits>);

#[derive(Debug, PartialEq, Eq)]
struct Traits {
    mode: u32,
    owner: (u32, u32),
    links: u64,
    /// Of directories, those of their entries say it.
    modified: Option<(i64, i64)>,
    content: Vec<u8>,
}

impl Around {
    /// Everything in trees, links unfollowed.
    pub(crate) fn of<'p>(trees: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut around = Self(BTreeMap::new());
        trees.into_iter().for_each(|tree| around.add(tree));
        around
    }

    /// Without the times: what is put back has new ones.
    pub(crate) fn without_times(mut self) -> Self {
        self.0.values_mut().for_each(|traits| traits.modified = None);
        self
    }

    fn add(&mut self, path: &Path) {
        let Ok(metadata) = path.symlink_metadata() else { return };
        let content = match () {
            () if metadata.is_file() => fs::read(path).unwrap_or_default(),
            () if metadata.is_symlink() => fs::read_link(path).unwrap().into_os_string().into_encoded_bytes(),
            () => Vec::new(),
        };
        let modified = (!metadata.is_dir()).then(|| (metadata.mtime(), metadata.mtime_nsec()));
        let links = if metadata.is_dir() { 0 } else { metadata.nlink() };
        let owner = (metadata.uid(), metadata.gid());
        let traits = Traits { mode: metadata.mode(), owner, links, modified, content };
        self.0.insert(path.to_owned(), traits);
        if metadata.is_dir() {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            entries.for_each(|entry| self.add(&entry.path()));
        }
    }

    /// What is different, in words.
    pub(crate) fn differences(&self, after: &Self) -> Vec<String> {
        let gone = self.0.keys().filter(|path| !after.0.contains_key(*path));
        let gone = gone.map(|path| format!("{} is gone", path.display()));
        let other = after.0.iter().filter_map(|(path, traits)| match self.0.get(path) {
            None => Some(format!("{} is new", path.display())),
            Some(before) if before != traits => Some(format!("{} was changed", path.display())),
            Some(_) => None,
        });
        gone.chain(other).collect()
    }
}
