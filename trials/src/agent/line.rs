//! An agent's line to the bridge: its client and shim, which may die under every call and are replaced.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_failpoints::Point;
use bridge_proto::paths::SOCKET_VARIABLE;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::board::{Board, ClientPoint, Order};
use crate::client::{Client, Received};
use crate::home::Home;
use crate::model::Violation;

/// The revision that most clients in the field speak.
const USUAL: &str = "2025-06-18";
/// The first revision without a handshake.
const NEWEST: &str = "2026-07-28";
/// Longest time that an answer may take, long poll and every recovery included.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a shim may outlive its client; some are stopped for a while.
const ORPHAN: Duration = Duration::from_secs(10);
/// How often an agent looks whether it is to go on waiting.
const SLICE: Duration = Duration::from_millis(50);

/// Who an agent is.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// It passes conversation, session and token with every call.
    Token(Value),
    /// Its shim knows it by that name.
    Named(String),
}

/// The line broke: nobody knows what became of the calls that were not answered.
#[derive(Debug)]
pub(crate) struct Broken;

/// An agent's line.
#[derive(Debug)]
pub(crate) struct Line {
    number: usize,
    home: Arc<Home>,
    board: Arc<Board>,
    /// Who it speaks for.
    pub(crate) identity: Identity,
    /// Another way to the daemon than its socket.
    cable: Option<PathBuf>,
    armed: Option<Point>,
    client: Option<Client>,
}

impl Line {
    /// A line that is not up yet.
    pub(crate) fn new(
        number: usize,
        home: Arc<Home>,
        board: Arc<Board>,
        identity: Identity,
        cable: Option<PathBuf>,
    ) -> Self {
        Self { number, home, board, identity, cable, armed: None, client: None }
    }

    /// Calls tools, all written in one go. Hands every answer over as soon as it is read.
    pub(crate) fn call(
        &mut self,
        tool: &str,
        calls: &[Value],
        mut each: impl FnMut(usize, Answer),
    ) -> Result<(), Broken> {
        self.obey();
        self.up()?;
        let dies = match self.board.posts[self.number].order() {
            Some(Order::Die(point)) => Some(point),
            _ => None,
        };
        let Some(client) = &mut self.client else { return Err(Broken) };
        let (mut ids, mut text) = (Vec::new(), String::new());
        for arguments in calls {
            let (id, line) = client.call(tool, &identified(&self.identity, arguments));
            ids.push(id);
            text.push_str(&line);
        }
        if dies == Some(ClientPoint::WithinRequest) {
            // Whether it takes the half of it is all the same.
            client.write(&text.as_bytes()[..text.len() / 2]).ok();
            return self.die(ClientPoint::WithinRequest);
        }
        if client.write(text.as_bytes()).is_err() {
            return self.hear_last(&ids, each);
        }
        match dies {
            Some(ClientPoint::AfterRequest) => return self.die(ClientPoint::AfterRequest),
            Some(ClientPoint::BeforeAnswerRead) => {
                client.is_readable(PATIENCE);
                return self.die(ClientPoint::BeforeAnswerRead);
            }
            _ => {}
        }
        self.hear(&ids, &mut each)?;
        if dies == Some(ClientPoint::AfterAnswerRead) {
            return self.die(ClientPoint::AfterAnswerRead);
        }
        Ok(())
    }

    /// One call and its answer.
    pub(crate) fn one(&mut self, tool: &str, arguments: &Value) -> Result<Answer, Broken> {
        let mut answer = None;
        self.call(tool, std::slice::from_ref(arguments), |_, read| answer = Some(read))?;
        answer.ok_or(Broken)
    }

    /// Reads until everything is answered.
    fn hear(&mut self, ids: &[u64], each: &mut impl FnMut(usize, Answer)) -> Result<(), Broken> {
        let (start, mut missing) = (Instant::now(), ids.len());
        while missing > 0 {
            let Some(client) = &mut self.client else { return Err(Broken) };
            match client.receive(SLICE) {
                Received::Message(message) => {
                    let answered = message["id"].as_u64();
                    if let Some(index) = ids.iter().position(|id| answered == Some(*id)) {
                        each(index, Answer::read(&message));
                        missing -= 1;
                    }
                }
                Received::Nothing if start.elapsed() < PATIENCE && !self.board.is_aborted() => {}
                Received::Nothing => return self.hang(missing),
                Received::End => return self.shim_ended(),
            }
        }
        Ok(())
    }

    /// The shim does not take anything any more: what it had written before still counts.
    fn hear_last(&mut self, ids: &[u64], mut each: impl FnMut(usize, Answer)) -> Result<(), Broken> {
        self.hear(ids, &mut each)?;
        self.shim_ended()
    }

    fn hang(&mut self, missing: usize) -> Result<(), Broken> {
        if !self.board.is_aborted() {
            let problem = format!("{missing} calls were not answered within {} s", PATIENCE.as_secs());
            self.board.violation(Violation::Misanswered { agent: self.name(), problem });
        }
        self.client = None;
        Err(Broken)
    }

