//! An MCP client over the stdio of a real shim.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::env::{Env, SHIM};
use super::processes::signal;
use super::{Outcome, PATIENCE, until_some};

/// The revision that most clients in the field speak.
pub(crate) const USUAL: &str = "2025-06-18";
/// The first revision without a handshake.
pub(crate) const NEWEST: &str = "2026-07-28";

/// A client and its shim. The shim is killed on drop.
pub(crate) struct Shim {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    lines: Option<Receiver<Value>>,
    answers: HashMap<String, Value>,
    /// Everything from the server that was no answer, in order.
    pub(crate) notifications: Vec<Value>,
    next_id: u64,
    /// Where standard input comes back from a thread that writes to it.
    returned: Option<Receiver<ChildStdin>>,
    /// What every request carries as `_meta`, on revisions that ask for it.
    meta: Option<Value>,
}

impl Shim {
    /// A client that has shaken hands on the usual revision.
    pub(crate) fn connect(env: &Env) -> Self {
        let mut shim = Self::spawn(env);
        shim.initialize(USUAL);
        shim
    }

    /// A client in a process of its own, which the test is no child of and which is no child of a client.
    pub(crate) fn below_client(env: &Env) -> Self {
        let mut client = env.command("sh");
        client.args(["-c", "\"$0\"; exit", SHIM]);
        let mut shim = Self::from_command(client);
        shim.initialize(USUAL);
        shim
    }

    /// A client that has said nothing yet.
    pub(crate) fn spawn(env: &Env) -> Self {
        Self::from_command(env.command(SHIM))
    }

    /// The same with a command of one's own.
    pub(crate) fn from_command(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        Self {
            child,
            stdin,
            stdout,
            lines: None,
            answers: HashMap::new(),
            notifications: Vec::new(),
            next_id: 0,
            returned: None,
            meta: None,
        }
    }

    /// Shakes hands; returns the server's answer.
    pub(crate) fn initialize(&mut self, revision: &str) -> Value {
        self.initialize_as(revision, "black-box", "1.0")
    }

    /// The same under a name.
    pub(crate) fn initialize_as(&mut self, revision: &str, name: &str, version: &str) -> Value {
        let client = json!({"name": name, "version": version});
        let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
        let answer = self.request("initialize", params);
        self.notify("notifications/initialized", json!({}));
        answer["result"].clone()
    }

