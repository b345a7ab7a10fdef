//! The relay: one thread around `poll(2)` that never blocks anywhere else.
//!
//! One thread because order is the contract: a delivery is confirmed after its line was written and before the
//! client's next line is relayed, which two threads would have to negotiate.

mod daemon;
mod ready;

use std::ops::ControlFlow::{self, Break, Continue};
use std::os::fd::BorrowedFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bridge_failpoints::{Point, pass};
use bridge_proto::control::Control;
use bridge_proto::frame::MAX_PAYLOAD;
use bridge_proto::paths::Paths;
use bridge_proto::peek::Peek;

use crate::autostart::FindLaunch;
use crate::client::{Client, Gone, Input, say};
use crate::connect::Connector;
use crate::down::FrameReader;
use crate::errors::Failure;
use crate::link::Link;
use crate::name::{DERIVED, Name};
use crate::outbox::Outbox;
use crate::queue::ByteQueue;
use crate::session::Session;
use crate::up::{Line, LineSplitter, inspect};

/// Size of the buffer for one read. At this size allocators map it as zeroed pages of its own, so that the pages no
/// message ever filled cost no memory; a smaller one would be cleared, and thereby paid for, at start.
const SCRATCH: usize = 128 * 1024;

/// Bytes queued in one direction beyond which its source is not read from.
const BACKLOG: usize = MAX_PAYLOAD;

/// How long a request waits for a daemon.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same once starting a daemon has failed: another may still come up at that moment, but hardly later.
const PATIENCE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// How long answers may still come after the client closed standard input. Below the promised second.
const CLOSING: Duration = Duration::from_millis(700);

/// What a relay needs to know.
pub struct Config {
    /// Where the daemon is.
    pub paths: Paths,
    /// Durable name of the agent, if configured; [`DERIVED`] for one made of client and project.
    pub agent: Option<String>,
    /// How to start a daemon when none runs; `None` forbids it.
    pub launch: Option<FindLaunch>,
}

/// Relays between a client's pipes and the daemon until one of the pipes closes.
#[must_use]
pub fn run(stdin: BorrowedFd<'_>, stdout: BorrowedFd<'_>, config: Config) -> ExitCode {
    let (name, keys, unavailable) = match config.agent.as_deref() {
        None => (None, Vec::new(), None),
        Some(DERIVED) => match Name::claim_derived(&config.paths.state) {
            Some((name, keys)) => (Some(name), keys, None),
            None => (None, Vec::new(), None),
        },
        Some(wanted) => match Name::claim(&config.paths.state, wanted) {
            Ok((name, keys)) => (Some(name), keys, None),
            Err(unavailable) => (None, Vec::new(), Some(unavailable)),
        },
    };
    let now = Instant::now();
    let mut relay = Relay {
        client: Client::new(stdin, stdout),
        link: Link::Down,
        connector: Connector::new(&config.paths, config.launch, now),
        paths: config.paths,
        name,
        session: Session::default(),
        lines: LineSplitter::default(),
        frames: FrameReader::default(),
        scratch: vec![0; SCRATCH],
        preamble: ByteQueue::default(),
        up: Outbox::default(),
        served_before: false,
        goodbye: false,
        closing: None,
        now,
    };
    keys.into_iter().for_each(|key| relay.session.bound(key));
    if let Some(unavailable) = unavailable {
        relay.refused(unavailable.message());
    }
    loop {
        if let Break(code) = relay.turn() {
            return code;
        }
    }
}

struct Relay<'fd> {
    client: Client<'fd>,
    link: Link,
    connector: Connector,
    paths: Paths,
    name: Option<Name>,
    session: Session,
    lines: LineSplitter,
    frames: FrameReader,
    scratch: Vec<u8>,
    /// Hello and replay: written before anything in `up`.
    preamble: ByteQueue,
    up: Outbox,
    served_before: bool,
    /// The daemon announced its end.
    goodbye: bool,
    /// The client closed; when to be gone at the latest.
    closing: Option<Instant>,
    /// When the relay last woke up.
    now: Instant,
}

