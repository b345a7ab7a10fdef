//! Messages: stored once, one delivery per recipient.

use rusqlite::{OptionalExtension as _, params};

use super::Tx;
use crate::domain::id::{MessageId, Sender, SessionLabel};
use crate::domain::key::Digest;
use crate::domain::redaction::Clean;
use crate::domain::status::ActionType;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// A message to be stored.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Row number of its conversation.
    pub conversation: i64,
    /// Who sends it.
    pub sender: Sender,
    /// Who gets it.
    pub recipients: Vec<SessionLabel>,
    /// Why it is sent.
    pub action: ActionType,
    /// Its text.
    pub body: Clean,
    /// Files it is about.
    pub files: Vec<Clean>,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Digest of the caller's idempotency key.
    pub idempotency: Option<Digest>,
}

/// A stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub id: MessageId,
    /// When it was stored.
    pub at: Timestamp,
    /// How many secrets were replaced in it.
    pub redactions: u32,
    /// Whether an earlier send with the same idempotency key stored it.
    pub repeated: bool,
}

impl Tx<'_> {
    /// The message that an earlier send with this idempotency key stored, if any.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn find_repeated(
        &mut self,
        conversation: i64,
        sender: Sender,
        key: &Digest,
    ) -> Result<Option<Sent>, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT m.id, m.sent_at, m.redactions FROM idempotency i JOIN message m ON m.id = i.message
                 WHERE i.conversation = ?1 AND i.sender = ?2 AND i.key_digest = ?3",
            )?
            .query_row(params![conversation, sender.to_string(), key], |row| {
                Ok(Sent {
                    id: MessageId::from_row(row.get(0)?),
                    at: Timestamp::from_millis(row.get(1)?),
                    redactions: row.get(2)?,
                    repeated: true,
                })
            })
            .optional()?;
        Ok(found)
    }

    /// Stores a message and one delivery per recipient.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn store_message(&mut self, new: &NewMessage) -> Result<Sent, StoreError> {
        let files: Vec<&str> = new.files.iter().map(Clean::as_str).collect();
        let files =
            serde_json::to_string(&files).map_err(|e| StoreError::Refused { detail: e.to_string() })?;
        let redactions = new.files.iter().map(Clean::redactions).sum::<u32>() + new.body.redactions();
        self.connection
            .prepare_cached(
                "INSERT INTO message(id, conversation, sender, sent_at, action, body, files, reply_to, redactions)
                 VALUES((SELECT max(last, ifnull((SELECT max(id) FROM message), 0)) + 1 FROM message_floor),
                   ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                new.conversation,
                new.sender.to_string(),
                self.now.millis(),
                new.action.word(),
                new.body.as_str(),
                files,
                new.reply_to.map(MessageId::row),
                redactions
            ])?;
        let id = MessageId::from_row(self.connection.last_insert_rowid());
        let mut deliver = self
            .connection
            .prepare_cached("INSERT INTO delivery(conversation, recipient, message) VALUES(?1, ?2, ?3)")?;
        for recipient in &new.recipients {
            deliver.execute(params![new.conversation, recipient.to_string(), id.row()])?;
        }
        if let Some(key) = &new.idempotency {
            self.connection
                .prepare_cached("INSERT INTO idempotency(conversation, sender, key_digest, message) VALUES(?1, ?2, ?3, ?4)")?
                .execute(params![new.conversation, new.sender.to_string(), key, id.row()])?;
        }
        Ok(Sent { id, at: self.now, redactions, repeated: false })
    }

    /// Sees to it that no number given so far is given again. To be called before messages are removed.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub(super) fn hold_message_numbers(&mut self) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE message_floor SET last = max(last, ifnull((SELECT max(id) FROM message), 0))",
            )?
            .execute([])?;
        Ok(())
    }
}
