//! A socket without a shim: frames as a test wants them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use bridge_proto::control::Control;
use bridge_proto::frame::{self, HEADER};
use bridge_proto::hello::{ClientHello, Role};
use serde_json::{Value, json};

use super::{Env, Outcome, PATIENCE};

/// A connection to the daemon's socket.
pub(crate) struct Raw {
    stream: UnixStream,
    next_id: u64,
}

impl Raw {
    /// A connection that has said nothing yet.
    pub(crate) fn dial(env: &Env) -> Self {
        let stream = UnixStream::connect(env.paths().socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, next_id: 0 }
    }

    /// A connection in that role that was welcomed.
    pub(crate) fn hello(env: &Env, role: Role) -> Self {
        let mut raw = Self::dial(env);
        raw.json(&serde_json::to_value(ClientHello::new(role, "test")).unwrap());
        let welcome = raw.read_json();
        assert!(welcome["pid"].is_u64(), "not welcome: {welcome}");
        raw
    }

    /// A connection that plays the shim of a client that has shaken hands.
    pub(crate) fn client(env: &Env) -> Self {
        let mut raw = Self::hello(env, Role::Mcp);
        let client = json!({"name": "raw", "version": "1"});
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        assert!(raw.request("initialize", params)["result"].is_object());
        raw.json(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        raw
    }

    /// The same connection once more, to write to it while this one reads.
    pub(crate) fn second_half(&self) -> Self {
        Self { stream: self.stream.try_clone().unwrap(), next_id: self.next_id }
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Writes one frame.
    pub(crate) fn frame(&mut self, payload: &[u8]) {
        let mut wire = Vec::new();
        frame::encode(payload, &mut wire).unwrap();
        self.bytes(&wire);
    }

    /// Writes a value as one frame.
    pub(crate) fn json(&mut self, value: &Value) {
        self.frame(value.to_string().as_bytes());
    }

    /// The payload of the next frame; `None` at the end.
    pub(crate) fn read(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; HEADER];
        if let Err(error) = self.stream.read_exact(&mut header) {
            let ended = matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset);
            assert!(ended, "no frame in time: {error}");
            return None;
        }
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes(header)).unwrap()];
        self.stream.read_exact(&mut payload).unwrap();
        Some(payload)
    }

    /// The next frame as JSON.
    pub(crate) fn read_json(&mut self) -> Value {
        serde_json::from_slice(&self.read().expect("the daemon closed the connection")).unwrap()
    }

    /// Sends a request without waiting; returns its id.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> u64 {
        self.next_id += 1;
        self.json(&json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}));
        self.next_id
    }

    /// Sends a request and waits for its answer; control frames before it are passed over.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        loop {
            let message = self.read_json();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Calls a tool.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Outcome {
        Outcome(self.request("tools/call", json!({"name": tool, "arguments": arguments})))
    }

    /// The next control frame.
    pub(crate) fn control(&mut self) -> Control {
        loop {
            let payload = self.read().expect("the daemon closed the connection");
            if Control::is_control(&payload) {
                return Control::parse(&payload).unwrap();
            }
        }
    }

    /// Whether the daemon closes the connection, whatever it still says before.
    pub(crate) fn is_closed(&mut self) -> bool {
        while self.read().is_some() {}
        true
    }
}