impl Relay<'_> {
    fn turn(&mut self) -> ControlFlow<ExitCode> {
        self.timers()?;
        self.settle()?;
        self.flush_daemon();
        self.finished()?;
        let ready = self.wait()?;
        self.now = Instant::now();
        if ready.daemon {
            self.receive();
            // Receipts go out before anything that the client wrote in response.
            self.settle()?;
        }
        if ready.hangup {
            self.closing.get_or_insert(self.now + CLOSING);
        }
        if ready.stdin {
            self.read_client();
        }
        Continue(())
    }

    /// What is due now.
    fn timers(&mut self) -> ControlFlow<ExitCode> {
        if self.closing.is_some_and(|deadline| deadline <= self.now) {
            return self.abandon();
        }
        match &self.link {
            Link::Up(_) => return Continue(()),
            Link::Down if self.connector.retry_at() <= self.now => self.connect(),
            Link::Greeting { deadline, .. } if *deadline <= self.now => {
                self.lose("it accepts connections but does not answer");
            }
            Link::Refused { until: Some(until), .. } if *until <= self.now => {
                return Break(ExitCode::FAILURE);
            }
            _ => {}
        }
        if self.patience_ends().is_some_and(|due| due <= self.now) {
            let failed =
                self.connector.failed_at().filter(|failed| *failed + PATIENCE_AFTER_FAILURE <= self.now);
            if let Some(limit) = self.now.checked_sub(PATIENCE).max(failed) {
                self.give_up(limit);
            }
        }
        Continue(())
    }

    /// The client closed and its time is up. Whoever pipes requests in still learns why none was answered.
    fn abandon(&mut self) -> ControlFlow<ExitCode> {
        if self.patience_ends().is_some() {
            self.give_up(self.now);
        }
        // Whether the client takes it or is gone, this ends here.
        self.client.flush().ok();
        Break(ExitCode::SUCCESS)
    }

    /// When the first waiting request is to be told that there is no daemon.
    fn patience_ends(&self) -> Option<Instant> {
        if matches!(self.link, Link::Up(_) | Link::Refused { .. }) {
            return None;
        }
        let since = self.session.waiting_since()?;
        let failed = self.connector.failed_at().filter(|failed| since <= *failed);
        Some(
            failed.map_or(since + PATIENCE, |failed| (failed + PATIENCE_AFTER_FAILURE).min(since + PATIENCE)),
        )
    }

    /// Answers the requests that have waited for a daemon since `limit` or longer.
    fn give_up(&mut self, limit: Instant) {
        let (ids, last) = self.session.expired(limit);
        if let Some(last) = last {
            self.up.discard_through(last);
        }
        let (socket, log) = (&self.paths.socket, &self.paths.log());
        let failure = Failure::Unreachable { socket, log, problem: self.connector.problem() };
        say(&failure.message());
        for id in ids {
            self.client.send(failure.answer(Some(&id)).as_bytes());
        }
    }

    /// Writes what the client takes, and turns what it has taken into receipts.
    fn settle(&mut self) -> ControlFlow<ExitCode> {
        if self.client.flush() == Err(Gone) {
            return Break(ExitCode::SUCCESS);
        }
        while let Some(lease) = self.client.receipt() {
            pass(Point::BeforeReceipt);
            // A receipt is far below the frame limit.
            self.up.push(&Control::Delivered { lease }.to_payload()).ok();
        }
        Continue(())
    }

    /// Whether there is nothing left to do.
    fn finished(&self) -> ControlFlow<ExitCode> {
        let (ended, told) = (self.client.stdin().is_none(), self.client.backlog() == 0);
        match &self.link {
            Link::Refused { answered, .. } if told && (*answered || ended) => Break(ExitCode::FAILURE),
            _ if ended && told && self.up.is_empty() && !self.session.awaits_answers() => {
                Break(ExitCode::SUCCESS)
            }
            _ => Continue(()),
        }
    }

    fn read_client(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        match self.client.read(&mut self.scratch) {
            Input::Bytes(count) => {
                let scratch = std::mem::take(&mut self.scratch);
                lines.feed(&scratch[..count], |line| self.line(line));
                self.scratch = scratch;
            }
            Input::Nothing => {}
            Input::End => {
                self.closing.get_or_insert(self.now + CLOSING);
                lines.finish(|line| self.line(line));
            }
        }
        self.lines = lines;
    }

    fn line(&mut self, line: Line<'_>) {
        pass(Point::BeforeRequest);
        match line {
            Line::TooLong { id } => self.client.send(Failure::TooLong.answer(id.as_deref()).as_bytes()),
            Line::Whole(text) => match inspect(text) {
                Ok(seen) => self.relay(&seen, text),
                Err(rejected) => self.client.send(rejected.failure.answer(rejected.id).as_bytes()),
            },
        }
    }

    fn relay(&mut self, seen: &Peek<'_>, line: &[u8]) {
        if let Link::Refused { message, answered, .. } = &mut self.link {
            if let (Some(id), Some(_)) = (seen.id, &seen.method) {
                self.client.send(Failure::Refused(message).answer(Some(id)).as_bytes());
                *answered = true;
            }
            return;
        }
        if matches!(self.link, Link::Down) && self.up.is_empty() {
            self.connector.hurry(self.now);
        }
        match self.up.push(line) {
            Ok(position) => self.session.track(seen, line, position, self.now),
            Err(_) => self.client.send(Failure::TooLong.answer(seen.id).as_bytes()),
        }
    }
}
