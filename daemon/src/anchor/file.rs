//! The anchor file: one line per anchor, only ever added to.

use std::fs::OpenOptions;
use std::io::{self, BufRead, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::domain::anchor::Anchor;

/// A line longer than this is none of ours; its text is not kept in memory.
const LONGEST_LINE: u64 = 4_096;

/// Adds an anchor, flushed to the disk. Works on a file that the system lets nobody change otherwise (`chattr +a`).
///
/// # Errors
/// From the file system.
pub fn append(path: &Path, anchor: &Anchor) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    // A line that a power loss cut short must not swallow this one.
    let before = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{before}{anchor}\n").as_bytes())?;
    file.sync_data()
}

/// What stands in an anchor file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    /// The anchors, as they come.
    pub anchors: Vec<Anchor>,
    /// Lines that are none, empty ones not counted.
    pub other_lines: u64,
}

/// Reads anchors, one per line, as `journalctl -o cat` prints them too.
///
/// # Errors
/// From reading.
pub fn read(mut source: impl BufRead) -> io::Result<Anchors> {
    let mut found = Anchors::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let limited = &mut io::Read::take(&mut source, LONGEST_LINE);
        if limited.read_until(b'\n', &mut line)? == 0 {
            return Ok(found);
        }
        if line.len() as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
            source.skip_until(b'\n')?;
        }
        match std::str::from_utf8(&line).ok().and_then(|text| text.parse().ok()) {
            Some(anchor) => found.anchors.push(anchor),
            None if line.trim_ascii().is_empty() => {}
            None => found.other_lines += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::Head;
    use crate::domain::time::Timestamp;
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    fn anchor(seq: i64) -> Anchor {
        Anchor { at: Timestamp::from_millis(seq), head: Head { seq, mac: [seq as u8; 32] } }
    }

    #[test]
    fn what_was_added_reads_back_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.anchors");
        for seq in 1..=3 {
            append(&path, &anchor(seq)).unwrap();
        }
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let found = read(&fs::read(&path).unwrap()[..]).unwrap();
        assert_eq!(found, Anchors { anchors: vec![anchor(1), anchor(2), anchor(3)], other_lines: 0 });
    }

    #[test]
    fn a_line_that_was_cut_short_costs_only_itself() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.anchors");
        let whole = format!("{}\n", anchor(1));
        for cut in 1..whole.len() {
            fs::write(&path, format!("{whole}{}", &whole[..cut])).unwrap();
            append(&path, &anchor(2)).unwrap();
            let found = read(&fs::read(&path).unwrap()[..]).unwrap();
            assert_eq!(found.anchors.last(), Some(&anchor(2)), "cut at {cut}");
            assert_eq!(found.anchors.len() as u64 + found.other_lines, 3, "cut at {cut}");
        }
    }

    #[test]
    fn other_lines_are_passed_over_and_counted() {
        let long = "x".repeat(3 * LONGEST_LINE as usize);
        let text = format!("-- Boot 7 --\n{long}\n\n{}\n\u{fffd}\n{}", anchor(4), anchor(5));
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found, Anchors { anchors: vec![anchor(4), anchor(5)], other_lines: 3 });
        let exact = format!("{}\n{}\n", "x".repeat(LONGEST_LINE as usize), anchor(6));
        assert_eq!(read(exact.as_bytes()).unwrap().anchors, [anchor(6)]);
    }
}
