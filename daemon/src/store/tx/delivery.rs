//! The way of a message to one recipient.

use std::collections::HashSet;

use rusqlite::params;

use super::Tx;
use crate::domain::id::{MessageId, Sender, SessionLabel};
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::read::unreadable;

/// How much one answer may carry.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// Messages.
    pub messages: usize,
    /// Bytes of text as they will stand in JSON; the first message always fits.
    pub bytes: usize,
}

/// A message as the recipient gets it.
#[derive(Debug, Clone)]
pub struct OfferedMessage {
    /// Its id.
    pub id: MessageId,
    /// Who sent it.
    pub sender: Sender,
    /// When.
    pub sent_at: Timestamp,
    /// Why, a word of `ActionType`.
    pub action: String,
    /// Its text, redacted.
    pub body: String,
    /// Files it is about, as the JSON array that was stored.
    pub files: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Whether an earlier answer may already have brought it.
    pub redelivered: bool,
}

impl Tx<'_> {
    /// Takes the oldest messages that are neither acknowledged nor leased and marks them offered. The flag says
    /// whether more are waiting.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn offer_messages(
        &mut self,
        conversation: i64,
        recipient: SessionLabel,
        leased: &HashSet<MessageId>,
        limits: BatchLimits,
    ) -> Result<(Vec<OfferedMessage>, bool), StoreError> {
        let recipient = recipient.to_string();
        let (mut offered, mut bytes, mut more) = (Vec::new(), 0, false);
        {
            let mut query = self.connection.prepare_cached(
                "SELECT m.id, m.sender, m.sent_at, m.action, m.body, m.files, m.reply_to, d.attempts > 0
                 FROM delivery d JOIN message m ON m.id = d.message
                 WHERE d.conversation = ?1 AND d.recipient = ?2 AND d.acknowledged_at IS NULL
                 AND d.message > (SELECT acknowledged_to FROM session WHERE conversation = ?1 AND label = ?2)
                 ORDER BY d.message",
            )?;
            let mut rows = query.query(params![conversation, recipient])?;
            while let Some(row) = rows.next()? {
                let id = MessageId::from_row(row.get(0)?);
                if leased.contains(&id) {
                    continue;
                }
                let message = read_offered(id, row)?;
                bytes += json_length(&message.body) + json_length(&message.files);
                if offered.len() >= limits.messages || (!offered.is_empty() && bytes > limits.bytes) {
                    more = true;
                    break;
                }
                offered.push(message);
            }
        }
        let mut mark = self.connection.prepare_cached(
            "UPDATE delivery SET attempts = attempts + 1, offered_at = ?4
             WHERE conversation = ?1 AND recipient = ?2 AND message = ?3",
        )?;
        for message in &offered {
            mark.execute(params![conversation, recipient, message.id.row(), self.now.millis()])?;
        }
        Ok((offered, more))
    }

    /// Notes that messages were written to the recipient's client; the first time counts.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn mark_delivered(
        &mut self,
        conversation: i64,
        recipient: SessionLabel,
        messages: &[MessageId],
    ) -> Result<(), StoreError> {
        self.mark(
            "UPDATE delivery SET delivered_at = ifnull(delivered_at, ?4)
             WHERE conversation = ?1 AND recipient = ?2 AND message = ?3",
            conversation,
            recipient,
            messages,
        )?;
        Ok(())
    }

    /// Notes that the recipient has acted on messages. Returns how many were not acknowledged before.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn mark_acknowledged(
        &mut self,
        conversation: i64,
        recipient: SessionLabel,
        messages: &[MessageId],
    ) -> Result<u64, StoreError> {
        let newly = self.mark(
            "UPDATE delivery SET acknowledged_at = ?4, delivered_at = ifnull(delivered_at, ?4)
             WHERE conversation = ?1 AND recipient = ?2 AND message = ?3 AND acknowledged_at IS NULL",
            conversation,
            recipient,
            messages,
        )?;
        // Everything up to the oldest message that is still open need never be looked at again.
        self.connection
            .prepare_cached(
                "UPDATE session SET acknowledged_to = ifnull(
                   (SELECT message - 1 FROM delivery WHERE conversation = ?1 AND recipient = ?2
                    AND message > session.acknowledged_to AND acknowledged_at IS NULL ORDER BY message LIMIT 1),
                   (SELECT max(message) FROM delivery WHERE conversation = ?1 AND recipient = ?2))
                 WHERE conversation = ?1 AND label = ?2
                 AND EXISTS(SELECT 1 FROM delivery WHERE conversation = ?1 AND recipient = ?2)",
            )?
            .execute(params![conversation, recipient.to_string()])?;
        Ok(newly)
    }

    /// Puts messages back to `stored`: the answer that carried them never reached a client. That it was tried
    /// stays on record.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn mark_not_delivered(
        &mut self,
        conversation: i64,
        recipient: SessionLabel,
        messages: &[MessageId],
    ) -> Result<(), StoreError> {
        let mut update = self.connection.prepare_cached(
            "UPDATE delivery SET offered_at = NULL
             WHERE conversation = ?1 AND recipient = ?2 AND message = ?3 AND delivered_at IS NULL",
        )?;
        for message in messages {
            update.execute(params![conversation, recipient.to_string(), message.row()])?;
        }
        Ok(())
    }

    fn mark(
        &mut self,
        sql: &'static str,
        conversation: i64,
        recipient: SessionLabel,
        messages: &[MessageId],
    ) -> Result<u64, StoreError> {
        let recipient = recipient.to_string();
        let mut update = self.connection.prepare_cached(sql)?;
        let mut changed = 0;
        for message in messages {
            changed += update.execute(params![conversation, recipient, message.row(), self.now.millis()])?;
        }
        Ok(changed as u64)
    }
}

fn read_offered(id: MessageId, row: &rusqlite::Row<'_>) -> rusqlite::Result<OfferedMessage> {
    let sender: String = row.get(1)?;
    Ok(OfferedMessage {
        id,
        sender: Sender::parse(&sender).map_err(|error| unreadable(1, error.to_string()))?,
        sent_at: Timestamp::from_millis(row.get(2)?),
        action: row.get(3)?,
        body: row.get(4)?,
        files: row.get(5)?,
        reply_to: row.get::<_, Option<i64>>(6)?.map(MessageId::from_row),
        redelivered: row.get(7)?,
    })
}

/// Bytes of `text` inside a JSON string that is itself quoted once more: what an answer pays for it at most.
fn json_length(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' => 6,
            b'\n' | b'\r' | b'\t' => 5,
            0..0x20 => 13,
            _ => 2,
        })
        .sum()
}
