//! What the daemon loads into memory when a conversation is first touched.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{time, unreadable};
use crate::domain::bucket::Buckets;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::{Digest, Nonce};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::store::Redemption;

/// A conversation's rows.
#[derive(Debug, Clone)]
pub struct ConversationRecord {
    /// Row number.
    pub row: i64,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its sessions by label.
    pub sessions: Vec<SessionRecord>,
}

/// A session's row.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Its label.
    pub label: SessionLabel,
    /// What it is for.
    pub role: String,
    /// What its token is computed from.
    pub nonce: Nonce,
    /// When somebody first took it.
    pub joined_at: Option<Timestamp>,
    /// When it last called, as far as was saved.
    pub last_seen: Option<Timestamp>,
    /// What it says of itself.
    pub status: Option<Status>,
    /// Its note on that.
    pub note: Option<String>,
    /// What it has spent of its write limits.
    pub spent: Buckets,
    /// Messages for it that were not acknowledged.
    pub unacknowledged: u64,
}

#[cfg(test)]
impl SessionRecord {
    /// Session `a`, which nobody has taken, with so many messages for it.
    pub(crate) fn fresh(unacknowledged: u64) -> Self {
        Self {
            label: SessionLabel::A,
            role: String::new(),
            nonce: [0; 16],
            joined_at: None,
            last_seen: None,
            status: None,
            note: None,
            spent: Buckets::default(),
            unacknowledged,
        }
    }
}

/// Loads one conversation.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn conversation(
    connection: &Connection,
    id: ConversationId,
) -> rusqlite::Result<Option<ConversationRecord>> {
    let found = connection
        .prepare_cached("SELECT id, expires_at FROM conversation WHERE public_id = ?1")?
        .query_row([id.to_string()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let Some((row, expires_at)) = found else { return Ok(None) };
    let sessions = connection
        .prepare_cached(
            "SELECT label, role, nonce, joined_at, last_seen, status, note, spent_minute, spent_hour, spent_day, spent_at,
                    (SELECT count(*) FROM delivery d WHERE d.conversation = ?1 AND d.recipient = s.label
                     AND d.message > s.acknowledged_to AND d.acknowledged_at IS NULL)
             FROM session s WHERE conversation = ?1 ORDER BY label",
        )?
        .query_map(params![row], session)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(ConversationRecord { row, expires_at: Timestamp::from_millis(expires_at), sessions }))
}

/// A session whose token is to be recognised in passing text.
#[derive(Debug, Clone, Copy)]
pub struct TokenSource {
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its label.
    pub session: SessionLabel,
    /// What its token is computed from.
    pub nonce: Nonce,
}

/// The sessions of every conversation that has not ended.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn token_sources(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<TokenSource>> {
    connection
        .prepare(
            "SELECT c.public_id, s.label, s.nonce FROM session s JOIN conversation c ON c.id = s.conversation
             WHERE c.expires_at > ?1",
        )?
        .query_map([now.millis()], |row| {
            let conversation: String = row.get(0)?;
            let label: String = row.get(1)?;
            Ok(TokenSource {
                conversation: ConversationId::parse(&conversation)
                    .map_err(|e| unreadable(0, e.to_string()))?,
                session: SessionLabel::parse(&label).map_err(|e| unreadable(1, e.to_string()))?,
                nonce: row.get(2)?,
            })
        })?
        .collect()
}

fn session(row: &rusqlite::Row<'_>) -> rusqlite::Result<SessionRecord> {
    let label: String = row.get(0)?;
    let status: Option<String> = row.get(5)?;
    Ok(SessionRecord {
        label: SessionLabel::parse(&label).map_err(|e| unreadable(0, e.to_string()))?,
        role: row.get(1)?,
        nonce: row.get(2)?,
        joined_at: time(row, 3)?,
        last_seen: time(row, 4)?,
        status: status.as_deref().and_then(Status::from_word),
        note: row.get(6)?,
        spent: Buckets {
            spent: [row.get(7)?, row.get(8)?, row.get(9)?],
            at: Timestamp::from_millis(row.get(10)?),
        },
        unacknowledged: row.get::<_, i64>(11)?.unsigned_abs(),
    })
}

/// What redeeming an invite would answer, without doing it.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn peek_invite(connection: &Connection, code: &Digest, now: Timestamp) -> rusqlite::Result<Redemption> {
    let found = connection
        .prepare_cached(
            "SELECT c.public_id, i.label, min(i.expires_at, c.expires_at), i.used_at IS NOT NULL
             FROM invite i JOIN conversation c ON c.id = i.conversation WHERE i.code_digest = ?1",
        )?
        .query_row([code], |row| {
            let conversation: String = row.get(0)?;
            let label: String = row.get(1)?;
            let conversation =
                ConversationId::parse(&conversation).map_err(|e| unreadable(0, e.to_string()))?;
            let session = SessionLabel::parse(&label).map_err(|e| unreadable(1, e.to_string()))?;
            let (expires_at, used) = (row.get::<_, i64>(2)?, row.get::<_, bool>(3)?);
            Ok(if used {
                Redemption::Used { conversation }
            } else if now.millis() >= expires_at {
                Redemption::Stale { conversation }
            } else {
                Redemption::Redeemed { conversation, session }
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Redemption::Unknown))
}
