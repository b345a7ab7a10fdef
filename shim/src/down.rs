//! From the daemon: a byte stream into frames, and what a frame answers.

use bridge_proto::frame::{self, Decoded, FrameError, HEADER};
use bridge_proto::peek::{Peek, peek};

use crate::queue::release;

/// How much of a large frame is looked at first: the daemon writes `id` and `method` before anything long, and
/// scanning a whole body only to find its id would cost more than relaying it.
const GLANCE: usize = 1024;

/// Cuts the daemon's bytes into frames, however they arrive. Holds at most one frame, and nothing between frames.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    partial: Vec<u8>,
}

impl FrameReader {
    /// Takes what was read and calls `each` with the payload of every frame that is whole now.
    pub(crate) fn feed(&mut self, mut chunk: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), FrameError> {
        while !chunk.is_empty() {
            if self.partial.is_empty() {
                match frame::decode(chunk)? {
                    Decoded::Frame { end } => {
                        each(&chunk[HEADER..end]);
                        chunk = &chunk[end..];
                        continue;
                    }
                    Decoded::Partial { total } => self.partial.reserve_exact(total),
                }
            }
            chunk = self.complete(chunk, &mut each)?;
        }
        Ok(())
    }

    /// Adds to the frame begun earlier what it still needs.
    fn complete<'a>(
        &mut self,
        chunk: &'a [u8],
        each: &mut impl FnMut(&[u8]),
    ) -> Result<&'a [u8], FrameError> {
        let total = match frame::decode(&self.partial)? {
            Decoded::Partial { total } => total,
            Decoded::Frame { end } => end,
        };
        let (needed, rest) = chunk.split_at(chunk.len().min(total - self.partial.len()));
        self.partial.extend_from_slice(needed);
        if let Decoded::Frame { end } = frame::decode(&self.partial)? {
            each(&self.partial[HEADER..end]);
            self.partial.clear();
            release(&mut self.partial);
        }
        Ok(rest)
    }
}

/// `id` and `method` of a message from the daemon.
pub(crate) fn glance(payload: &[u8]) -> Peek<'_> {
    if payload.len() > GLANCE {
        let front = &payload[..GLANCE];
        let seen = peek(front);
        // An id that touches the cut may be only half of itself.
        let whole = seen.id.is_some_and(|id| id.as_bytes().as_ptr_range().end < front.as_ptr_range().end);
        if whole || (seen.id.is_none() && seen.method.is_some()) {
            return seen;
        }
    }
    peek(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::KEEP;
    use proptest::prelude::*;

    #[test]
    fn a_glance_sees_what_a_full_look_sees() {
        let long = "x".repeat(5_000);
        for message in [
            format!(r#"{{"jsonrpc":"2.0","id":12,"result":{{"t":"{long}"}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"t":"{long}"}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"t":"{long}"}}}}"#),
            format!(r#"{{"result":{{"t":"{long}"}},"id":"late"}}"#),
            format!(r#"{{"x":"{}","id":1234,"result":"{long}"}}"#, "x".repeat(GLANCE - 14)),
            r#"{"id":3,"result":{}}"#.to_owned(),
        ] {
            let (quick, full) = (glance(message.as_bytes()), peek(message.as_bytes()));
            assert_eq!((quick.id, quick.method), (full.id, full.method), "{message}");
        }
    }

    #[test]
    fn an_oversized_announcement_is_an_error_and_costs_no_memory() {
        let mut reader = FrameReader::default();
        assert!(reader.feed(&[0xff; 4], |_| panic!("no frame")).is_err());
        assert!(reader.feed(&[0xff; 2], |_| panic!("no frame")).is_ok());
        assert!(reader.feed(&[0xff; 2], |_| panic!("no frame")).is_err());
        assert!(reader.partial.capacity() <= KEEP);
    }

    proptest! {
        #[test]
        fn chunking_never_matters(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            sizes in prop::collection::vec(1usize..400, 1..20),
        ) {
            let mut wire = Vec::new();
            for payload in &payloads {
                frame::encode(payload, &mut wire).unwrap();
            }
            let (mut reader, mut seen, mut rest, mut turn) = (FrameReader::default(), Vec::new(), &wire[..], 0);
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(sizes[turn % sizes.len()].min(rest.len()));
                reader.feed(chunk, |payload| seen.push(payload.to_vec())).unwrap();
                rest = after;
                turn += 1;
            }
            prop_assert_eq!(seen, payloads);
            prop_assert!(reader.partial.is_empty() && reader.partial.capacity() <= KEEP);
        }
    }
}
