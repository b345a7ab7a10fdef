//! A conversation and its sessions while they are in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::domain::bucket::Buckets;
use crate::domain::id::{ConversationId, MessageId, SessionLabel};
use crate::domain::key::Nonce;
use crate::domain::mailbox::{ConnectionNumber, LeaseNumber, Mailbox, Released};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::store::read::live::{ConversationRecord, SessionRecord};
use crate::store::{Prepared, SavedSession};

/// A conversation in use.
#[derive(Debug)]
pub struct LiveConversation {
    /// Row number in the store.
    pub row: i64,
    /// Its public id.
    pub id: ConversationId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its sessions by label.
    pub sessions: Vec<Arc<LiveSession>>,
}

/// A session in use.
#[derive(Debug)]
pub struct LiveSession {
    /// Row number of its conversation.
    pub conversation: i64,
    /// Its label.
    pub label: SessionLabel,
    /// What it is for, redacted.
    pub role: String,
    /// What its token is computed from.
    pub nonce: Nonce,
    /// Woken whenever a message may be there to be fetched.
    wake: Notify,
    state: Mutex<SessionState>,
}

/// The changing part of a session.
#[derive(Debug)]
pub struct SessionState {
    /// Leases and unread count.
    pub mailbox: Mailbox,
    /// Write limits; saved with every write.
    pub writes: Buckets,
    /// Read limits; in memory only.
    pub reads: Buckets,
    /// Whether the write limits are refusing right now, so that a burst is audited once.
    pub refusing_writes: bool,
    /// Whether the read limits are.
    pub refusing_reads: bool,
    /// When somebody first took the session.
    pub joined_at: Option<Timestamp>,
    /// When it last called.
    pub last_seen: Option<Timestamp>,
    /// Whether `last_seen` is newer than what the store has.
    pub unsaved: bool,
    /// What it says of itself.
    pub status: Option<Status>,
    /// Its note on that.
    pub note: Option<String>,
    /// How the last message it sent ended, redacted: a secret may go on in the next one.
    pub sent_last: String,
    /// Connections that speak for it.
    pub connections: u32,
    /// What tells those connections that a message has come.
    listeners: Vec<Weak<Notify>>,
    /// The fetch of a long poll, for whoever stores the next message to take along.
    parked: Option<(LeaseNumber, Prepared)>,
}

impl LiveConversation {
    pub(super) fn from_record(id: ConversationId, record: ConversationRecord) -> Self {
        let row = record.row;
        let sessions =
            record.sessions.into_iter().map(|s| Arc::new(LiveSession::from_record(row, s))).collect();
        Self { row, id, expires_at: record.expires_at, sessions }
    }

    /// The session with that label.
    #[must_use]
    pub fn session(&self, label: SessionLabel) -> Option<&Arc<LiveSession>> {
        self.sessions.iter().find(|session| session.label == label)
    }

