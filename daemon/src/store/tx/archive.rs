//! Conversations from elsewhere, kept as the lines they came in.

use rusqlite::{OptionalExtension as _, params};

use super::{NewSession, Tx};
use crate::domain::id::{ConversationId, MessageId};
use crate::domain::redaction::Clean;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// An imported conversation.
#[derive(Debug, Clone)]
pub struct NewArchive {
    /// Its public id.
    pub id: ConversationId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was to end; it is over now in any case.
    pub expires_at: Timestamp,
    /// Its sessions, each with what it said of itself last and when it was there.
    pub sessions: Vec<ArchivedSession>,
    /// Its lines, with the number of the message on them.
    pub lines: Vec<(Option<MessageId>, Clean)>,
}

/// A session of a [`NewArchive`].
#[derive(Debug, Clone)]
pub struct ArchivedSession {
    /// The session. Its token opens nothing: the conversation is over.
    pub session: NewSession,
    /// When somebody first took it.
    pub joined_at: Option<Timestamp>,
    /// When it last called.
    pub last_seen: Option<Timestamp>,
}

impl Tx<'_> {
    /// Stores an imported conversation as one that is over. Answers whether its id was free; nothing is stored where it
    /// was not.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn store_archive(&mut self, new: &NewArchive) -> Result<bool, StoreError> {
        let id = new.id.to_string();
        let known = self
            .connection
            .prepare_cached("SELECT 1 FROM conversation WHERE public_id = ?1")?
            .query_row([&id], |_| Ok(()))
            .optional()?;
        if known.is_some() {
            return Ok(false);
        }
        self.connection
            .prepare_cached("INSERT INTO conversation(public_id, created_at, expires_at) VALUES(?1, ?2, ?3)")?
            .execute(params![id, new.created_at.millis(), new.expires_at.min(self.now).millis()])?;
        let row = self.connection.last_insert_rowid();
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO session(conversation, label, role, nonce, joined_at, last_seen)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for ArchivedSession { session, joined_at, last_seen } in &new.sessions {
            insert.execute(params![
                row,
                session.label.to_string(),
                session.role.as_str(),
                session.nonce,
                joined_at.map(Timestamp::millis),
                last_seen.map(Timestamp::millis)
            ])?;
        }
        self.connection
            .prepare_cached("INSERT INTO archive(conversation, imported_at) VALUES(?1, ?2)")?
            .execute(params![row, self.now.millis()])?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO archive_line(conversation, number, message, line) VALUES(?1, ?2, ?3, ?4)",
        )?;
        for (number, (message, line)) in (0_i64..).zip(&new.lines) {
            insert.execute(params![row, number, message.map(MessageId::row), line.as_str()])?;
        }
        Ok(true)
    }
}
