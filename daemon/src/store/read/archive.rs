//! Imported conversations, as the lines they came in.

use bridge_proto::admin::MessageView;
use bridge_proto::admin::archive::Record;
use rusqlite::{Connection, params};

use super::conversations::MessagePage;
use super::unreadable;
use crate::domain::id::ConversationId;

/// Lines of an imported conversation: `limit` behind the first `skip`. None of any other conversation.
///
/// # Errors
/// From SQLite.
pub fn lines(
    connection: &Connection,
    id: ConversationId,
    skip: u32,
    limit: u32,
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT l.line FROM archive_line l JOIN conversation c ON c.id = l.conversation
             WHERE c.public_id = ?1 AND l.number >= ?2 ORDER BY l.number LIMIT ?3",
        )?
        .query_map(params![id.to_string(), skip, limit], |row| row.get(0))?
        .collect()
}

/// Some messages of an imported conversation, in the order that the page asks for; `None` for any other conversation.
///
/// # Errors
/// From SQLite, or when a line cannot be read.
pub fn messages(
    connection: &Connection,
    id: ConversationId,
    page: MessagePage,
) -> rusqlite::Result<Option<Vec<MessageView>>> {
    let imported = connection
        .prepare_cached(
            "SELECT 1 FROM archive a JOIN conversation c ON c.id = a.conversation WHERE c.public_id = ?1",
        )?
        .exists([id.to_string()])?;
    if !imported {
        return Ok(None);
    }
    let order = if page.last { "DESC" } else { "ASC" };
    let before = page.before.unwrap_or(i64::MAX);
    connection
        .prepare_cached(&format!(
            "SELECT l.line FROM archive_line l JOIN conversation c ON c.id = l.conversation
             WHERE c.public_id = ?1 AND l.message > ?2 AND l.message < ?3 ORDER BY l.number {order} LIMIT ?4"
        ))?
        .query_map(params![id.to_string(), page.after, before, page.limit], |row| {
            let line: String = row.get(0)?;
            match serde_json::from_str(&line) {
                Ok(Record::Message(message)) => Ok(message),
                Ok(_) => Err(unreadable(0, "the line is no message".to_owned())),
                Err(error) => Err(unreadable(0, error.to_string())),
            }
        })?
        .collect::<rusqlite::Result<_>>()
        .map(Some)
}
