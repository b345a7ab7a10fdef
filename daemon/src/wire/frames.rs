//! Frames over a non-blocking Unix stream, holding no buffer while idle.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge_proto::frame::{self, Decoded, FrameError, HEADER};
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::time::Instant;

/// Bytes read at once when the size of what comes is not known.
const CHUNK: usize = 8 * 1024;
/// A read that brings fewer bytes than this and completes no frame brings a crumb. Our own programs write frames whole.
const CRUMB: usize = 64;
/// Crumbs of a frame after which the rest of it is left to gather for a while: a header that comes by itself is none of
/// these.
const FREE_CRUMBS: u32 = 2;
/// For how long. Who sends bytes one by one costs everybody else one look in that time, not one for each byte.
const GATHER: Duration = Duration::from_millis(5);

/// Why no frame could be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The socket failed.
    #[error("reading from the socket: {0}")]
    Io(#[from] io::Error),
    /// The peer does not speak frames; nothing after this can be understood.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// The reading half.
pub struct FrameReader {
    stream: Arc<UnixStream>,
    buffer: Vec<u8>,
    consumed: usize,
    /// Whether a round of the runtime has gone by for the frame that is next.
    let_others_go: bool,
    /// Crumbs that came of the frame that is next.
    crumbs: u32,
    /// Until when more of them may gather.
    gather_until: Option<Instant>,
}

impl FrameReader {
    /// Reads from `stream`.
    #[must_use]
    pub fn new(stream: Arc<UnixStream>) -> Self {
        Self { stream, buffer: Vec::new(), consumed: 0, let_others_go: false, crumbs: 0, gather_until: None }
    }

    /// The next payload; `None` when the peer has closed. May be dropped at any await without losing a byte.
    ///
    /// Of frames that came together one is given out in each round of the runtime: who sends many at once takes turns with
    /// everybody else, and what others ask in between does not wait for all of them.
    ///
    /// # Errors
    /// [`ReadError`]; the connection is of no use afterwards.
    pub async fn next(&mut self) -> Result<Option<&[u8]>, ReadError> {
        let mut came_with_another = true;
        loop {
            let waiting = &self.buffer[self.consumed..];
            match frame::decode(waiting)? {
                Decoded::Frame { end } => {
                    // Noted before the wait: whoever drops this future and asks again has let others go first already.
                    if came_with_another && !std::mem::replace(&mut self.let_others_go, true) {
                        tokio::task::yield_now().await;
                    }
                    self.let_others_go = false;
                    (self.crumbs, self.gather_until) = (0, None);
                    let start = self.consumed + HEADER;
                    self.consumed += end;
                    return Ok(Some(&self.buffer[start..self.consumed]));
                }
                Decoded::Partial { .. } => self.make_room(),
            }
            if !self.fill().await? {
                return Ok(None);
            }
            came_with_another = false;
        }
    }

    /// Moves what is left to the front; gives the memory back when nothing is.
    fn make_room(&mut self) {
        if self.consumed == self.buffer.len() {
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..self.consumed);
        }
        self.consumed = 0;
    }

    /// Reads once. `false` when the peer has closed.
    async fn fill(&mut self) -> io::Result<bool> {
        loop {
            // Kept until it is over: whoever drops this future and asks again waits for the rest of it only.
            if let Some(until) = self.gather_until {
                tokio::time::sleep_until(until).await;
                self.gather_until = None;
            }
            // The buffer is only there once there is something to put into it, and grows with what has come, not with
            // what was announced.
            self.stream.readable().await?;
            match self.read_some() {
                Ok(read) => {
                    self.note_crumb(read);
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// One read of whatever is there.
    fn read_some(&mut self) -> io::Result<usize> {
        if !self.buffer.is_empty() {
            self.buffer.reserve(CHUNK.max(self.buffer.len()));
            return self.stream.try_read_buf(&mut self.buffer);
        }
        // Most frames are small: to copy what has come costs less than to allocate for what might.
        let mut chunk = [0; CHUNK];
        let read = self.stream.try_read(&mut chunk)?;
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(read)
    }

    /// After so many crumbs the next read waits. What completes a frame is given out at once all the same.
    fn note_crumb(&mut self, read: usize) {
        if read >= CRUMB {
            return;
        }
        self.crumbs += 1;
        if self.crumbs > FREE_CRUMBS {
            self.gather_until = Some(Instant::now() + GATHER);
        }
    }
}

/// The writing half: what cannot be written at once is queued in order.
#[derive(Clone)]
pub struct FrameWriter {
    stream: Arc<UnixStream>,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    written: usize,
    broken: bool,
}

impl FrameWriter {
    /// Writes to `stream`.
    #[must_use]
    pub fn new(stream: Arc<UnixStream>) -> Self {
        Self { stream, queue: Arc::default() }
    }

    /// Bytes that wait for the peer to read.
    #[must_use]
    pub fn pending(&self) -> usize {
        let queue = self.queue();
        queue.bytes.len() - queue.written
    }

    /// Writes whole frames (headers included), or queues what the socket does not take now. Whoever pushes must see
    /// to it that [`Self::flush`] is awaited.
    pub fn push(&self, frames: &[u8]) {
        let mut queue = self.queue();
        if queue.broken {
            return;
        }
        let mut rest = frames;
        if queue.bytes.is_empty() {
            while !rest.is_empty() {
                match self.stream.try_write(rest) {
                    Ok(written) => rest = &rest[written..],
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => {
                        queue.broken = true;
                        return;
                    }
                }
            }
        }
        // What has been written goes, or a slow reader would make the queue grow for ever.
        if queue.written > queue.bytes.len() / 2 {
            let written = std::mem::take(&mut queue.written);
            queue.bytes.drain(..written);
        }
        queue.bytes.extend_from_slice(rest);
    }

    /// Waits until everything queued has been written.
    ///
    /// # Errors
    /// When the peer is gone.
    pub async fn flush(&self) -> io::Result<()> {
        while self.write_queued()? {
            self.stream.writable().await?;
        }
        Ok(())
    }

    /// Writes what the socket takes. `true` when something is left.
    fn write_queued(&self) -> io::Result<bool> {
        let mut queue = self.queue();
        if queue.broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        while queue.written < queue.bytes.len() {
            match self.stream.try_write(&queue.bytes[queue.written..]) {
                Ok(written) => queue.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => {
                    queue.broken = true;
                    return Err(error);
                }
            }
        }
        *queue = Queue::default();
        Ok(false)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Poll;

    fn pair() -> (FrameReader, FrameWriter) {
        let (a, b) = UnixStream::pair().unwrap();
        (FrameReader::new(Arc::new(a)), FrameWriter::new(Arc::new(b)))
    }

    async fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
    }

    #[tokio::test]
    async fn frames_of_every_size_arrive_in_order() {
        let (mut reader, writer) = pair();
        let payloads: Vec<Vec<u8>> = [0, 1, 100, 9_000, 70_000, 1 << 20, 3].map(|n| vec![b'x'; n]).to_vec();
        for payload in &payloads {
            let mut wire = Vec::new();
            frame::encode(payload, &mut wire).unwrap();
            writer.push(&wire);
        }
        let flusher = tokio::spawn({
            let writer = writer.clone();
            async move { writer.flush().await }
        });
        for payload in &payloads {
            assert_eq!(reader.next().await.unwrap().unwrap(), payload);
        }
        flusher.await.unwrap().unwrap();
        assert_eq!(writer.pending(), 0);
        assert!(poll_once(reader.next()).await.is_pending());
        assert_eq!(reader.buffer.capacity(), 0, "an idle reader holds no buffer");
        drop(writer);
        assert!(reader.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn frames_that_came_together_are_given_out_one_in_each_round() {
        let (mut reader, writer) = pair();
        let mut wire = Vec::new();
        for payload in [b"1", b"2", b"3"] {
            frame::encode(payload, &mut wire).unwrap();
        }
        writer.push(&wire);
        assert_eq!(reader.next().await.unwrap().unwrap(), b"1");
        assert!(poll_once(reader.next()).await.is_pending(), "others have had no turn");
        // Asking again, as a loop does that was woken by something else, loses neither the frame nor the turn.
        assert!(matches!(poll_once(reader.next()).await, Poll::Ready(Ok(Some(b"2")))));
        assert!(poll_once(reader.next()).await.is_pending());
        assert_eq!(reader.next().await.unwrap().unwrap(), b"3");
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_in_crumbs_arrives_and_is_looked_at_now_and_then_only() {
        let (mut reader, writer) = pair();
        let mut wire = Vec::new();
        frame::encode(&[b'x'; 20], &mut wire).unwrap();
        let began = Instant::now();
        for count in 1..=3 {
            assert_eq!(reader.gather_until, None);
            writer.push(&wire[count - 1..count]);
            while reader.buffer.len() < count {
                assert!(poll_once(reader.next()).await.is_pending());
                tokio::task::yield_now().await;
            }
        }
        writer.push(&wire[3..]);
        assert_eq!(reader.next().await.unwrap().unwrap(), [b'x'; 20]);
        assert!(began.elapsed() >= GATHER);
        // The next one, in a header and a body of its own, is not held up.
        let began = Instant::now();
        writer.push(&wire[..HEADER]);
        while reader.buffer.len() < HEADER {
            assert!(poll_once(reader.next()).await.is_pending());
            tokio::task::yield_now().await;
        }
        writer.push(&wire[HEADER..]);
        assert_eq!(reader.next().await.unwrap().unwrap(), [b'x'; 20]);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_huge_length_is_refused_before_anything_is_allocated() {
        let (mut reader, writer) = pair();
        writer.push(&[0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(reader.next().await, Err(ReadError::Frame(FrameError::TooLarge { .. }))));
        assert!(reader.buffer.capacity() < 64 * 1024);
    }

    #[tokio::test]
    async fn a_peer_that_never_reads_only_fills_its_own_queue() {
        let (reader, writer) = pair();
        let mut wire = Vec::new();
        frame::encode(&vec![b'x'; 1 << 20], &mut wire).unwrap();
        writer.push(&wire);
        assert!(writer.pending() > 0);
        drop(reader);
        assert!(writer.flush().await.is_err());
    }
}
