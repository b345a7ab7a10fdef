//! Where a sender's messages are.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{time, unreadable};
use crate::domain::delivery::DeliveryRecord;
use crate::domain::id::{MessageId, SessionLabel};
use crate::domain::time::Timestamp;

/// A sent message with its deliveries.
#[derive(Debug, Clone)]
pub struct SentRecord {
    /// Its id.
    pub id: MessageId,
    /// When it was stored.
    pub sent_at: Timestamp,
    /// One entry per recipient.
    pub deliveries: Vec<(SessionLabel, DeliveryRecord)>,
}

/// One message of `sender`, or `None` when the session sent no such message.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn sent(
    connection: &Connection,
    conversation: i64,
    sender: SessionLabel,
    id: MessageId,
) -> rusqlite::Result<Option<SentRecord>> {
    let sent_at = connection
        .prepare_cached("SELECT sent_at FROM message WHERE id = ?1 AND conversation = ?2 AND sender = ?3")?
        .query_row(params![id.row(), conversation, sender.to_string()], |row| row.get::<_, i64>(0))
        .optional()?;
    let Some(sent_at) = sent_at else { return Ok(None) };
    let deliveries = deliveries(connection, conversation, id)?;
    Ok(Some(SentRecord { id, sent_at: Timestamp::from_millis(sent_at), deliveries }))
}

/// Whether the conversation has that message.
///
/// # Errors
/// From SQLite.
pub fn exists(connection: &Connection, conversation: i64, id: MessageId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM message WHERE id = ?1 AND conversation = ?2")?
        .exists(params![id.row(), conversation])
}

/// The deliveries of one message of a conversation.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn deliveries(
    connection: &Connection,
    conversation: i64,
    id: MessageId,
) -> rusqlite::Result<Vec<(SessionLabel, DeliveryRecord)>> {
    connection
        .prepare_cached(
            "SELECT recipient, attempts, offered_at, delivered_at, acknowledged_at FROM delivery
             WHERE conversation = ?1 AND message = ?2
             AND recipient IN (SELECT label FROM session WHERE conversation = ?1) ORDER BY recipient",
        )?
        .query_map(params![conversation, id.row()], |row| {
            let recipient: String = row.get(0)?;
            let record = DeliveryRecord {
                attempts: row.get(1)?,
                offered_at: time(row, 2)?,
                delivered_at: time(row, 3)?,
                acknowledged_at: time(row, 4)?,
            };
            Ok((SessionLabel::parse(&recipient).map_err(|e| unreadable(0, e.to_string()))?, record))
        })?
        .collect()
}
