//! Conversations as a person looks at them.

use bridge_proto::admin::{ConversationSummary, DeliveryView, MessageView, SessionView};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{messages, time, unreadable};
use crate::domain::id::{ConversationId, MessageId, SessionLabel};
use crate::domain::time::Timestamp;

/// Up to `limit` conversations, newest first, behind `after` (the last of the page before). `None` when there is no
/// conversation `after`: it was removed meanwhile.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn page(
    connection: &Connection,
    now: Timestamp,
    with_expired: bool,
    after: Option<ConversationId>,
    limit: u32,
) -> rusqlite::Result<Option<Vec<ConversationSummary>>> {
    let earliest = if with_expired { i64::MIN } else { now.millis() };
    let start = match after {
        None => (i64::MAX, i64::MAX),
        Some(id) => {
            let found = connection
                .prepare_cached("SELECT created_at, id FROM conversation WHERE public_id = ?1")?
                .query_row([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some(start) = found else { return Ok(None) };
            start
        }
    };
    let rows = connection
        .prepare_cached(
            "SELECT id FROM conversation WHERE expires_at > ?1 AND (created_at, id) < (?2, ?3)
             ORDER BY created_at DESC, id DESC LIMIT ?4",
        )?
        .query_map(params![earliest, start.0, start.1, limit], |row| row.get::<_, i64>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|row| summary(connection, row, now)).collect::<rusqlite::Result<_>>().map(Some)
}

/// One conversation by its public id.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn one(
    connection: &Connection,
    id: ConversationId,
    now: Timestamp,
) -> rusqlite::Result<Option<ConversationSummary>> {
    let row = connection
        .prepare_cached("SELECT id FROM conversation WHERE public_id = ?1")?
        .query_row([id.to_string()], |row| row.get::<_, i64>(0))
        .optional()?;
    row.map(|row| summary(connection, row, now)).transpose()
}

/// How many conversations have not ended.
///
/// # Errors
/// From SQLite.
pub fn count_running(connection: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM conversation WHERE expires_at > ?1")?
        .query_row([now.millis()], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// Public ids of the conversations that ended before `now`.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<ConversationId>> {
    connection
        .prepare_cached("SELECT public_id FROM conversation WHERE expires_at <= ?1 ORDER BY id")?
        .query_map([now.millis()], |row| {
            let id: String = row.get(0)?;
            ConversationId::parse(&id).map_err(|e| unreadable(0, e.to_string()))
        })?
        .collect()
}

/// Which messages of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct MessagePage {
    /// Only those with a greater number.
    pub after: i64,
    /// Only those with a smaller number.
    pub before: Option<i64>,
    /// At most that many.
    pub limit: u32,
    /// The newest first, rather than the oldest.
    pub last: bool,
}

/// Some messages of a conversation. `is_leased` says whether a live connection holds a message; nobody does when the
/// daemon is down.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn messages(
    connection: &Connection,
    id: ConversationId,
    page: MessagePage,
    now: Timestamp,
    is_leased: &dyn Fn(SessionLabel, MessageId) -> bool,
) -> rusqlite::Result<Vec<MessageView>> {
    let order = if page.last { "DESC" } else { "ASC" };
    let mut query = connection.prepare_cached(&format!(
        "SELECT m.id, m.sender, m.sent_at, m.action, m.body, m.files, m.reply_to, m.redactions, c.expires_at, c.id
         FROM conversation c JOIN message m ON m.id IN
           (SELECT DISTINCT d.message FROM session s JOIN delivery d
            ON d.conversation = s.conversation AND d.recipient = s.label AND d.message > ?2 AND d.message < ?3
            WHERE s.conversation = c.id ORDER BY d.message {order} LIMIT ?4)
         WHERE c.public_id = ?1 ORDER BY m.id {order} LIMIT ?4",
    ))?;
    let before = page.before.unwrap_or(i64::MAX);
    let mut rows = query.query(params![id.to_string(), page.after, before, page.limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id = MessageId::from_row(row.get(0)?);
        let over = row.get::<_, i64>(8)? <= now.millis();
        let deliveries = messages::deliveries(connection, row.get(9)?, id)?
            .into_iter()
            .map(|(recipient, record)| DeliveryView {
                recipient: recipient.to_string(),
                state: word(&record.state(is_leased(recipient, id), over)),
                attempts: record.attempts,
                delivered_at: record.delivered_at.map(|t| t.to_string()),
                acknowledged_at: record.acknowledged_at.map(|t| t.to_string()),
            })
            .collect();
        let files: String = row.get(5)?;
        found.push(MessageView {
            id: id.to_string(),
            from: row.get(1)?,
            sent_at: Timestamp::from_millis(row.get(2)?).to_string(),
            action_type: row.get(3)?,
            message: row.get(4)?,
            files_involved: serde_json::from_str(&files).map_err(|e| unreadable(5, e.to_string()))?,
            reply_to: row.get::<_, Option<i64>>(6)?.map(|r| MessageId::from_row(r).to_string()),
            redactions: row.get(7)?,
            deliveries,
        });
    }
    Ok(found)
}

fn summary(connection: &Connection, row: i64, now: Timestamp) -> rusqlite::Result<ConversationSummary> {
    let (id, created_at, expires_at, messages, imported_at) = connection
        .prepare_cached(
            "SELECT public_id, created_at, expires_at, (SELECT count(DISTINCT message) FROM delivery WHERE conversation = ?1)
                    + (SELECT count(message) FROM archive_line WHERE conversation = ?1),
                    (SELECT imported_at FROM archive WHERE conversation = ?1)
             FROM conversation WHERE id = ?1",
        )?
        .query_row([row], |r| {
            let times = (r.get::<_, i64>(1)?, r.get::<_, i64>(2)?);
            Ok((r.get::<_, String>(0)?, times.0, times.1, r.get::<_, i64>(3)?, time(r, 4)?))
        })?;
    let sessions = connection
        .prepare_cached(
            "SELECT label, role, joined_at, last_seen, status, note,
                    (SELECT count(*) FROM delivery d WHERE d.conversation = ?1 AND d.recipient = s.label
                     AND d.message > s.acknowledged_to AND d.acknowledged_at IS NULL)
             FROM session s WHERE conversation = ?1 ORDER BY label",
        )?
        .query_map([row], |r| {
            Ok(SessionView {
                session_id: r.get(0)?,
                role: r.get(1)?,
                joined_at: time(r, 2)?.map(|t| t.to_string()),
                last_seen: time(r, 3)?.map(|t| t.to_string()),
                status: r.get(4)?,
                note: r.get(5)?,
                unread: r.get::<_, i64>(6)?.unsigned_abs(),
                connected: None,
                writes: None,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ConversationSummary {
        conversation_id: id,
        created_at: Timestamp::from_millis(created_at).to_string(),
        expires_at: Timestamp::from_millis(expires_at).to_string(),
        expired: expires_at <= now.millis(),
        imported_at: imported_at.map(|t| t.to_string()),
        messages: messages.unsigned_abs(),
        sessions,
    })
}

/// The word that serde gives a unit variant.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
