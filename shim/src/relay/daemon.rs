//! The relay's side towards the daemon: hello, replay, what comes down, and what a loss means.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use bridge_failpoints::{Point, pass};
use bridge_proto::PROTOCOL;
use bridge_proto::control::Control;
use bridge_proto::frame;
use bridge_proto::hello::{ClientHello, Refusal, RefusalCode, Role, ServerHello, Welcome};
use bridge_proto::peek::peek;

use super::{BACKLOG, Relay, SCRATCH};
use crate::client::say;
use crate::down::{FrameReader, glance};
use crate::errors::Failure;
use crate::link::Link;
use crate::outbox::Outbox;
use crate::queue::ByteQueue;

/// How long the daemon may take to answer the hello.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// How long a refused shim waits for the first request to tell the reason to.
const REFUSED_LINGER: Duration = Duration::from_secs(5);

/// How many reads are made to get the last answers of a connection that no longer takes requests.
const LAST_READS: usize = 64;

impl Relay<'_> {
    /// Tries to get a connection and says hello on it.
    pub(super) fn connect(&mut self) {
        let wanted = !self.up.is_empty() || self.session.waiting_since().is_some();
        let Some(stream) = self.connector.attempt(self.now, wanted) else {
            return;
        };
        let mut hello = ClientHello::new(Role::Mcp, env!("CARGO_PKG_VERSION"));
        hello.agent = self.name.as_ref().map(|name| name.shown().to_owned());
        hello.resume = self.session.resume();
        hello.reconnect = self.served_before;
        // Serialising a struct of strings into memory cannot fail.
        push_frame(&mut self.preamble, &serde_json::to_vec(&hello).unwrap_or_default());
        self.link = Link::Greeting { stream, deadline: self.now + HELLO_DEADLINE };
    }

    /// Writes what the daemon takes.
    pub(super) fn flush_daemon(&mut self) {
        while let Some(stream) = self.link.stream() {
            let up = matches!(self.link, Link::Up(_));
            let greeting = !self.preamble.is_empty();
            let bytes = if greeting { self.preamble.front() } else { self.up.front() };
            if bytes.is_empty() || !(greeting || up) {
                return;
            }
            match (&*stream).write(bytes) {
                Ok(count) if greeting => self.preamble.consume(count),
                Ok(count) => {
                    pass(Point::AfterRequest);
                    self.up.consume(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.receive_last();
                    // What was read may have ended the connection in its own way: a refusal, say.
                    if self.link.stream().is_some() {
                        self.lose(&error.to_string());
                    }
                }
            }
        }
    }

    /// Reads what the daemon sent.
    pub(super) fn receive(&mut self) {
        while let Some(stream) = self.link.stream() {
            match (&*stream).read(&mut self.scratch) {
                Ok(0) => return self.lose("it closed the connection"),
                Ok(count) => {
                    self.incoming(count);
                    if count < SCRATCH || self.client.backlog() > BACKLOG {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => return self.lose(&error.to_string()),
            }
        }
    }

    /// Reads the answers that were on their way when the daemon stopped taking requests.
    fn receive_last(&mut self) {
        for _ in 0..LAST_READS {
            let Some(stream) = self.link.stream() else { return };
            match (&*stream).read(&mut self.scratch) {
                Ok(count) if count > 0 => self.incoming(count),
                _ => return,
            }
        }
    }

    fn incoming(&mut self, count: usize) {
        let mut frames = std::mem::take(&mut self.frames);
        let scratch = std::mem::take(&mut self.scratch);
        let fed = frames.feed(&scratch[..count], |payload| self.frame(payload));
        self.scratch = scratch;
        match fed {
            _ if self.link.stream().is_none() => {}
            Ok(()) => self.frames = frames,
            Err(error) => self.lose(&format!("it does not speak the bridge protocol: {error}")),
        }
    }

    fn frame(&mut self, payload: &[u8]) {
        match &self.link {
            Link::Up(_) if Control::is_control(payload) => self.control(payload),
            Link::Up(_) => self.message(payload),
            Link::Greeting { .. } => self.answer_to_hello(payload),
            Link::Down | Link::Refused { .. } => {}
        }
    }

    fn control(&mut self, payload: &[u8]) {
        match Control::parse(payload) {
            Ok(Control::Confirm { lease }) => self.client.expect_receipt(lease),
            Ok(Control::Bound { resume }) => self.bound(resume),
            Ok(Control::GoingAway) => self.goodbye = true,
            // Something that only a newer daemon means: it knows that older shims ignore it.
            Ok(Control::Delivered { .. }) | Err(_) => {}
        }
    }

    fn bound(&mut self, resume: String) {
        self.session.bound(resume);
        if let Some(name) = &mut self.name
            && let Err(error) = name.remember(self.session.resume())
        {
            say(&format!(
                "the sessions of agent {:?} cannot be kept for its next start: {error}",
                name.shown()
            ));
        }
    }

    fn message(&mut self, payload: &[u8]) {
        let seen = glance(payload);
        let wanted = match (seen.id, seen.method.as_deref()) {
            (Some(id), None) => self.session.answered(id),
            (None, Some("notifications/subscriptions/acknowledged")) => self.session.acknowledged(payload),
            _ => true,
        };
        if wanted {
            pass(Point::BeforeAnswer);
            self.client.send(payload);
        }
    }

    fn answer_to_hello(&mut self, payload: &[u8]) {
        match serde_json::from_slice(payload) {
            Ok(ServerHello::Welcome(Welcome { protocol: PROTOCOL, .. })) => self.welcome(),
            Ok(ServerHello::Welcome(other)) => self.refused(&format!(
                "the daemon (version {}) speaks bridge protocol {}, this shim (version {}) speaks {PROTOCOL}; \
                 install both from one release and restart both",
                other.version,
                other.protocol,
                env!("CARGO_PKG_VERSION")
            )),
            // It is about to be replaced; being refused for good would be the client's problem for no reason.
            Ok(ServerHello::Refused { refused: Refusal { code: RefusalCode::ShuttingDown, message } }) => {
                self.goodbye = true;
                self.lose(&message);
            }
            Ok(ServerHello::Refused { refused }) => self.refused(&refused.message),
            Err(_) => self.lose("what listens there does not speak the bridge protocol"),
        }
    }

    fn welcome(&mut self) {
        let Link::Greeting { stream, .. } = std::mem::replace(&mut self.link, Link::Down) else {
            return;
        };
        self.link = Link::Up(stream);
        self.connector.welcomed();
        self.served_before = true;
        self.goodbye = false;
        for line in self.session.replay() {
            push_frame(&mut self.preamble, line);
        }
    }

    pub(super) fn refused(&mut self, message: &str) {
        say(&Failure::Refused(message).message());
        let ids = self.session.take_all();
        for id in &ids {
            self.client.send(Failure::Refused(message).answer(Some(id)).as_bytes());
        }
        self.preamble.clear();
        self.up = Outbox::default();
        let until = (!self.served_before).then(|| self.now + REFUSED_LINGER);
        self.link = Link::Refused { message: message.into(), until, answered: !ids.is_empty() };
    }

    /// The connection is gone: tells the client about the calls nobody knows the outcome of, and keeps the rest.
    pub(super) fn lose(&mut self, problem: &str) {
        let before = std::mem::replace(&mut self.link, Link::Down);
        self.frames = FrameReader::default();
        self.preamble.clear();
        if let Link::Up(_) = before {
            self.client.forget_receipts();
            let written = self.up.written();
            let unsent = self.up.take_unsent();
            for id in self.session.lost(written, self.now) {
                self.client.send(Failure::Restarted.answer(Some(&id)).as_bytes());
            }
            for line in unsent {
                self.relay(&peek(&line), &line);
            }
        }
        self.connector.lost(problem.to_owned(), std::mem::take(&mut self.goodbye), self.now);
    }
}

fn push_frame(queue: &mut ByteQueue, payload: &[u8]) {
    // Everything pushed here was a line within the limit or is a hello, far below it.
    if let Ok(header) = frame::header(payload.len()) {
        queue.push(&header);
        queue.push(payload);
    }
}