    /// Everybody but `label`.
    pub fn partners(&self, label: SessionLabel) -> impl Iterator<Item = &Arc<LiveSession>> {
        self.sessions.iter().filter(move |session| session.label != label)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

impl LiveSession {
    fn from_record(conversation: i64, record: SessionRecord) -> Self {
        Self {
            conversation,
            label: record.label,
            role: record.role,
            nonce: record.nonce,
            wake: Notify::new(),
            state: Mutex::new(SessionState {
                mailbox: Mailbox::new(record.unacknowledged),
                writes: record.spent,
                reads: Buckets::default(),
                refusing_writes: false,
                refusing_reads: false,
                joined_at: record.joined_at,
                last_seen: record.last_seen,
                unsaved: false,
                status: record.status,
                note: record.note,
                sent_last: String::new(),
                connections: 0,
                listeners: Vec::new(),
                parked: None,
            }),
        }
    }

    /// The changing part. Never held across an await or a database access.
    pub fn state(&self) -> MutexGuard<'_, SessionState> {
        // A panic elsewhere leaves counters at worst one step off, not unusable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message for it is on disk: counts it and wakes whoever waits for it.
    pub fn mail_came(&self) {
        let listeners: Vec<_> = {
            let mut state = self.state();
            state.mailbox.stored();
            state.listeners.retain(|listener| listener.strong_count() > 0);
            state.listeners.iter().filter_map(Weak::upgrade).collect()
        };
        self.wake.notify_waiters();
        listeners.iter().for_each(|listener| listener.notify_one());
    }

    /// Leaves the fetch of a long poll for whoever stores the next message. Returns whether there was room: one long poll
    /// is served that way, others fetch when they are woken.
    #[must_use]
    pub fn park(&self, lease: LeaseNumber, fetch: Prepared) -> bool {
        let mut state = self.state();
        let free = state.parked.is_none();
        if free {
            state.parked = Some((lease, fetch));
        }
        free
    }

    /// The fetch that is to follow a message.
    #[must_use]
    pub fn take_parked(&self) -> Option<Prepared> {
        self.state().parked.take().map(|(_, fetch)| fetch)
    }

    /// Takes the fetch of a lease back. Returns whether it was still there: else its answer is on its way.
    pub fn recall(&self, lease: LeaseNumber) -> bool {
        let recalled = self.state().parked.take_if(|(parked, _)| *parked == lease);
        recalled.is_some()
    }

    /// A connection speaks for it from now on, and wants to know of messages.
    pub(super) fn joined_by(&self, listener: &Arc<Notify>) {
        let mut state = self.state();
        state.connections += 1;
        state.listeners.push(Arc::downgrade(listener));
    }

    /// Resolves when a check could offer something. It may be gone again by the time somebody looks.
    pub async fn mail(&self) {
        loop {
            // Listening begins before the look: what comes in between is heard.
            let woken = self.wake.notified();
            if self.state().mailbox.available() > 0 {
                return;
            }
            woken.await;
        }
    }

    /// The answer of a lease was written to the client. Returns its messages, once; what stands behind them may go now.
    pub fn delivered(&self, lease: LeaseNumber, connection: ConnectionNumber) -> Vec<MessageId> {
        let messages = self.state().mailbox.delivered(lease, connection);
        if !messages.is_empty() {
            self.wake.notify_waiters();
        }
        messages
    }

    /// `messages` are acknowledged on disk; `newly` of them had not been so before. What stood behind an answer that was
    /// still on its way may go now.
    pub fn acknowledged(&self, messages: &[MessageId], newly: u64) {
        let freed = {
            let mailbox = &mut self.state().mailbox;
            let before = mailbox.available();
            mailbox.acknowledged(messages, newly);
            mailbox.available() > before
        };
        if freed {
            self.wake.notify_waiters();
        }
    }

    /// The messages of a lease go back to be fetched. Returns those that were on their way.
    pub fn withdraw(&self, lease: LeaseNumber) -> Vec<MessageId> {
        let messages = self.state().mailbox.withdraw(lease);
        self.wake.notify_waiters();
        messages
    }

    /// Whatever a connection held goes back to be fetched.
    pub fn release(&self, connection: ConnectionNumber) -> Released {
        let released = self.state().mailbox.release(connection);
        if !released.is_empty() {
            self.wake.notify_waiters();
        }
        released
    }

    /// Notes a sign of life.
    pub fn touch(&self, now: Timestamp) {
        let mut state = self.state();
        state.last_seen = Some(now);
        state.joined_at.get_or_insert(now);
        state.unsaved = true;
    }

    /// What is to be saved with the next write.
    pub fn to_save(&self) -> SavedSession {
        let state = self.state();
        SavedSession { last_seen: state.last_seen.unwrap_or_default(), spent: state.writes }
    }

    /// What is to be saved if it is newer than the store; counts as saved from then on.
    pub fn take_unsaved(&self) -> Option<SavedSession> {
        let unsaved = std::mem::take(&mut self.state().unsaved);
        unsaved.then(|| self.to_save())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interleave::{Task, every_order, pause};
    use std::rc::Rc;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn session(waiting: u64) -> Rc<LiveSession> {
        Rc::new(LiveSession::from_record(1, SessionRecord::fresh(waiting)))
    }

    #[test]
    fn one_fetch_is_parked_and_recalled_by_its_own_lease_only() {
        let session = session(0);
        let fetch = || Prepared::new(|_| Ok(())).0;
        assert!(session.park(1, fetch()) && !session.park(2, fetch()), "one at a time");
        assert!(!session.recall(2) && session.recall(1) && !session.recall(1));
        assert!(session.park(2, fetch()));
        assert!(session.take_parked().is_some() && session.take_parked().is_none());
        assert!(!session.recall(2), "it is on its way");
    }

    /// Takes a message as the writer does, if there is one: looks and leases in one step.
    fn take(session: &LiveSession, connection: u64) -> bool {
        let mut state = session.state();
        let free = (1..=4).map(MessageId::from_row).find(|id| !state.mailbox.is_leased(*id));
        let Some(message) = free.filter(|_| state.mailbox.available() > 0) else { return false };
        // One lease a connection in these tests, under the connection's number.
        state.mailbox.offer(connection, connection, vec![message], NOW);
        true
    }

    /// Waits for mail as a call does, until it has some.
    async fn fetch(session: &LiveSession, connection: u64) {
        loop {
            session.mail().await;
            pause().await;
            if take(session, connection) {
                return;
            }
        }
    }

    /// Waits, takes, has the answer delivered.
    fn reader(session: &Rc<LiveSession>, connection: u64) -> Task {
        let session = Rc::clone(session);
        Box::pin(async move {
            fetch(&session, connection).await;
            pause().await;
            assert_eq!(session.delivered(connection, connection).len(), 1, "it was the only holder");
        })
    }

    fn sender(session: &Rc<LiveSession>) -> Task {
        let session = Rc::clone(session);
        Box::pin(async move { session.mail_came() })
    }

    #[test]
    fn every_waiter_gets_its_message_in_every_order() {
        let orders = every_order(|| {
            let session = session(0);
            vec![reader(&session, 1), reader(&session, 2), sender(&session), sender(&session)]
        });
        assert!(orders > 100, "{orders}");
    }

    /// A call that took the only message loses it again: its commit fails, its answer is never sent, its connection
    /// ends. Whoever waited beside it and saw nothing must hear of it.
    #[test]
    fn what_one_gives_back_another_gets_in_every_order() {
        type Loss = fn(&LiveSession);
        let losses: [Loss; 2] = [|session| drop(session.withdraw(1)), |session| drop(session.release(1))];
        for loss in losses {
            for delivered in [false, true] {
                every_order(|| {
                    let session = session(0);
                    let losing = Rc::clone(&session);
                    let loser: Task = Box::pin(async move {
                        // It may come too late and get nothing, then nobody needs it.
                        pause().await;
                        if take(&losing, 1) {
                            pause().await;
                            if delivered {
                                losing.delivered(1, 1);
                                pause().await;
                            }
                            loss(&losing);
                        }
                    });
                    vec![loser, reader(&session, 2), sender(&session)]
                });
            }
        }
    }

    /// While an answer is on its way nothing behind it may overtake it; when it has arrived the next may go.
    #[test]
    fn a_delivery_lets_the_next_one_go_in_every_order() {
        every_order(|| {
            let session = session(2);
            vec![reader(&session, 1), reader(&session, 2)]
        });
        // The first is acknowledged by its id, which the client may know before its shim has confirmed the answer.
        every_order(|| {
            let session = session(2);
            assert!(take(&session, 1));
            let acknowledging = Rc::clone(&session);
            let acknowledge: Task =
                Box::pin(async move { acknowledging.acknowledged(&[MessageId::from_row(1)], 1) });
            let second = Rc::clone(&session);
            let next: Task = Box::pin(async move { second.mail().await });
            vec![acknowledge, next]
        });
        // The connection that holds the first message hands over to the next by dying instead.
        every_order(|| {
            let session = session(1);
            let dying = Rc::clone(&session);
            assert!(take(&session, 1));
            let death: Task = Box::pin(async move { drop(dying.release(1)) });
            let confirming = Rc::clone(&session);
            let confirm: Task = Box::pin(async move { drop(confirming.delivered(1, 1)) });
            vec![death, confirm, reader(&session, 2)]
        });
    }
}