    /// From now on every request says itself what a handshake would have said.
    pub(crate) fn without_handshake(&mut self) {
        self.meta = Some(json!({
            "io.modelcontextprotocol/protocolVersion": NEWEST,
            "io.modelcontextprotocol/clientInfo": {"name": "black-box", "version": "1.0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }));
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("standard input was closed");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).unwrap();
    }

    /// Writes in a thread of its own, for what the pipe does not take at once.
    pub(crate) fn write_beside(mut self, text: String) -> (JoinHandle<()>, Self) {
        let mut stdin = self.stdin.take().expect("standard input was closed");
        let (sender, done) = channel::<ChildStdin>();
        self.returned = Some(done);
        let writer = std::thread::spawn(move || {
            // The shim may be killed at the end of the test.
            if stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).is_ok() {
                sender.send(stdin).ok();
            }
        });
        (writer, self)
    }

    /// Writes one message.
    pub(crate) fn write_json(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes());
    }

    /// The line of a request, and the id it was given.
    pub(crate) fn line_of(&mut self, method: &str, mut params: Value) -> (String, u64) {
        self.next_id += 1;
        if let Some(meta) = &self.meta {
            let mut meta = meta.clone();
            if let Some(own) = params["_meta"].as_object() {
                meta.as_object_mut().unwrap().extend(own.clone());
            }
            params["_meta"] = meta;
        }
        let id = self.next_id;
        (format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})), id)
    }

    /// Sends a request without waiting for its answer; returns its id.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> u64 {
        let (line, id) = self.line_of(method, params);
        self.write(line.as_bytes());
        id
    }

    /// Sends a tool call without waiting for its answer; returns its id.
    pub(crate) fn begin_call(&mut self, tool: &str, arguments: Value) -> u64 {
        self.begin("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Sends a notification.
    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.write_json(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and waits for its answer.
    #[track_caller]
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.answer(id)
    }

    /// Calls a tool.
    #[track_caller]
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Outcome {
        let id = self.begin_call(tool, arguments);
        Outcome(self.answer(id))
    }

    /// Calls a tool until it succeeds or fails for good. Only for calls that may be repeated.
    #[track_caller]
    pub(crate) fn call_stubbornly(&mut self, tool: &str, arguments: &Value) -> Outcome {
        until_some("a retryable call succeeds", || {
            let outcome = self.call(tool, arguments.clone());
            (!outcome.is_retryable()).then_some(outcome)
        })
    }

    /// Waits for the answer to a request.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: impl Into<Value>) -> Value {
        let id = id.into();
        self.try_answer(id.clone()).unwrap_or_else(|| panic!("the shim ended before it answered {id}"))
    }

    /// The same, where the shim may end before.
    #[track_caller]
    pub(crate) fn try_answer(&mut self, id: impl Into<Value>) -> Option<Value> {
        let key = id.into().to_string();
        loop {
            if let Some(answer) = self.answers.remove(&key) {
                return Some(answer);
            }
            self.receive(&key)?;
        }
    }

    /// Waits for a notification of that method.
    #[track_caller]
    pub(crate) fn notification(&mut self, method: &str) -> Value {
        loop {
            if let Some(at) = self.notifications.iter().position(|note| note["method"] == method) {
                return self.notifications.remove(at);
            }
            self.receive(method).expect("the shim ended before it notified");
        }
    }

    /// Whether a notification of that method has come before what was waited for last.
    pub(crate) fn was_notified(&self, method: &str) -> bool {
        self.notifications.iter().any(|note| note["method"] == method)
    }

    /// Whether that answer is there already.
    pub(crate) fn has_answer(&mut self, id: u64) -> bool {
        self.start_reading();
        while let Ok(message) = self.lines.as_ref().unwrap().try_recv() {
            self.sort(message);
        }
        self.answers.contains_key(&id.to_string())
    }

    /// Sorts in the next message; `None` when there will be none.
    #[track_caller]
    fn receive(&mut self, wanted: &str) -> Option<()> {
        self.start_reading();
        match self.lines.as_ref().unwrap().recv_timeout(PATIENCE) {
            Ok(message) => {
                self.sort(message);
                Some(())
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no answer in time: {wanted}"),
        }
    }

    fn sort(&mut self, message: Value) {
        if message.get("method").is_some() {
            self.notifications.push(message);
        } else {
            self.answers.insert(message["id"].to_string(), message);
        }
    }

    /// Starts to read what the shim writes; nothing does before somebody wants an answer.
    pub(crate) fn start_reading(&mut self) {
        let Some(stdout) = self.stdout.take() else { return };
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                // A shim that is killed may leave half a line.
                let Ok(message) = serde_json::from_slice(&line) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        self.lines = Some(receiver);
    }

    /// Everything that is still to come until the shim ends.
    pub(crate) fn drain(&mut self) -> Vec<Value> {
        self.start_reading();
        let lines = self.lines.as_ref().unwrap();
        let mut rest: Vec<Value> = self.answers.drain().map(|(_, answer)| answer).collect();
        rest.extend(lines.iter());
        rest
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Sends a signal to the shim.
    pub(crate) fn signal(&self, which: Signal) {
        signal(self.pid(), which);
    }

    /// `kill -9` to the shim.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Closes standard input, as a client does that ends.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Waits for the shim's end; returns how it ended and how long that took.
    pub(crate) fn ended(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        let status = until_some("the shim ends", || self.child.try_wait().unwrap());
        (status, start.elapsed())
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
