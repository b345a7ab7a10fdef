//! Lines of a stream, without a copy of each.

use std::io::{self, Read};

const BLOCK: usize = 256 * 1024;

/// Reads blocks and hands out the lines in them.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The part of `buffer` that is read and not handed out.
    start: usize,
    end: usize,
    finished: bool,
}

impl<R: Read> Lines<R> {
    /// Nothing read yet.
    pub(crate) fn new(reader: R) -> Self {
        Lines { reader, buffer: vec![0; BLOCK], start: 0, end: 0, finished: false }
    }

    /// The next line without its line end; `None` at the end of the stream.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = self.start;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[searched..self.end]) {
                let line = self.start..searched + found;
                self.start = line.end + 1;
                return Ok(Some(&self.buffer[line]));
            }
            if self.finished {
                let line = self.start..self.end;
                self.start = self.end;
                return Ok(if line.is_empty() { None } else { Some(&self.buffer[line]) });
            }
            let known = self.end - self.start;
            self.fill()?;
            searched = self.start + known;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        self.finished = read == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            into[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn lines_survive_any_block_size() {
        let long = "x".repeat(BLOCK + 5);
        let text = format!("a\n\n{long}\nlast");
        let mut lines = Lines::new(text.as_bytes());
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            seen.push(String::from_utf8(line.to_vec()).unwrap());
        }
        assert_eq!(seen, ["a", "", long.as_str(), "last"]);
        let mut drip = Lines::new(Drip(b"one\ntwo\n"));
        assert_eq!(drip.next_line().unwrap(), Some(&b"one"[..]));
        assert_eq!(drip.next_line().unwrap(), Some(&b"two"[..]));
        assert_eq!(drip.next_line().unwrap(), None);
    }
}
