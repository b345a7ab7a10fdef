//! The log of a daemon that a shim started: grows without end.

use super::super::size;
use super::finding::Finding;
use super::place::Place;

/// Beyond that nobody reads it any more.
const LARGE: u64 = 64 << 20;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let log = place.paths.log();
    let found = match std::fs::metadata(&log) {
        Ok(meta) if meta.len() > LARGE => Finding::wrong(
            format!("{} has grown to {}", log.display(), size(meta.len())),
            format!("truncate -s 0 '{}' (the daemon goes on writing to it)", log.display()),
        ),
        Ok(meta) => Finding::good(format!("{} has {}", log.display(), size(meta.len()))),
        Err(_) => return Vec::new(),
    };
    vec![found]
}