    /// The client dies here, as if it were killed.
    fn die(&mut self, point: ClientPoint) -> Result<(), Broken> {
        self.board.fault(point.name());
        self.board.posts[self.number].carried_out();
        self.let_go();
        Err(Broken)
    }

    /// Closes the pipes and sees the shim off.
    fn let_go(&mut self) {
        let Some(mut client) = self.client.take() else { return };
        client.hang_up();
        if client.ended(ORPHAN).is_none() {
            let what = format!("the shim of {} outlived its client by {} s", self.name(), ORPHAN.as_secs());
            self.board.violation(Violation::Stuck { what });
        }
        self.board.posts[self.number].set_shim(0);
    }

    fn shim_ended(&mut self) -> Result<(), Broken> {
        let post = &self.board.posts[self.number];
        let Some(mut client) = self.client.take() else { return Err(Broken) };
        let status = client.ended(ORPHAN);
        let killed = status.is_some_and(|status| status.signal() == Some(Signal::SIGKILL as i32));
        let shot = post.was_shot();
        post.set_shim(0);
        match (killed, shot, self.armed.take()) {
            (true, true, _) => {}
            (true, false, Some(point)) => self.board.fault(point.name()),
            _ => {
                let problem = format!("its shim ended by itself: {status:?}");
                self.board.violation(Violation::Misanswered { agent: self.name(), problem });
            }
        }
        Err(Broken)
    }

    /// Carries out an order that is not for a moment within a call.
    fn obey(&mut self) {
        if let Some(Order::Arm(point, passage)) = self.board.posts[self.number].order() {
            self.let_go();
            // One that cannot be started is started without being armed.
            self.start(Some((point, passage))).ok();
            self.board.posts[self.number].carried_out();
        }
    }

    /// Starts client and shim where there are none.
    fn up(&mut self) -> Result<(), Broken> {
        if self.client.is_some() {
            return Ok(());
        }
        self.armed = None;
        self.start(None).map_err(|error| {
            let what = format!("the shim of {} could not be started: {error}", self.name());
            self.board.violation(Violation::Stuck { what });
            self.board.abort();
            Broken
        })?;
        if self.client.is_some() { Ok(()) } else { Err(Broken) }
    }

    fn start(&mut self, armed: Option<(Point, u32)>) -> io::Result<()> {
        let mut command = self.home.shim()?;
        if let Identity::Named(name) = &self.identity {
            command.args(["--agent", name]);
        }
        if let Some(cable) = &self.cable {
            // A daemon that it started would listen on the cable.
            command.env(SOCKET_VARIABLE, cable).env("BRIDGE_NO_AUTOSTART", "1");
        }
        if let Some((point, passage)) = armed {
            command.env("FAILPOINTS", point.armed(passage));
        }
        let client = Client::start(command)?;
        self.board.posts[self.number].set_shim(client.pid());
        self.client = Some(client);
        self.armed = armed.map(|(point, _)| point);
        // Every third pair.
        if self.number / 2 % 3 == 2 {
            self.introduce()
        } else {
            self.shake_hands()
        }
        Ok(())
    }

    /// Without a handshake: every request says who calls.
    fn introduce(&mut self) {
        if let Some(client) = &mut self.client {
            client.say_always(json!({
                "io.modelcontextprotocol/protocolVersion": NEWEST,
                "io.modelcontextprotocol/clientInfo": {"name": "trial", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            }));
        }
    }

    /// Until it is done, or the line is broken again.
    fn shake_hands(&mut self) {
        let client_info = json!({"name": "trial", "version": "1"});
        let params = json!({"protocolVersion": USUAL, "capabilities": {}, "clientInfo": client_info});
        while let Some(client) = &mut self.client {
            let (id, line) = client.request("initialize", params.clone());
            let mut done = false;
            let written = client.write(line.as_bytes());
            let heard = match written {
                Ok(()) => self.hear(&[id], &mut |_, answer| done = matches!(answer, Answer::Done(_))),
                Err(_) => self.shim_ended(),
            };
            if heard.is_ok() && done {
                let initialized = b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
                // A shim that is gone by now is noticed by the next call.
                if let Some(client) = &mut self.client {
                    client.write(initialized).ok();
                }
                return;
            }
        }
    }

    /// Ends client and shim in good order.
    pub(crate) fn close(&mut self) {
        self.let_go();
    }

    /// How a report names the agent.
    pub(crate) fn name(&self) -> String {
        format!("agent {}", self.number)
    }
}

/// The arguments of a call, with what proves who calls.
fn identified(identity: &Identity, arguments: &Value) -> Value {
    let mut all = arguments.clone();
    if let (Identity::Token(Value::Object(proof)), Value::Object(all)) = (identity, &mut all) {
        all.extend(proof.clone());
    }
    all
}
