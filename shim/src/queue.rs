//! Bytes on their way out, counted from the start of the process so that a place in the stream keeps its number.

/// Capacity that an empty buffer may keep: enough for ordinary messages, too little to matter in memory.
pub(crate) const KEEP: usize = 8 * 1024;

/// A first-in, first-out byte buffer.
#[derive(Debug, Default)]
pub(crate) struct ByteQueue {
    bytes: Vec<u8>,
    head: usize,
    start: u64,
}

impl ByteQueue {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What is to be written next.
    pub(crate) fn front(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of bytes ever taken out.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Number of bytes ever put in.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.len() as u64
    }

    /// Takes `count` bytes out.
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.len());
        self.head += count;
        self.start += count as u64;
        if self.head == self.bytes.len() {
            self.head = 0;
            self.bytes.clear();
            release(&mut self.bytes);
        } else if self.head >= KEEP && self.head >= self.bytes.len() / 2 {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.consume(self.len());
    }
}

/// Gives an empty buffer's memory back when it grew past what an idle shim should hold.
pub(crate) fn release(buffer: &mut Vec<u8>) {
    if buffer.is_empty() && buffer.capacity() > KEEP {
        *buffer = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_drained_queue_holds_no_memory_of_large_frames() {
        let mut queue = ByteQueue::default();
        queue.push(&vec![7; 1 << 20]);
        queue.consume(1 << 20);
        assert!(queue.bytes.capacity() <= KEEP);
        assert_eq!((queue.start(), queue.end()), (1 << 20, 1 << 20));
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order(steps in prop::collection::vec((0usize..20_000, 0usize..20_000), 1..40)) {
            let (mut queue, mut model, mut next) = (ByteQueue::default(), std::collections::VecDeque::new(), 0u8);
            let mut taken = 0;
            for (put, take) in steps {
                let bytes: Vec<u8> = (0..put).map(|_| { next = next.wrapping_add(1); next }).collect();
                queue.push(&bytes);
                model.extend(bytes);
                let take = take.min(queue.len());
                prop_assert!(queue.front()[..take].iter().eq(model.range(..take)));
                queue.consume(take);
                model.drain(..take);
                taken += take as u64;
                prop_assert_eq!(queue.len(), model.len());
                prop_assert_eq!(queue.start(), taken);
            }
        }
    }
}
