//! The client's two pipes. Neither is ever waited for: a client that stops reading must not stop the relay.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, BorrowedFd};

use bridge_failpoints::{Point, pass};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{read, write};

use crate::queue::ByteQueue;

/// Most that a pipe takes without blocking once it polls as writable.
const CHUNK: usize = nix::libc::PIPE_BUF;

/// The client went away: nobody reads standard output any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// What a read from the client yielded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// So many bytes.
    Bytes(usize),
    /// Nothing just now.
    Nothing,
    /// The client closed its end.
    End,
}

/// Standard input and output, and what is still to be written.
pub(crate) struct Client<'fd> {
    stdin: Option<BorrowedFd<'fd>>,
    stdout: BorrowedFd<'fd>,
    out: ByteQueue,
    /// Leases to confirm once everything before the place in the stream was written.
    receipts: VecDeque<(u64, u64)>,
}

impl<'fd> Client<'fd> {
    pub(crate) fn new(stdin: BorrowedFd<'fd>, stdout: BorrowedFd<'fd>) -> Self {
        Self { stdin: Some(stdin), stdout, out: ByteQueue::default(), receipts: VecDeque::new() }
    }

    /// Standard input until it ended.
    pub(crate) fn stdin(&self) -> Option<BorrowedFd<'fd>> {
        self.stdin
    }

    pub(crate) fn stdout(&self) -> BorrowedFd<'fd> {
        self.stdout
    }

    /// Bytes that the client has not taken yet.
    pub(crate) fn backlog(&self) -> usize {
        self.out.len()
    }

    /// Reads what is there. Only after standard input polled as readable.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Input {
        let Some(stdin) = self.stdin else {
            return Input::End;
        };
        match read(stdin, buffer) {
            Ok(0) => {}
            Ok(count) => return Input::Bytes(count),
            Err(Errno::EINTR | Errno::EAGAIN) => return Input::Nothing,
            Err(_) => {}
        }
        self.stdin = None;
        Input::End
    }

    /// Queues one line.
    pub(crate) fn send(&mut self, line: &[u8]) {
        self.out.push(line);
        self.out.push(b"\n");
    }

    /// Asks for a receipt once everything queued so far was written.
    pub(crate) fn expect_receipt(&mut self, lease: u64) {
        self.receipts.push_back((self.out.end(), lease));
    }

    /// The daemon that gave the leases is gone.
    pub(crate) fn forget_receipts(&mut self) {
        self.receipts.clear();
    }

    /// The next lease whose lines have reached the client.
    pub(crate) fn receipt(&mut self) -> Option<u64> {
        let written = self.out.start();
        self.receipts.pop_front_if(|(place, _)| *place <= written).map(|(_, lease)| lease)
    }

    /// Writes as much as the client takes right now.
    pub(crate) fn flush(&mut self) -> Result<(), Gone> {
        while !self.out.is_empty() && is_writable(self.stdout)? {
            let front = self.out.front();
            match write(self.stdout, &front[..front.len().min(CHUNK)]) {
                Ok(count) => {
                    self.out.consume(count);
                    if !self.out.is_empty() {
                        pass(Point::WithinAnswer);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(_) => return Err(Gone),
            }
        }
        Ok(())
    }
}

fn is_writable(fd: BorrowedFd<'_>) -> Result<bool, Gone> {
    let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
    if poll(&mut fds, PollTimeout::ZERO).is_err() {
        return Ok(false);
    }
    let seen = fds[0].revents().unwrap_or(PollFlags::POLLERR);
    if is_broken(seen) { Err(Gone) } else { Ok(seen.contains(PollFlags::POLLOUT)) }
}

/// Whether a poll says that a descriptor's other end is gone.
pub(crate) fn is_broken(seen: PollFlags) -> bool {
    seen.intersects(PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL)
}

/// Tells a person something on standard error, or nobody if that would block: some clients never read it.
pub(crate) fn say(message: &str) {
    let stderr = std::io::stderr();
    if is_writable(stderr.as_fd()) == Ok(true) {
        let mut line = format!("bridge-shim: {}", message.replace('\n', " ")).into_bytes();
        line.truncate(CHUNK - 1);
        line.push(b'\n');
        // Nothing can be done about a diagnostic that cannot be written.
        write(stderr.as_fd(), &line).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_receipt_waits_for_its_last_byte() {
        let (stdin, _client_in) = nix::unistd::pipe().unwrap();
        let (client_out, stdout) = std::io::pipe().unwrap();
        let mut client = Client::new(stdin.as_fd(), stdout.as_fd());
        let line = vec![b'x'; 300_000];
        client.send(&line);
        client.expect_receipt(1);
        client.send(b"{}");
        client.expect_receipt(2);
        let mut read_back = 0;
        let mut buffer = vec![0; 4096];
        while client.backlog() > 3 {
            client.flush().unwrap();
            if client.backlog() > 3 {
                assert_eq!(client.receipt(), None);
                read_back += (&client_out).read(&mut buffer).unwrap();
            }
        }
        client.flush().unwrap();
        assert_eq!((client.receipt(), client.receipt(), client.receipt()), (Some(1), Some(2), None));
        while read_back < line.len() + 4 {
            read_back += (&client_out).read(&mut buffer).unwrap();
        }
    }

    #[test]
    fn a_client_that_closed_its_end_is_gone() {
        let (stdin, client_in) = nix::unistd::pipe().unwrap();
        let (client_out, stdout) = std::io::pipe().unwrap();
        let mut client = Client::new(stdin.as_fd(), stdout.as_fd());
        drop((client_in, client_out));
        client.send(b"{}");
        assert_eq!(client.flush(), Err(Gone));
        assert_eq!(client.read(&mut [0; 8]), Input::End);
        assert!(client.stdin().is_none());
    }
}
