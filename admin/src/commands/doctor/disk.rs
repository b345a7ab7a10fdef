//! Room on the disk that holds the database.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::super::size;
use super::finding::Finding;
use super::place::Place;

/// A day of the busiest conversation (500 messages of 50,000 characters from each side) and its WAL fit into it.
const ENOUGH: u64 = 200 << 20;

#[allow(clippy::useless_conversion, reason = "counts of blocks and files have 32 bits on macOS")]
pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let state = &place.paths.state;
    let Some(there) = state.ancestors().find(|directory| directory.exists()) else { return Vec::new() };
    let Ok(stat) = statvfs(there) else { return Vec::new() };
    let free = u64::from(stat.blocks_available()).saturating_mul(stat.fragment_size());
    // A file system without a table of inodes says that it has none at all.
    let inodes = (stat.files() > 0).then(|| u64::from(stat.files_available()));
    vec![judge(state, free, inodes)]
}

fn judge(state: &Path, free: u64, inodes: Option<u64>) -> Finding {
    if inodes == Some(0) {
        let text = format!("no more files can be made on the disk of {}", state.display());
        return Finding::wrong(text, "remove files that are not needed");
    }
    let text = format!("{} free on the disk of {}", size(free), state.display());
    if free < ENOUGH {
        return Finding::wrong(text, "free some space: on a full disk every send is refused");
    }
    Finding::good(text)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_full_disk_is_wrong() {
        let level = |free, inodes| judge(Path::new("/s"), free, inodes).level;
        assert_eq!(level(ENOUGH, Some(7)), Level::Good);
        assert_eq!(level(ENOUGH, None), Level::Good);
        assert_eq!(level(ENOUGH - 1, None), Level::Wrong);
        assert_eq!(level(u64::MAX, Some(0)), Level::Wrong);
    }
}
