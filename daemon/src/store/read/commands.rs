//! Commands and the modes of conversations.

use std::collections::BTreeMap;

use bridge_guard::Mode;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{time, unreadable};
use crate::domain::command::{CommandId, CommandState, Grant};
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::Digest;
use crate::domain::time::Timestamp;

/// A command as it is stored.
#[derive(Debug, Clone)]
pub struct CommandRecord {
    /// Its id.
    pub id: CommandId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The row number of that.
    pub conversation_row: i64,
    /// Who proposed it.
    pub requester: SessionLabel,
    /// What that session is for.
    pub role: String,
    /// Exactly what would run, as JSON.
    pub plan: String,
    /// The digest of that.
    pub plan_digest: Digest,
    /// Where it is, as of the time asked.
    pub state: CommandState,
    /// Until when it is good in that state.
    pub good_until: Timestamp,
    /// When it was proposed.
    pub asked_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How, as JSON.
    pub outcome: Option<String>,
}

/// What an agent asked a person to enable.
#[derive(Debug, Clone)]
pub struct ModeRequest {
    /// The conversation.
    pub conversation: ConversationId,
    /// Who asked.
    pub requester: SessionLabel,
    /// For what.
    pub asked: Grant,
    /// When.
    pub asked_at: Timestamp,
}

/// What a person has enabled for the conversation with that public id.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn grant_of(connection: &Connection, id: ConversationId) -> rusqlite::Result<Option<Grant>> {
    connection
        .prepare_cached(
            "SELECT m.mode, m.workspace, m.timeout_ms, m.container, m.network
             FROM command_mode m JOIN conversation c ON c.id = m.conversation WHERE c.public_id = ?1",
        )?
        .query_row([id.to_string()], |row| grant_from(row, row.get(4)?))
        .optional()
}

/// What a person has enabled for a conversation.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn grant(connection: &Connection, conversation: i64) -> rusqlite::Result<Option<Grant>> {
    connection
        .prepare_cached(
            "SELECT mode, workspace, timeout_ms, container, network FROM command_mode WHERE conversation = ?1",
        )?
        .query_row([conversation], |row| grant_from(row, row.get(4)?))
        .optional()
}

/// Every conversation that is not over and has a mode enabled.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn grants(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<(ConversationId, Grant)>> {
    connection
        .prepare_cached(
            "SELECT m.mode, m.workspace, m.timeout_ms, m.container, m.network, c.public_id
             FROM command_mode m JOIN conversation c ON c.id = m.conversation
             WHERE c.expires_at > ?1 ORDER BY m.enabled_at",
        )?
        .query_map([now.millis()], |row| Ok((conversation_id(row, 5)?, grant_from(row, row.get(4)?)?)))?
        .collect()
}

/// Every request for a mode in a conversation that is not over.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn mode_requests(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<ModeRequest>> {
    connection
        .prepare_cached(
            "SELECT r.mode, r.workspace, r.timeout_ms, r.container, c.public_id, r.requester, r.asked_at
             FROM mode_request r JOIN conversation c ON c.id = r.conversation
             WHERE c.expires_at > ?1 ORDER BY r.asked_at",
        )?
        .query_map([now.millis()], |row| {
            Ok(ModeRequest {
                conversation: conversation_id(row, 4)?,
                requester: label(row, 5)?,
                asked: grant_from(row, false)?,
                asked_at: Timestamp::from_millis(row.get(6)?),
            })
        })?
        .collect()
}

/// Columns of [`record`].
const RECORD: &str =
    "SELECT k.id, c.public_id, k.conversation, k.requester, s.role, k.plan, k.plan_digest, k.state,
    k.good_until, k.asked_at, k.ended_at, k.outcome
    FROM command k JOIN conversation c ON c.id = k.conversation
    JOIN session s ON s.conversation = k.conversation AND s.label = k.requester";

/// One command.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn command(
    connection: &Connection,
    id: CommandId,
    now: Timestamp,
) -> rusqlite::Result<Option<CommandRecord>> {
    connection
        .prepare_cached(&format!("{RECORD} WHERE k.id = ?1"))?
        .query_row([id.to_string()], |row| record(row, now))
        .optional()
}

/// Commands that wait for somebody (or, with `all`, the latest `limit` whatever their state), oldest first.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn list(
    connection: &Connection,
    all: bool,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<CommandRecord>> {
    let mut found: Vec<CommandRecord> = connection
        .prepare_cached(&format!(
            "{RECORD} WHERE ?1 OR (c.expires_at > ?2 AND (k.state = 'running'
               OR (k.state IN ('pending', 'approved') AND k.good_until > ?2)))
             ORDER BY k.asked_at DESC, k.id LIMIT ?3"
        ))?
        .query_map(params![all, now.millis(), limit], |row| record(row, now))?
        .collect::<rusqlite::Result<_>>()?;
    found.reverse();
    Ok(found)
}

