//! Keeps the beginning and the end of an output of any length.

use std::collections::VecDeque;

use super::Captured;

/// An output being read: holds at most a given number of bytes, however many come.
#[derive(Debug)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    head_most: usize,
    tail_most: usize,
    cut: u64,
}

impl Capture {
    /// Room for `most` bytes, half of them for the beginning.
    pub(crate) fn new(most: usize) -> Self {
        let tail_most = most / 2;
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            head_most: most.saturating_sub(tail_most),
            tail_most,
            cut: 0,
        }
    }

    /// The next bytes of the output.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.head_most.saturating_sub(self.head.len());
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.tail_most);
        self.tail.drain(..over);
        self.cut += over as u64;
    }

    /// What is kept of it.
    pub(crate) fn finish(self) -> Captured {
        Captured { head: self.head, tail: self.tail.into(), cut: self.cut }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn beginning_and_end_are_kept_and_the_rest_is_counted(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
            most in 0_usize..100,
        ) {
            let whole = chunks.concat();
            let mut capture = Capture::new(most);
            for chunk in &chunks {
                capture.push(chunk);
            }
            let kept = capture.finish();
            prop_assert!(kept.head.len() + kept.tail.len() <= most);
            prop_assert!(whole.starts_with(&kept.head));
            prop_assert!(whole.ends_with(&kept.tail));
            prop_assert_eq!(kept.head.len() + kept.tail.len() + usize::try_from(kept.cut).unwrap(), whole.len());
            prop_assert!(kept.cut == 0 || kept.head.len() + kept.tail.len() == most);
        }
    }
}
