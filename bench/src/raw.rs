//! Connections to the daemon's socket without a shim, polite or not.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use bridge_proto::control::Control;
use bridge_proto::frame::{self, HEADER};
use bridge_proto::hello::{ClientHello, Role};
use serde_json::Value;

use super::rig::{CREATE, INITIALIZE, INITIALIZED, tool_call};

/// A connection that speaks frames.
pub(crate) struct Raw {
    /// The connection itself, for those who want to misuse it.
    pub(crate) stream: UnixStream,
    payload: Vec<u8>,
}

impl Raw {
    /// Connects and says nothing.
    pub(crate) fn connect(socket: &Path) -> io::Result<Self> {
        Ok(Self { stream: UnixStream::connect(socket)?, payload: Vec::new() })
    }

    /// Connects and says hello as a shim does, then shakes hands as its client.
    pub(crate) fn client(socket: &Path) -> io::Result<Self> {
        let mut raw = Self::connect(socket)?;
        raw.write(&serde_json::to_vec(&ClientHello::new(Role::Mcp, "bench"))?)?;
        raw.answer()?;
        raw.write(INITIALIZE.trim_ascii_end())?;
        raw.answer()?;
        raw.write(INITIALIZED.trim_ascii_end())?;
        Ok(raw)
    }

    /// The same, alone in a conversation.
    pub(crate) fn sender(socket: &Path) -> io::Result<Self> {
        let mut raw = Self::client(socket)?;
        raw.create()?;
        Ok(raw)
    }

    /// Creates a conversation and goes on in it.
    pub(crate) fn create(&mut self) -> io::Result<Value> {
        self.call(&tool_call("create_conversation", CREATE))
    }

    /// Writes one message, with or without its line end.
    pub(crate) fn write(&mut self, message: &[u8]) -> io::Result<()> {
        let mut wire = Vec::new();
        frame::encode(message.trim_ascii_end(), &mut wire).map_err(io::Error::other)?;
        self.stream.write_all(&wire)
    }

    /// The next message that is no control frame.
    pub(crate) fn answer(&mut self) -> io::Result<&[u8]> {
        loop {
            let mut header = [0; HEADER];
            self.stream.read_exact(&mut header)?;
            let length = u32::from_be_bytes(header);
            self.payload.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
            self.stream.read_exact(&mut self.payload)?;
            if !Control::is_control(&self.payload) {
                return Ok(&self.payload);
            }
        }
    }

    /// One call whose answer must be no failure.
    pub(crate) fn call(&mut self, line: &[u8]) -> io::Result<Value> {
        self.write(line)?;
        let answer: Value = serde_json::from_slice(self.answer()?)?;
        let failed = answer.get("error").is_some() || answer["result"]["isError"] == true;
        if failed { Err(io::Error::other(answer.to_string())) } else { Ok(answer) }
    }

    /// Sends `count` times with many under way at once.
    pub(crate) fn fill(&mut self, line: &[u8], count: usize) -> io::Result<()> {
        let (mut sent, mut answered) = (0, 0);
        while answered < count {
            let until = count.min(answered + UNDER_WAY);
            while sent < until {
                // The daemon tells calls apart by their ids.
                self.write(&with_id(line, sent))?;
                sent += 1;
            }
            let answer = self.answer()?;
            if contains(answer, br#""isError":true"#) || contains(answer, br#""error":"#) {
                return Err(io::Error::other(String::from_utf8_lossy(answer).into_owned()));
            }
            answered += 1;
        }
        Ok(())
    }
}

/// Calls of one connection at once; the daemon takes 64.
const UNDER_WAY: usize = 48;

fn with_id(line: &[u8], id: usize) -> Vec<u8> {
    String::from_utf8_lossy(line).replacen("\"id\":1,", &format!("\"id\":{},", id + 1), 1).into_bytes()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).take(400).any(|window| window == part)
}
