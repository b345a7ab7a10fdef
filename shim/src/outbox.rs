//! Frames for the daemon, with the knowledge which of them the daemon may have seen.

use bridge_proto::control::Control;
use bridge_proto::frame::{self, Decoded, FrameError, HEADER};

use crate::queue::ByteQueue;

/// Whole frames, written front to back in pieces of any size.
///
/// A frame of which not one byte was written when the connection broke cannot have taken effect: it may be sent
/// again on the next one. Of all others nobody knows.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: ByteQueue,
    /// Bytes still missing of a frame that was written in part.
    begun: usize,
}

impl Outbox {
    /// Appends a frame and tells its place in the stream.
    pub(crate) fn push(&mut self, payload: &[u8]) -> Result<u64, FrameError> {
        let header = frame::header(payload.len())?;
        let position = self.queue.end();
        self.queue.push(&header);
        self.queue.push(payload);
        Ok(position)
    }

    pub(crate) fn front(&self) -> &[u8] {
        self.queue.front()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Every frame whose place is before this was written at least in part.
    pub(crate) fn written(&self) -> u64 {
        self.queue.start()
    }

    /// Notes that `count` bytes were written.
    pub(crate) fn consume(&mut self, mut count: usize) {
        while count > 0 && !self.queue.is_empty() {
            if self.begun == 0 {
                self.begun = self.first_frame();
            }
            let step = count.min(self.begun);
            self.queue.consume(step);
            self.begun -= step;
            count -= step;
        }
    }

    /// Takes out the payloads that no daemon has seen a byte of, and forgets the rest. Control messages are
    /// dropped: they were for the daemon that is gone.
    pub(crate) fn take_unsent(&mut self) -> Vec<Vec<u8>> {
        self.queue.consume(std::mem::take(&mut self.begun));
        let mut unsent = Vec::new();
        while !self.queue.is_empty() {
            let end = self.first_frame();
            let payload = &self.queue.front()[HEADER..end];
            if !Control::is_control(payload) {
                unsent.push(payload.to_vec());
            }
            self.queue.consume(end);
        }
        unsent
    }

    /// Drops the frames up to and including the one at `position`. Only for frames that were not begun.
    pub(crate) fn discard_through(&mut self, position: u64) {
        while self.begun == 0 && !self.queue.is_empty() && self.queue.start() <= position {
            self.queue.consume(self.first_frame());
        }
    }

    /// Bytes of the frame at the front, which is whole.
    fn first_frame(&self) -> usize {
        match frame::decode(self.queue.front()) {
            Ok(Decoded::Frame { end }) => end,
            // Only whole frames are ever pushed; should that break, taking everything still ends every loop.
            _ => self.queue.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> (Outbox, [u64; 3]) {
        let mut outbox = Outbox::default();
        let places = [b"{\"a\":1}", b"{\"b\":2}", b"{\"c\":3}"].map(|payload| outbox.push(payload).unwrap());
        (outbox, places)
    }

    #[test]
    fn a_frame_with_one_byte_written_is_not_sent_again() {
        let whole = HEADER + 7;
        for (written, left) in [(0, 3), (1, 2), (whole - 1, 2), (whole, 2), (whole + 1, 1), (3 * whole, 0)] {
            let (mut outbox, places) = three();
            outbox.consume(written);
            let begun = places.iter().filter(|place| **place < outbox.written()).count();
            assert_eq!(3 - begun, left, "{written}");
            assert_eq!(outbox.take_unsent().len(), left, "{written}");
            assert!(outbox.is_empty());
            assert_eq!(outbox.push(b"{}").unwrap(), 3 * whole as u64, "places never repeat");
        }
    }

    #[test]
    fn control_messages_do_not_outlive_their_daemon() {
        let mut outbox = Outbox::default();
        outbox.push(&Control::Delivered { lease: 1 }.to_payload()).unwrap();
        outbox.push(b"{}").unwrap();
        assert_eq!(outbox.take_unsent(), [b"{}".to_vec()]);
    }

    #[test]
    fn discarding_stops_behind_the_named_frame() {
        let (mut outbox, places) = three();
        outbox.discard_through(places[1]);
        assert_eq!(outbox.take_unsent(), [b"{\"c\":3}".to_vec()]);
    }

    #[test]
    fn what_is_too_large_changes_nothing() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(&vec![b' '; frame::MAX_PAYLOAD + 1]).is_err());
        assert!(outbox.is_empty());
    }
}
