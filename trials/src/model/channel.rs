//! The messages from one session to another.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Violation;

/// The state of a message as its sender is told it. Ordered: later is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On disk.
    Stored,
    /// In an answer on its way.
    Offered,
    /// Written to the recipient's client.
    Delivered,
    /// The recipient has acted after having it.
    Acknowledged,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stored => "stored",
            Self::Offered => "offered",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
        })
    }
}

impl State {
    /// Whether a message of this state may be seen in that one later. Only what is on its way may go back: the answer
    /// that carried it may die with a process.
    fn may_become(self, later: Self) -> bool {
        later >= self || self == Self::Offered
    }
}

/// A message as the recipient's client read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The bridge's id.
    pub id: String,
    /// The sender's number, out of its text.
    pub number: u64,
    /// A digest of its text.
    pub digest: u64,
    /// Whether it says that it may have come before.
    pub redelivered: bool,
}

/// A send, from before its first attempt.
#[derive(Debug)]
struct Sent {
    digest: u64,
    /// Sends that were written in one go have the same.
    burst: u64,
    begun: u64,
    attempts: u32,
    answered: Option<u64>,
    id: Option<String>,
    arrived: Option<u64>,
}

/// Figures of a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Sends that were begun.
    pub begun: u64,
    /// Sends that were answered.
    pub answered: u64,
    /// Sends whose outcome was never learned, of which these have arrived.
    pub unknown_arrived: u64,
    /// Sends whose outcome was never learned, of which these have not.
    pub unknown_missing: u64,
    /// Messages that arrived.
    pub arrived: u64,
    /// Arrivals of what had arrived before, marked as such.
    pub repeated: u64,
    /// Observed states.
    pub states: u64,
    /// Messages that were seen to be given back while they were on their way.
    pub given_back: u64,
}

/// Everything that was observed of the messages from one session to another, in the order in which it was observed.
///
/// An observation is reported after what it observes and before whatever the observer does next: so a send is begun
/// before its first byte is written, and a message has arrived before the recipient's next call.
#[derive(Debug, Default)]
pub struct Channel {
    events: u64,
    sent: BTreeMap<u64, Sent>,
    numbers: HashMap<String, u64>,
    states: HashMap<String, State>,
    /// Of what arrived, the one that was begun last.
    latest_begun: Option<(u64, u64)>,
    repeated: u64,
    observed: u64,
    given_back: u64,
    violations: Vec<Violation>,
}

impl Channel {
    fn event(&mut self) -> u64 {
        self.events += 1;
        self.events
    }

    /// A send is about to be written for the first time. `burst`: those that are written in one go have the same.
    pub fn begin(&mut self, number: u64, burst: u64, digest: u64) {
        let begun = self.event();
        let sent = Sent { digest, burst, begun, attempts: 1, answered: None, id: None, arrived: None };
        self.sent.insert(number, sent);
    }

    /// The same send is about to be written once more, under the same idempotency key.
    pub fn retry(&mut self, number: u64) {
        if let Some(sent) = self.sent.get_mut(&number) {
            sent.attempts += 1;
        }
    }

    /// The send was answered.
    pub fn answered(&mut self, number: u64, id: &str) {
        let now = self.event();
        if let Some(sent) = self.sent.get_mut(&number) {
            sent.answered.get_or_insert(now);
        }
        self.identify(number, id);
    }

    /// Message `number` has that id.
    fn identify(&mut self, number: u64, id: &str) {
        if self.numbers.insert(id.to_owned(), number).is_some_and(|other| other != number) {
            self.violations.push(Violation::Invented { number, id: id.to_owned() });
        }
        let Some(sent) = self.sent.get_mut(&number) else { return };
        let first = sent.id.get_or_insert_with(|| id.to_owned());
        if first != id {
            let (first, second) = (first.clone(), id.to_owned());
            self.violations.push(Violation::StoredTwice { number, first, second });
        }
    }

    /// The recipient's client has read these, in this order.
    pub fn arrived(&mut self, messages: &[Arrived]) {
        for message in messages {
            self.one_arrived(message);
        }
    }

