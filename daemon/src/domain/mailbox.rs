//! Who holds which message of one session right now.
//!
//! The store knows which messages are unacknowledged; the mailbox knows which of those are *leased*: part of an
//! answer on a connection that is still alive. Leases live in memory only. When the daemon dies they are gone,
//! and every unacknowledged message is to be offered again, which is exactly what its death requires.

use std::collections::BTreeMap;
use std::time::Duration;

use super::id::MessageId;
use super::time::Timestamp;

/// Number of a connection, unique within the daemon's life.
pub type ConnectionNumber = u64;
/// Number of a lease, unique within the daemon's life.
pub type LeaseNumber = u64;

/// Messages handed out together on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lease {
    connection: ConnectionNumber,
    messages: Vec<MessageId>,
    since: Timestamp,
    delivered: bool,
}

/// What a vanished connection held.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Released {
    /// Never confirmed as written to the client: back to `stored`.
    pub undelivered: Vec<MessageId>,
    /// Written to the client but not acknowledged: to be offered again.
    pub unacknowledged: Vec<MessageId>,
}

impl Released {
    /// Whether nothing was held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.undelivered.is_empty() && self.unacknowledged.is_empty()
    }
}

/// The leases and the unread count of one session.
#[derive(Debug, Default, Clone)]
pub struct Mailbox {
    unacknowledged: u64,
    arrived: u64,
    leases: BTreeMap<LeaseNumber, Lease>,
}

impl Mailbox {
    /// A mailbox over a store that holds `unacknowledged` messages for the session.
    #[must_use]
    pub fn new(unacknowledged: u64) -> Self {
        Self { unacknowledged, arrived: unacknowledged, leases: BTreeMap::new() }
    }

    /// Messages that were not acknowledged, leased or not.
    #[must_use]
    pub fn unacknowledged(&self) -> u64 {
        self.unacknowledged
    }

    /// Messages that a check could offer now. None while an answer is on its way: what stands behind it could overtake it
    /// on another connection, if the first one turns out to be dead.
    #[must_use]
    pub fn available(&self) -> u64 {
        if self.answer_under_way() {
            return 0;
        }
        let leased: usize = self.leases.values().map(|lease| lease.messages.len()).sum();
        self.unacknowledged.saturating_sub(leased as u64)
    }

    /// Whether an answer with messages has left for a client and is not confirmed yet.
    #[must_use]
    pub fn answer_under_way(&self) -> bool {
        self.leases.values().any(|lease| !lease.delivered)
    }

    /// Messages that have come since the session was loaded, those that waited then included. Only grows.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Whether some connection holds the message.
    #[must_use]
    pub fn is_leased(&self, message: MessageId) -> bool {
        self.leases.values().any(|lease| lease.messages.contains(&message))
    }

    /// Whether a lease still holds anything.
    #[must_use]
    pub fn holds(&self, lease: LeaseNumber) -> bool {
        self.leases.contains_key(&lease)
    }

    /// The messages that must not be offered now, in no particular order.
    pub fn leased(&self) -> impl Iterator<Item = MessageId> {
        self.leases.values().flat_map(|lease| lease.messages.iter().copied())
    }

    /// A message was committed.
    pub fn stored(&mut self) {
        self.unacknowledged += 1;
        self.arrived += 1;
    }

    /// Messages were put into an answer on a connection.
    pub fn offer(
        &mut self,
        lease: LeaseNumber,
        connection: ConnectionNumber,
        messages: Vec<MessageId>,
        now: Timestamp,
    ) {
        self.leases.insert(lease, Lease { connection, messages, since: now, delivered: false });
    }

    /// Leases whose answer has been on its way for longer than `patience`: the client or its shim stands still.
    #[must_use]
    pub fn stuck(&self, now: Timestamp, patience: Duration) -> Vec<LeaseNumber> {
        let stuck = |lease: &Lease| !lease.delivered && now.since(lease.since) > patience;
        self.leases.iter().filter(|(_, lease)| stuck(lease)).map(|(number, _)| *number).collect()
    }

    /// The answer was written to the client. Returns its messages, once.
    pub fn delivered(&mut self, lease: LeaseNumber, connection: ConnectionNumber) -> Vec<MessageId> {
        match self.leases.get_mut(&lease) {
            Some(held) if held.connection == connection && !held.delivered => {
                held.delivered = true;
                held.messages.clone()
            }
            _ => Vec::new(),
        }
    }

    /// The messages that `connection`'s next call acknowledges: all that were delivered on it.
    #[must_use]
    pub fn acknowledgeable(&self, connection: ConnectionNumber) -> Vec<MessageId> {
        self.leases
            .values()
            .filter(|lease| lease.connection == connection && lease.delivered)
            .flat_map(|lease| lease.messages.iter().copied())
            .collect()
    }

    /// `messages` are acknowledged on disk; `newly` of them had not been so before.
    pub fn acknowledged(&mut self, messages: &[MessageId], newly: u64) {
        self.unacknowledged = self.unacknowledged.saturating_sub(newly);
        self.leases.retain(|_, lease| {
            lease.messages.retain(|message| !messages.contains(message));
            !lease.messages.is_empty()
        });
    }

    /// The client has not seen the answer of a lease. Returns its messages, to be offered again.
    pub fn withdraw(&mut self, lease: LeaseNumber) -> Vec<MessageId> {
        self.leases.remove(&lease).map(|lease| lease.messages).unwrap_or_default()
    }