/// Commands of a conversation whatever their state, oldest first: `limit` behind the first `skip`.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn of_conversation(
    connection: &Connection,
    conversation: ConversationId,
    skip: u32,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Vec<CommandRecord>> {
    connection
        .prepare_cached(&format!(
            "{RECORD} WHERE c.public_id = ?1 ORDER BY k.asked_at, k.id LIMIT ?3 OFFSET ?2"
        ))?
        .query_map(params![conversation.to_string(), skip, limit], |row| record(row, now))?
        .collect()
}

/// A waiting or approved command that is exactly this one.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn open_like(
    connection: &Connection,
    conversation: i64,
    requester: SessionLabel,
    plan: &Digest,
    now: Timestamp,
) -> rusqlite::Result<Option<(CommandId, CommandState)>> {
    connection
        .prepare_cached(
            "SELECT id, state FROM command WHERE conversation = ?1 AND requester = ?2 AND plan_digest = ?3
             AND state IN ('pending', 'approved') AND good_until > ?4 ORDER BY asked_at LIMIT 1",
        )?
        .query_row(params![conversation, requester.to_string(), plan, now.millis()], |row| {
            Ok((command_id(row, 0)?, state(row, 1)?))
        })
        .optional()
}

/// How many commands there are in each state, by its word.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn count_states(connection: &Connection, now: Timestamp) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut query = connection.prepare_cached(
        "SELECT state, min(good_until), count(*) FROM command GROUP BY state, good_until > ?1",
    )?;
    let mut rows = query.query([now.millis()])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let state = state(row, 0)?.at(Timestamp::from_millis(row.get(1)?), now);
        *counts.entry(state.word().to_owned()).or_default() += row.get::<_, i64>(2)?.unsigned_abs();
    }
    Ok(counts)
}

/// How many proposals of a conversation wait for a person.
///
/// # Errors
/// From SQLite.
pub fn count_pending(connection: &Connection, conversation: i64, now: Timestamp) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM command WHERE conversation = ?1 AND state = 'pending' AND good_until > ?2",
        )?
        .query_row(params![conversation, now.millis()], |row| row.get(0))
}

/// The stored state of the command that this approval token was for, and until when it was good.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn state_by_token(
    connection: &Connection,
    token: &Digest,
) -> rusqlite::Result<Option<(CommandState, Timestamp)>> {
    connection
        .prepare_cached("SELECT state, good_until FROM command WHERE token_digest = ?1")?
        .query_row([token], |row| Ok((state(row, 0)?, Timestamp::from_millis(row.get(1)?))))
        .optional()
}

fn record(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<CommandRecord> {
    let good_until = Timestamp::from_millis(row.get(8)?);
    Ok(CommandRecord {
        id: command_id(row, 0)?,
        conversation: conversation_id(row, 1)?,
        conversation_row: row.get(2)?,
        requester: label(row, 3)?,
        role: row.get(4)?,
        plan: row.get(5)?,
        plan_digest: row.get(6)?,
        state: state(row, 7)?.at(good_until, now),
        good_until,
        asked_at: Timestamp::from_millis(row.get(9)?),
        ended_at: time(row, 10)?,
        outcome: row.get(11)?,
    })
}

/// The first four columns.
fn grant_from(row: &Row<'_>, network: bool) -> rusqlite::Result<Grant> {
    let mode: String = row.get(0)?;
    Ok(Grant {
        mode: mode.parse::<Mode>().map_err(|error| unreadable(0, error.to_string()))?,
        workspace: row.get(1)?,
        timeout_ms: row.get(2)?,
        container: row.get(3)?,
        network,
    })
}

fn command_id(row: &Row<'_>, column: usize) -> rusqlite::Result<CommandId> {
    let text: String = row.get(column)?;
    CommandId::parse(&text).ok_or_else(|| unreadable(column, format!("{text:?} is no command id")))
}

fn conversation_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ConversationId> {
    let text: String = row.get(column)?;
    ConversationId::parse(&text).map_err(|error| unreadable(column, error.to_string()))
}

fn label(row: &Row<'_>, column: usize) -> rusqlite::Result<SessionLabel> {
    let text: String = row.get(column)?;
    SessionLabel::parse(&text).map_err(|error| unreadable(column, error.to_string()))
}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<CommandState> {
    let word: String = row.get(column)?;
    CommandState::from_word(&word).ok_or_else(|| unreadable(column, format!("{word:?} is no state")))
}