    fn one_arrived(&mut self, message: &Arrived) {
        let now = self.event();
        let (number, id) = (message.number, message.id.clone());
        let Some(sent) = self.sent.get_mut(&number) else {
            self.violations.push(Violation::Invented { number, id });
            return;
        };
        if sent.digest != message.digest {
            self.violations.push(Violation::Altered { number, id: id.clone() });
        }
        let before = sent.arrived.replace(sent.arrived.unwrap_or(now));
        let (begun, answered) = (sent.begun, sent.answered);
        if before.is_some() {
            self.repeated += 1;
            if !message.redelivered {
                self.violations.push(Violation::UnmarkedDuplicate { number, id: id.clone() });
            }
        } else {
            self.in_order(number, begun, answered);
        }
        if self.states.get(&id) == Some(&State::Acknowledged) {
            self.violations.push(Violation::CameAfterAcknowledged { number, id: id.clone() });
        }
        self.identify(number, &id);
    }

    /// What was answered before another was begun arrives before it.
    fn in_order(&mut self, number: u64, begun: u64, answered: Option<u64>) {
        if let Some((latest, later)) = self.latest_begun
            && answered.is_some_and(|answered| answered < latest)
        {
            self.violations.push(Violation::OutOfOrder { number, later });
        }
        if self.latest_begun.is_none_or(|(latest, _)| latest < begun) {
            self.latest_begun = Some((begun, number));
        }
    }

    /// The sender was told the state of a message.
    pub fn state(&mut self, id: &str, state: State) {
        self.observed += 1;
        let before = self.states.insert(id.to_owned(), state);
        if let Some(before) = before {
            if !before.may_become(state) {
                let id = id.to_owned();
                self.violations.push(Violation::StateWentBack { id, before, after: state });
            }
            self.given_back += u64::from(state < before);
        }
        let sent = self.numbers.get(id).and_then(|number| self.sent.get(number));
        if state == State::Acknowledged && sent.is_none_or(|sent| sent.arrived.is_none()) {
            self.violations.push(Violation::AcknowledgedUnread { id: id.to_owned() });
        }
    }

    /// Ids of the messages that were answered or arrived.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.sent.values().filter_map(|sent| sent.id.clone()).collect()
    }

    /// Whether something was answered that has not arrived yet.
    #[must_use]
    pub fn misses_any(&self) -> bool {
        self.sent.values().any(|sent| sent.answered.is_some() && sent.arrived.is_none())
    }

    /// The recipient has fetched until nothing came any more and has made another call: what contradicts the promise.
    #[must_use]
    pub fn finish(mut self) -> (Tally, Vec<Violation>) {
        let mut tally = Tally {
            begun: self.sent.len() as u64,
            repeated: self.repeated,
            states: self.observed,
            given_back: self.given_back,
            ..Tally::default()
        };
        for (number, sent) in &self.sent {
            tally.answered += u64::from(sent.answered.is_some());
            tally.arrived += u64::from(sent.arrived.is_some());
            match (sent.answered, sent.arrived) {
                (None, Some(_)) => tally.unknown_arrived += 1,
                (None, None) => tally.unknown_missing += 1,
                (Some(_), None) => {
                    let id = sent.id.clone().unwrap_or_default();
                    self.violations.push(Violation::Lost { number: *number, id });
                }
                (Some(_), Some(_)) => {}
            }
        }
        self.check_bursts();
        (tally, self.violations)
    }

    /// Of what was written in one go and answered at the first attempt, nothing overtakes anything.
    fn check_bursts(&mut self) {
        let mut last: Option<(u64, u64, u64)> = None;
        for (number, sent) in &self.sent {
            let Some(arrived) = sent.arrived.filter(|_| sent.answered.is_some() && sent.attempts == 1) else {
                continue;
            };
            if let Some((burst, at, later)) = last
                && burst == sent.burst
                && arrived < at
            {
                self.violations.push(Violation::OutOfOrder { number: later, later: *number });
            }
            last = Some((sent.burst, arrived, *number));
        }
    }
}

/// States at the very end, when everything that arrived has been acted upon: what is not acknowledged.
#[must_use]
pub fn unacknowledged(states: &[(String, State)]) -> Vec<Violation> {
    let wrong = states.iter().filter(|(_, state)| *state != State::Acknowledged);
    wrong.map(|(id, state)| Violation::NotAcknowledged { id: id.clone(), state: *state }).collect()
}