    /// The connection is gone: nothing is leased to it any more.
    pub fn release(&mut self, connection: ConnectionNumber) -> Released {
        let mut released = Released::default();
        self.leases.retain(|_, lease| {
            if lease.connection == connection {
                let kind =
                    if lease.delivered { &mut released.unacknowledged } else { &mut released.undelivered };
                kind.append(&mut lease.messages);
            }
            lease.connection != connection
        });
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn ids(range: std::ops::Range<i64>) -> Vec<MessageId> {
        range.map(MessageId::from_row).collect()
    }

    #[test]
    fn the_life_of_an_answer() {
        let mut mailbox = Mailbox::new(3);
        mailbox.offer(1, 10, ids(1..3), NOW);
        assert_eq!(
            (mailbox.available(), mailbox.unacknowledged()),
            (0, 3),
            "nothing overtakes an answer on its way"
        );
        assert!(mailbox.acknowledgeable(10).is_empty(), "not delivered yet");
        assert_eq!(mailbox.delivered(1, 10), ids(1..3));
        assert!(mailbox.delivered(1, 10).is_empty(), "reported once");
        assert_eq!((mailbox.available(), mailbox.unacknowledged()), (1, 3));
        assert_eq!(mailbox.acknowledgeable(10), ids(1..3));
        assert!(mailbox.acknowledgeable(11).is_empty(), "another connection's call says nothing");
        mailbox.acknowledged(&ids(1..3), 2);
        assert_eq!((mailbox.available(), mailbox.unacknowledged()), (1, 1));
    }

    #[test]
    fn a_lost_connection_gives_everything_back() {
        let mut mailbox = Mailbox::new(4);
        mailbox.offer(1, 10, ids(1..3), NOW);
        mailbox.offer(2, 10, ids(3..4), NOW);
        mailbox.offer(3, 11, ids(4..5), NOW);
        mailbox.delivered(1, 10);
        mailbox.delivered(3, 11);
        let released = mailbox.release(10);
        assert_eq!(released, Released { undelivered: ids(3..4), unacknowledged: ids(1..3) });
        assert_eq!(mailbox.available(), 3);
        assert!(mailbox.is_leased(MessageId::from_row(4)));
    }

    #[test]
    fn an_answer_that_never_arrives_is_stuck_after_a_while() {
        let mut mailbox = Mailbox::new(2);
        mailbox.offer(1, 10, ids(1..2), NOW);
        let later = NOW.after(Duration::from_secs(31));
        assert!(mailbox.stuck(NOW, Duration::from_secs(30)).is_empty());
        assert_eq!(mailbox.stuck(later, Duration::from_secs(30)), [1]);
        mailbox.delivered(1, 10);
        assert!(mailbox.stuck(later, Duration::from_secs(30)).is_empty());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Store,
        Offer(u64),
        Deliver,
        Acknowledge(u64),
        Release(u64),
        Withdraw,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            Just(Step::Store),
            (0_u64..3).prop_map(Step::Offer),
            Just(Step::Deliver),
            (0_u64..3).prop_map(Step::Acknowledge),
            (0_u64..3).prop_map(Step::Release),
            Just(Step::Withdraw),
        ];
        prop::collection::vec(step, 0..200)
    }

    proptest! {
        /// Against a model that keeps every unacknowledged message in a list: nothing is ever leased twice, lost
        /// or counted wrongly.
        #[test]
        fn nothing_is_lost_or_held_twice(steps in steps()) {
            let (mut mailbox, mut pending, mut next, mut lease) = (Mailbox::new(0), Vec::new(), 1, 0_u64);
            for step in steps {
                match step {
                    Step::Store => {
                        mailbox.stored();
                        pending.push(MessageId::from_row(next));
                        next += 1;
                    }
                    Step::Offer(connection) => {
                        let free: Vec<_> = pending.iter().copied().filter(|m| !mailbox.is_leased(*m)).take(2).collect();
                        if mailbox.available() > 0 {
                            prop_assert!(!free.is_empty());
                            lease += 1;
                            mailbox.offer(lease, connection, free, NOW);
                        }
                    }
                    Step::Deliver => {
                        for connection in 0..3 {
                            mailbox.delivered(lease, connection);
                        }
                    }
                    Step::Acknowledge(connection) => {
                        let messages = mailbox.acknowledgeable(connection);
                        mailbox.acknowledged(&messages, messages.len() as u64);
                        pending.retain(|m| !messages.contains(m));
                    }
                    Step::Release(connection) => drop(mailbox.release(connection)),
                    Step::Withdraw => drop(mailbox.withdraw(lease)),
                }
                let mut leased: Vec<_> = mailbox.leased().collect();
                let held = leased.len();
                leased.sort_unstable();
                leased.dedup();
                prop_assert_eq!(leased.len(), held);
                prop_assert!(leased.iter().all(|m| pending.contains(m)));
                prop_assert_eq!(mailbox.unacknowledged(), pending.len() as u64);
                let on_its_way = mailbox.leases.values().any(|lease| !lease.delivered);
                prop_assert_eq!(mailbox.available(), if on_its_way { 0 } else { (pending.len() - held) as u64 });
                prop_assert!(mailbox.leases.values().filter(|lease| !lease.delivered).count() <= 1);
            }
        }
    }
}
