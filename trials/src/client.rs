//! An MCP client's two pipes to its shim.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Value, json};

use crate::processes::wait_until;

/// Bytes of one read.
const CHUNK: usize = 64 * 1024;

/// What there is to read.
#[derive(Debug)]
pub(crate) enum Received {
    /// A whole line.
    Message(Value),
    /// Nothing within the time.
    Nothing,
    /// The shim closed its end; half a line before it is dropped.
    End,
}

/// A client and its shim. The shim is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    unread: Vec<u8>,
    next_id: u64,
    /// What every request carries as `_meta`, on revisions without a handshake.
    meta: Option<Value>,
}

impl Client {
    /// Starts the shim.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Ok(Self { child, stdin, stdout, unread: Vec::new(), next_id: 0, meta: None })
    }

    /// From now on every request says itself what a handshake would have said.
    pub(crate) fn say_always(&mut self, meta: Value) {
        self.meta = Some(meta);
    }

    /// The shim's process id.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or_default()
    }

    /// The line of a tool call, and its id.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> (u64, String) {
        self.request("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// The line of a request, and its id.
    pub(crate) fn request(&mut self, method: &str, mut params: Value) -> (u64, String) {
        self.next_id += 1;
        if let Some(meta) = &self.meta {
            params["_meta"] = meta.clone();
        }
        let line = json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params});
        (self.next_id, format!("{line}\n"))
    }

    /// Writes bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(bytes)
    }

    /// Whether something is there to be read, within that time.
    pub(crate) fn is_readable(&self, within: Duration) -> bool {
        let Some(stdout) = &self.stdout else { return false };
        let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(within).unwrap_or(PollTimeout::MAX);
        poll(&mut fds, timeout).is_ok_and(|ready| ready > 0)
    }

    /// The next line, if it is there within that time.
    pub(crate) fn receive(&mut self, within: Duration) -> Received {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                // A line that is no JSON is the shim's fault and nobody's answer: the caller will miss it.
                return serde_json::from_slice(&line).map_or(Received::Nothing, Received::Message);
            }
            if !self.is_readable(within) {
                return Received::Nothing;
            }
            let Some(stdout) = &mut self.stdout else { return Received::End };
            let mut chunk = [0; CHUNK];
            match stdout.read(&mut chunk) {
                Ok(count) if count > 0 => self.unread.extend_from_slice(&chunk[..count]),
                _ => return Received::End,
            }
        }
    }

    /// Closes both pipes at once, as the kernel does for a client that is killed.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
        self.stdout = None;
    }

    /// Waits for the shim's end.
    pub(crate) fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let mut status = None;
        wait_until(patience, || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        });
        status
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
