//! Agents: careful clients that talk to each other whatever dies.

mod letter;
mod line;
mod setup;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::board::Board;
use crate::chance::Chance;
use crate::model::{State, Violation, unacknowledged};
use letter::Letter;
pub(crate) use line::{Identity, Line};
pub(crate) use setup::pairs;

/// Messages whose state one call may ask for.
const STATES: usize = 100;
/// How many of the latest messages an agent asks about.
const RECENT: usize = 40;
/// How long an agent waits in the end for what was answered to its partner and has not come: longer than an answer on its
/// way is waited for.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// One of two who talk.
pub(crate) struct Agent {
    number: usize,
    partner: usize,
    board: Arc<Board>,
    line: Line,
    chance: Chance,
    next: u64,
    recent: Vec<String>,
    /// What came last, until it was acknowledged by id or something else came.
    read: Vec<String>,
}

impl Agent {
    pub(crate) fn new(number: usize, partner: usize, board: Arc<Board>, line: Line, chance: Chance) -> Self {
        Self { number, partner, board, line, chance, next: 1, recent: Vec::new(), read: Vec::new() }
    }

    /// Talks until the storm is over, then sees everything through.
    pub(crate) fn run(mut self) {
        while self.board.is_stormy() {
            self.something();
        }
        // Everybody has sent what they will send.
        if !self.board.meet(0) {
            return;
        }
        self.fetch_the_rest();
        self.stubbornly("check_partner_status", &json!({}));
        if !self.board.meet(1) {
            return;
        }
        self.ask_for_all();
        if self.board.meet(2) {
            self.line.close();
        }
    }

    /// One of the things that agents do.
    fn something(&mut self) {
        match self.chance.below(100) {
            0..40 => self.send(1, true),
            40..62 => {
                let burst = self.chance.between(2, 13);
                self.send(burst, true);
            }
            62..68 => self.send(1, false),
            68..76 => self.ask(),
            76..80 => self.stubbornly("update_my_status", &json!({"status": "working"})),
            80..84 => self.stubbornly("check_partner_status", &json!({})),
            84..88 => {
                self.fetch(1);
            }
            _ => {}
        }
        self.fetch(0);
    }

    /// Sends some in one go, and what was not answered again under the same key until it is. Without a key a send whose
    /// outcome is unknown is left at that.
    fn send(&mut self, count: usize, keyed: bool) {
        let began = Instant::now();
        let mut open: Vec<Letter> = (0..count).map(|_| self.write(keyed)).collect();
        let burst = open.first().map_or(0, |letter| letter.number);
        for letter in &open {
            self.board.channel(self.number).begin(letter.number, burst, letter.digest());
        }
        let mut tried = false;
        while !open.is_empty() && !self.board.is_aborted() {
            if tried {
                open.iter().for_each(|letter| self.board.channel(self.number).retry(letter.number));
            }
            let mut unanswered = self.attempt(&open, tried.then_some(began));
            tried = true;
            unanswered.retain(|(letter, executed)| letter.key.is_some() || !executed);
            open = unanswered.into_iter().map(|(letter, _)| letter).collect();
        }
    }

