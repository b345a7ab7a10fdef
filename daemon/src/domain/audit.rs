//! The audit chain: every row's MAC covers the row and the MAC before it.
//!
//! HMAC-SHA256 under a key of its own over length-prefixed fields, so that no edit, deletion, insertion or
//! swap keeps the chain whole, and no two different rows read the same.

use subtle::ConstantTimeEq;

use super::key::{Digest, KEY_LENGTH, Keys, feed};
use super::time::Timestamp;
use hmac::Mac;

/// What a row records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// In which conversation, if any.
    pub conversation: Option<String>,
    /// Which session acted (`a`, `b`), or who else (`human`, `daemon`, `process 4711`).
    pub actor: String,
    /// What was done, a word of the operation table or of the daemon.
    pub action: String,
    /// `ok`, or the cause of a refusal.
    pub outcome: String,
    /// Particulars as one JSON object, redacted.
    pub details: String,
}

/// Where the chain ends: how many rows there are and the MAC of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Sequence number of the last row; 0 for an empty trail.
    pub seq: i64,
    /// Its MAC; zeros for an empty trail.
    pub mac: Digest,
}

impl Head {
    /// The head of an empty trail.
    pub const EMPTY: Self = Self { seq: 0, mac: [0; KEY_LENGTH] };

    /// The head after `entry` has been appended.
    #[must_use]
    pub fn append(&self, keys: &Keys, entry: &Entry) -> Self {
        let seq = self.seq + 1;
        let mut mac = keys.audit_mac();
        mac.update(&self.mac);
        mac.update(&seq.to_be_bytes());
        mac.update(&entry.at.millis().to_be_bytes());
        // An absent conversation must not read as an empty one.
        mac.update(&[u8::from(entry.conversation.is_some())]);
        for part in [
            entry.conversation.as_deref().unwrap_or_default(),
            &entry.actor,
            &entry.action,
            &entry.outcome,
            &entry.details,
        ] {
            feed(&mut mac, part.as_bytes());
        }
        Self { seq, mac: mac.finalize().into_bytes().into() }
    }

    /// Whether two heads are the same, in constant time for the MAC.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.seq == other.seq && bool::from(self.mac.ct_eq(&other.mac))
    }
}

/// A head as it is kept outside the database, with a MAC of its own.
#[must_use]
pub fn seal(keys: &Keys, head: &Head) -> Digest {
    vouch(keys, b"seal", head)
}

/// A head that stands for the rows up to it, which were removed when they had been kept long enough. A MAC of another
/// kind than a seal's: nobody without the key can make a seal pass for an anchor and cut off what is before it.
#[must_use]
pub fn anchor(keys: &Keys, head: &Head) -> Digest {
    vouch(keys, b"anchor", head)
}

fn vouch(keys: &Keys, kind: &[u8], head: &Head) -> Digest {
    let mut mac = keys.audit_mac();
    feed(&mut mac, kind);
    mac.update(&head.seq.to_be_bytes());
    mac.update(&head.mac);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(details: &str) -> Entry {
        Entry {
            at: Timestamp::from_millis(5),
            conversation: Some("conv_0000000000000001".into()),
            actor: "a".into(),
            action: "send".into(),
            outcome: "ok".into(),
            details: details.into(),
        }
    }

    #[test]
    fn fields_cannot_be_shifted_between_columns() {
        let keys = Keys::derive(&[1; 32]);
        let plain = entry("{}");
        let moved = Entry { actor: "as".into(), action: "end".into(), ..plain.clone() };
        let absent = Entry { conversation: None, ..plain.clone() };
        let empty = Entry { conversation: Some(String::new()), ..plain.clone() };
        let macs: Vec<_> =
            [plain, moved, absent, empty].iter().map(|e| Head::EMPTY.append(&keys, e).mac).collect();
        for (i, mac) in macs.iter().enumerate() {
            assert!(!macs[..i].contains(mac));
        }
    }

    proptest! {
        #[test]
        fn any_change_anywhere_changes_the_end(
            details in prop::collection::vec("[a-z]{0,6}", 2..12),
            victim: prop::sample::Index,
        ) {
            let keys = Keys::derive(&[1; 32]);
            let end = |rows: &[Entry]| rows.iter().fold(Head::EMPTY, |head, row| head.append(&keys, row));
            let rows: Vec<_> = details.iter().map(|d| entry(d)).collect();
            let (whole, victim) = (end(&rows), victim.index(rows.len()));
            let mut edited = rows.clone();
            edited[victim].details.push('x');
            prop_assert!(!end(&edited).matches(&whole));
            let mut cut = rows.clone();
            cut.remove(victim);
            prop_assert!(!end(&cut).matches(&whole));
            let mut swapped = rows.clone();
            swapped.swap(victim, 0);
            if swapped != rows {
                prop_assert!(!end(&swapped).matches(&whole));
            }
        }
    }
}
