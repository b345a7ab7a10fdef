//! The programs under trial.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use bridge_failpoints::Point;

/// Paths of the programs under trial.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `bridged`.
    pub daemon: PathBuf,
    /// `bridge-shim`, in the same directory.
    pub shim: PathBuf,
    /// `bridgectl`.
    pub ctl: PathBuf,
}

impl Programs {
    /// Those in one directory.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        let [daemon, shim, ctl] = ["bridged", "bridge-shim", "bridgectl"].map(|name| directory.join(name));
        Self { daemon, shim, ctl }
    }

    /// Whether daemon and shim can be killed at named points.
    ///
    /// # Errors
    /// When a program cannot be read.
    pub fn have_failpoints(&self) -> io::Result<bool> {
        Ok(!points_in(&self.daemon)?.is_empty() && !points_in(&self.shim)?.is_empty())
    }
}

/// Every point there is.
fn all_points() -> impl Iterator<Item = Point> {
    let daemon = Point::SERVING.into_iter().chain(Point::MIGRATING).chain([Point::Opened]);
    daemon.chain(Point::RELAYING)
}

/// How many points there are.
#[must_use]
pub fn point_count() -> usize {
    all_points().count()
}

/// The names of points that stand in a program.
///
/// # Errors
/// When it cannot be read.
pub fn points_in(program: &Path) -> io::Result<Vec<&'static str>> {
    let bytes = fs::read(program)?;
    let names: Vec<&str> = all_points().map(Point::name).collect();
    let search = AhoCorasick::new(&names).map_err(io::Error::other)?;
    let found: BTreeSet<&str> =
        search.find_iter(&bytes).map(|found| names[found.pattern().as_usize()]).collect();
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("program");
        fs::write(&program, b"\0writer::after_commitshim::before_answer\xff").unwrap();
        assert_eq!(points_in(&program).unwrap(), ["shim::before_answer", "writer::after_commit"]);
        fs::write(&program, b"writer::after").unwrap();
        assert_eq!(points_in(&program).unwrap(), [""; 0]);
    }
}