    /// Returns the letters that were not answered, and whether they may be stored all the same.
    fn attempt(&mut self, open: &[Letter], began: Option<Instant>) -> Vec<(Letter, bool)> {
        let calls: Vec<Value> = open.iter().map(Letter::arguments).collect();
        let mut left: Vec<Option<bool>> = vec![Some(true); open.len()];
        let (board, number, recent) = (&self.board, self.number, &mut self.recent);
        let mut refused = None;
        let each = |index: usize, answer: Answer| match answer {
            Answer::Done(sent) => {
                let id = sent["message_id"].as_str().unwrap_or_default();
                board.channel(number).answered(open[index].number, id);
                board.sent(began.map(|began| began.elapsed()));
                recent.push(id.to_owned());
                left[index] = None;
            }
            Answer::Unknown => {}
            Answer::NotNow => left[index] = Some(false),
            other => refused = Some(format!("a send was not answered with a result: {other:?}")),
        };
        // What was not answered before the line broke is tried again like the rest.
        self.line.call("send_to_partner", &calls, each).ok();
        if let Some(problem) = refused {
            self.give_up(problem);
        }
        let excess = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..excess);
        let pairs = open.iter().zip(left);
        pairs.filter_map(|(letter, left)| left.map(|executed| (letter.clone(), executed))).collect()
    }

    fn write(&mut self, keyed: bool) -> Letter {
        let number = self.next;
        self.next += 1;
        Letter::new(self.number, number, keyed, &mut self.chance)
    }

    /// Fetches what waits, and sometimes acknowledges by id what came before; returns how much came.
    fn fetch(&mut self, wait_seconds: u64) -> usize {
        let mut arguments = json!({});
        if wait_seconds > 0 {
            arguments["wait_seconds"] = json!(wait_seconds);
        }
        if self.chance.percent(20) {
            arguments["acknowledge"] = json!(std::mem::take(&mut self.read));
        }
        let (board, partner, read) = (&self.board, self.partner, &mut self.read);
        let (mut came, mut refused) = (0, None);
        let each = |_, answer| match answer {
            Answer::Done(fetched) => {
                let messages: Vec<_> =
                    fetched["messages"].as_array().into_iter().flatten().map(letter::arrived).collect();
                board.channel(partner).arrived(&messages);
                *read = messages.iter().map(|message| message.id.clone()).collect();
                came = messages.len();
            }
            Answer::Unknown | Answer::NotNow => came = 1,
            other => refused = Some(format!("a fetch was not answered with a result: {other:?}")),
        };
        // A line that broke may have left something unread.
        if self.line.call("check_messages", &[arguments], each).is_err() {
            came = came.max(1);
        }
        if let Some(problem) = refused {
            self.give_up(problem);
        }
        if self.board.is_aborted() { 0 } else { came }
    }

    /// Fetches until nothing is missing. What an answer that died on its way had carried is given back after a while.
    fn fetch_the_rest(&mut self) {
        while self.fetch(0) > 0 {}
        let began = Instant::now();
        while self.board.channel(self.partner).misses_any() && began.elapsed() < LAST_PATIENCE {
            self.fetch(5);
        }
    }

    /// Asks for the states of the latest messages.
    fn ask(&mut self) {
        let count = self.chance.between(1, 20);
        let ids: Vec<String> = self.recent.iter().rev().take(count).cloned().collect();
        for (id, state) in self.states(&ids).unwrap_or_default() {
            self.board.channel(self.number).state(&id, state);
        }
    }

    /// At the very end: everything that arrived has been acted upon.
    fn ask_for_all(&mut self) {
        let ids = self.board.channel(self.number).ids();
        for ids in ids.chunks(STATES) {
            let states = loop {
                match self.states(ids) {
                    Some(states) => break states,
                    None if self.board.is_aborted() => return,
                    None => {}
                }
            };
            unacknowledged(&states).into_iter().for_each(|found| self.board.violation(found));
        }
    }

    /// `None`: the line broke, or the daemon was away.
    fn states(&mut self, ids: &[String]) -> Option<Vec<(String, State)>> {
        if ids.is_empty() {
            return Some(Vec::new());
        }
        match self.line.one("message_status", &json!({"message_ids": ids})) {
            Ok(Answer::Done(told)) => {
                let told = told["messages"].as_array()?.iter().map(|message| {
                    let id = message["message_id"].as_str()?.to_owned();
                    Some((id, serde_json::from_value(message["state"].clone()).ok()?))
                });
                let states: Option<Vec<_>> = told.collect();
                if states.is_none() {
                    self.give_up("a state is none that there is".to_owned());
                }
                states
            }
            Ok(Answer::Unknown | Answer::NotNow) | Err(_) => None,
            Ok(other) => {
                self.give_up(format!("a question for states was not answered with a result: {other:?}"));
                None
            }
        }
    }

    /// Makes a call until it is answered.
    fn stubbornly(&mut self, tool: &str, arguments: &Value) {
        while !self.board.is_aborted() {
            match self.line.one(tool, arguments) {
                Ok(Answer::Done(_)) => return,
                Ok(Answer::Unknown | Answer::NotNow) | Err(_) => {}
                Ok(other) => self.give_up(format!("{tool} was not answered with a result: {other:?}")),
            }
        }
    }

    fn give_up(&self, problem: String) {
        self.board.violation(Violation::Misanswered { agent: self.line.name(), problem });
        self.board.abort();
    }
}

/// What proves who calls: the tokens of the answer of `create_conversation`.
pub(crate) fn proof(created: &Value, session: &str) -> Value {
    json!({
        "conversation_id": created["conversation_id"],
        "session_id": session,
        "token": created[format!("session_{session}_token")],
    })
}
