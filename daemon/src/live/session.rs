//! A conversation and its sessions while they are in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;

use crate::domain::bucket::Buckets;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::Nonce;
use crate::domain::mailbox::Mailbox;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::store::SavedSession;
use crate::store::read::live::{ConversationRecord, SessionRecord};

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
    pub wake: Notify,
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

    /// A connection speaks for it from now on, and wants to know of messages.
    pub(super) fn joined_by(&self, listener: &Arc<Notify>) {
        let mut state = self.state();
        state.connections += 1;
        state.listeners.push(Arc::downgrade(listener));
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
