//! Heads of the audit trail that are noted outside the database, and the comparison of a trail with them.
//!
//! Whoever holds the key can write the whole trail anew so that it verifies; a head that was noted before tells.

use std::fmt;
use std::str::FromStr;

use super::audit::Head;
use super::key::{digest_from_hex, hex};
use super::time::Timestamp;

/// A head and when it was noted. As a line: time, number and MAC of the row, with blanks between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// When.
    pub at: Timestamp,
    /// Where the trail ended.
    pub head: Head,
}

impl fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.at, self.head.seq, hex(&self.head.mac))
    }
}

/// A line is no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is a time, the number of a row and its 64 hex digits, with blanks between")]
pub struct NoAnchor;

impl FromStr for Anchor {
    type Err = NoAnchor;

    fn from_str(line: &str) -> Result<Self, NoAnchor> {
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().ok_or(NoAnchor);
        let at = Timestamp::parse(word()?).ok_or(NoAnchor)?;
        let seq = word()?.parse().ok().filter(|seq| *seq > 0).ok_or(NoAnchor)?;
        let mac = digest_from_hex(word()?).ok_or(NoAnchor)?;
        if words.next().is_some() { Err(NoAnchor) } else { Ok(Self { at, head: Head { seq, mac } }) }
    }
}

/// What is known of anchors once the trail was walked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Anchors whose rows are there as they were.
    pub met: u64,
    /// Anchors of rows that were removed after their time: nothing can be said of them.
    pub removed: u64,
    /// The first anchor whose row is another one now, and how many there are.
    pub changed: Option<(Anchor, u64)>,
    /// The first anchor beyond the end of the trail, and how many there are.
    pub missing: Option<(Anchor, u64)>,
}

/// Compares a trail with anchors while it is walked.
#[derive(Debug)]
pub struct Comparison {
    /// In the order of their rows.
    ahead: std::iter::Peekable<std::vec::IntoIter<Anchor>>,
    verdict: Verdict,
}

impl Comparison {
    /// Before the walk, which begins after `start`: the head that stands for removed rows, or the empty one.
    #[must_use]
    pub fn new(mut anchors: Vec<Anchor>, start: &Head) -> Self {
        anchors.sort_by_key(|anchor| anchor.head.seq);
        let mut comparison = Self { ahead: anchors.into_iter().peekable(), verdict: Verdict::default() };
        while comparison.ahead.next_if(|anchor| anchor.head.seq < start.seq).is_some() {
            comparison.verdict.removed += 1;
        }
        comparison.pass(start);
        comparison
    }

    /// The walk has come to `head`; heads come one by one.
    pub fn pass(&mut self, head: &Head) {
        while let Some(anchor) = self.ahead.next_if(|anchor| anchor.head.seq == head.seq) {
            if anchor.head.matches(head) {
                self.verdict.met += 1;
            } else {
                count(&mut self.verdict.changed, anchor);
            }
        }
    }

    /// The walk is over.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        for anchor in self.ahead {
            count(&mut self.verdict.missing, anchor);
        }
        self.verdict
    }
}

fn count(seen: &mut Option<(Anchor, u64)>, anchor: Anchor) {
    seen.get_or_insert((anchor, 0)).1 += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn anchor(seq: i64) -> Anchor {
        Anchor { at: Timestamp::from_millis(seq * 1_000), head: Head { seq, mac: [seq as u8; 32] } }
    }

    fn verdict(anchors: &[i64], start: i64, end: i64, forged_from: i64) -> Verdict {
        let at = |seq: i64| match seq {
            0 => Head::EMPTY,
            seq if seq >= forged_from => Head { seq, mac: [0xee; 32] },
            seq => anchor(seq).head,
        };
        let mut comparison = Comparison::new(anchors.iter().copied().map(anchor).collect(), &at(start));
        (start + 1..=end).for_each(|seq| comparison.pass(&at(seq)));
        comparison.finish()
    }

    #[test]
    fn a_line_reads_back_and_others_do_not() {
        let line = anchor(7).to_string();
        assert_eq!(line, format!("1970-01-01T00:00:07.000Z 7 {}", "07".repeat(32)));
        assert_eq!(line.parse(), Ok(anchor(7)));
        for wrong in [&line[..line.len() - 1], &line[1..], &format!("{line} x"), "", "-- Boot 5 --"] {
            assert_eq!(wrong.parse::<Anchor>(), Err(NoAnchor), "{wrong:?}");
        }
        assert!(line.replace(" 7 ", " 0 ").parse::<Anchor>().is_err(), "an empty trail is no anchor");
    }

    proptest! {
        /// Every anchor is counted once, under what the numbers alone say of it.
        #[test]
        fn every_anchor_is_told_of(
            anchors in prop::collection::vec(1..60_i64, 0..20),
            start in 0..30_i64,
            rows in 0..30_i64,
            forged_from in 1..70_i64,
        ) {
            let end = start + rows;
            let found = verdict(&anchors, start, end, forged_from);
            let number = |wanted: &dyn Fn(i64) -> bool| anchors.iter().filter(|seq| wanted(**seq)).count() as u64;
            let walked = |seq: i64| (start.max(1)..=end).contains(&seq);
            prop_assert_eq!(found.removed, number(&|seq| seq < start));
            prop_assert_eq!(found.met, number(&|seq| walked(seq) && seq < forged_from));
            let many = |seen: Option<(Anchor, u64)>| seen.map_or(0, |(_, many)| many);
            prop_assert_eq!(many(found.changed), number(&|seq| walked(seq) && seq >= forged_from));
            prop_assert_eq!(many(found.missing), number(&|seq| seq > end));
            let first = anchors.iter().filter(|seq| **seq > end).min();
            prop_assert_eq!(found.missing.map(|(anchor, _)| anchor.head.seq), first.copied());
        }
    }
}
