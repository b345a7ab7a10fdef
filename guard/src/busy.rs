//! One writing command at a time in a workspace.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Workspaces that are being written.
///
/// A second run would take what the first one is just doing to protected files for their proper state, and put it back
/// after the first one's was undone.
#[derive(Debug, Default)]
pub(crate) struct Busy(Mutex<Vec<PathBuf>>);

/// Until dropped, nobody else writes there.
#[derive(Debug)]
pub(crate) struct Occupied<'b> {
    busy: &'b Busy,
    path: PathBuf,
}

impl Busy {
    /// `None` when a run writes there, above or below.
    pub(crate) fn occupy(&self, path: &Path) -> Option<Occupied<'_>> {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.iter().any(|other| other.starts_with(path) || path.starts_with(other)) {
            return None;
        }
        busy.push(path.to_owned());
        Some(Occupied { busy: self, path: path.to_owned() })
    }
}

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_and_below_are_the_same_place() {
        let busy = Busy::default();
        let occupied = busy.occupy(Path::new("/w/project"));
        assert!(occupied.is_some());
        for path in ["/w/project", "/w", "/w/project/sub"] {
            assert!(busy.occupy(Path::new(path)).is_none(), "{path}");
        }
        assert!(busy.occupy(Path::new("/w/project2")).is_some());
        drop(occupied);
        assert!(busy.occupy(Path::new("/w/project/sub")).is_some());
    }
}
