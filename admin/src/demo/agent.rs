//! A scripted agent: what an MCP client does, over a real `bridge-shim`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::sandbox::Sandbox;
use super::stage::Actor;
use crate::failure::Failure;
use crate::signals::{GLANCE, Signals};

/// Far longer than anything in the demo takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a shim may live on when its client has closed the pipe.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// How a client begins to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// `initialize` with this revision, as clients have done from the beginning.
    Initialize(&'static str),
    /// No handshake: every request says who asks (2026-07-28).
    Inline(&'static str),
}

/// What came of a call.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// The tool's structured result.
    Done(Value),
    /// The tool refused: its error object.
    Refused(Value),
    /// The request itself failed: a JSON-RPC error.
    Failed(Value),
}

/// A request whose answer is still to come.
#[derive(Debug)]
pub(super) struct Pending(u64);

/// An agent with its shim.
pub(super) struct Agent {
    actor: Actor,
    lifecycle: Lifecycle,
    shim: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    answers: HashMap<u64, Value>,
    notifications: Vec<String>,
    requests: u64,
    signals: Signals,
}

impl Agent {
    /// Starts the shim, as an MCP client would.
    pub(super) fn start(sandbox: &Sandbox, actor: Actor, lifecycle: Lifecycle) -> Result<Self, Failure> {
        let mut shim = sandbox.start_shim(actor.name())?;
        let (sender, lines) = channel();
        let input = shim.stdin.take();
        if let Some(output) = shim.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines() {
                    let Some(message) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
                        return;
                    };
                    if sender.send(message).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self {
            actor,
            lifecycle,
            shim,
            input,
            lines,
            answers: HashMap::new(),
            notifications: Vec::new(),
            requests: 0,
            signals: sandbox.signals().clone(),
        })
    }

    /// Says hello and returns what the server said of itself.
    pub(super) fn greet(&mut self) -> Result<Value, Failure> {
        let client =
            json!({"name": format!("demo-{}", self.actor.name()), "version": env!("CARGO_PKG_VERSION")});
        let greeting = match self.lifecycle {
            Lifecycle::Initialize(revision) => {
                json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client})
            }
            Lifecycle::Inline(_) => json!({}),
        };
        let method = match self.lifecycle {
            Lifecycle::Initialize(_) => "initialize",
            Lifecycle::Inline(_) => "server/discover",
        };
        let result = self.request(method, greeting)?;
        if matches!(self.lifecycle, Lifecycle::Initialize(_)) {
            self.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        }
        Ok(result)
    }

    /// Any request that must succeed.
    pub(super) fn request(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        let pending = self.begin(method, params)?;
        let mut response = self.response(&pending)?;
        match response.get_mut("result").map(Value::take) {
            Some(result) => Ok(result),
            None => Err(Failure::failed(format_args!("{method} of the {}", self.actor.name()), response)),
        }
    }

    /// Calls a tool and waits.
    pub(super) fn call(&mut self, tool: &str, arguments: Value) -> Result<Answer, Failure> {
        let pending = self.begin_call(tool, arguments)?;
        self.answer(&pending)
    }

    /// Calls a tool that must succeed.
    pub(super) fn must(&mut self, tool: &str, arguments: Value) -> Result<Value, Failure> {
        match self.call(tool, arguments)? {
            Answer::Done(result) => Ok(result),
            Answer::Refused(error) | Answer::Failed(error) => {
                Err(Failure::failed(format_args!("{tool} of the {}", self.actor.name()), error))
            }
        }
    }

    /// Calls a tool without waiting.
    pub(super) fn begin_call(&mut self, tool: &str, arguments: Value) -> Result<Pending, Failure> {
        self.begin("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Waits for what came of a call.
    pub(super) fn answer(&mut self, pending: &Pending) -> Result<Answer, Failure> {
        let response = self.response(pending)?;
        if let Some(error) = response.get("error") {
            return Ok(Answer::Failed(error.clone()));
        }
        let result = &response["result"];
        if result["isError"] == true {
            let text = result["content"][0]["text"].as_str().unwrap_or_default();
            return Ok(Answer::Refused(
                serde_json::from_str(text).unwrap_or_else(|_| json!({"message": text})),
            ));
        }
        Ok(Answer::Done(result["structuredContent"].clone()))
    }

    /// Whether the server has sent this notification.
    pub(super) fn was_notified(&self, method: &str) -> bool {
        self.notifications.iter().any(|notification| notification == method)
    }

    /// Closes the pipe, as a client that ends does, and returns how long the shim lived on.
    pub(super) fn leave(mut self) -> Result<Duration, Failure> {
        self.input = None;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.signals.check()?;
            match self.shim.try_wait() {
                Ok(Some(_)) => return Ok(start.elapsed()),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(error) => return Err(Failure::failed("waiting for a shim", error)),
            }
        }
        Err(Failure::Failed(format!("the shim of the {} does not end", self.actor.name())))
    }

    fn begin(&mut self, method: &str, params: Value) -> Result<Pending, Failure> {
        self.requests += 1;
        let mut params = match params {
            Value::Object(params) => params,
            _ => Map::new(),
        };
        if let Lifecycle::Inline(revision) = self.lifecycle {
            params.insert("_meta".to_owned(), self.meta(revision));
        }
        self.write(&json!({"jsonrpc": "2.0", "id": self.requests, "method": method, "params": params}))?;
        Ok(Pending(self.requests))
    }

    /// What revision 2026-07-28 requires of every request.
    fn meta(&self, revision: &str) -> Value {
        json!({
            "io.modelcontextprotocol/protocolVersion": revision,
            "io.modelcontextprotocol/clientInfo":
                {"name": format!("demo-{}", self.actor.name()), "version": env!("CARGO_PKG_VERSION")},
            "io.modelcontextprotocol/clientCapabilities": {},
        })
    }

    fn write(&mut self, message: &Value) -> Result<(), Failure> {
        let Some(input) = &mut self.input else {
            return Err(Failure::Failed(format!("the {} has left already", self.actor.name())));
        };
        let line = format!("{message}\n");
        input.write_all(line.as_bytes()).map_err(|error| {
            Failure::failed(format_args!("writing to the shim of the {}", self.actor.name()), error)
        })
    }

    fn response(&mut self, pending: &Pending) -> Result<Value, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(response) = self.answers.remove(&pending.0) {
                return Ok(response);
            }
            self.signals.check()?;
            match self.lines.recv_timeout(GLANCE) {
                Ok(message) => self.sort(message),
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(RecvTimeoutError::Timeout) => {
                    let text =
                        format!("the {} got no answer within {} s", self.actor.name(), PATIENCE.as_secs());
                    return Err(Failure::Failed(text));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::Failed(format!("the shim of the {} ended", self.actor.name())));
                }
            }
        }
    }

    fn sort(&mut self, message: Value) {
        if let Some(id) = message["id"].as_u64() {
            self.answers.insert(id, message);
        } else if let Some(method) = message["method"].as_str() {
            self.notifications.push(method.to_owned());
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It ends by itself when its pipe closes; after a failure nobody waits for that.
        let _killed = self.shim.kill().is_ok();
        let _reaped = self.shim.wait().is_ok();
    }
}
