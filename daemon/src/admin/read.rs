//! Requests that only read, answered from a connection that cannot write.

use std::path::Path;

mod commands;
mod lines;
mod show;

use bridge_proto::admin::yolo::{YoloRequest, YoloResponse};
use bridge_proto::admin::{
    AdminError, AdminErrorCode, AllowanceView, ConversationSummary, Request, Response, WritesView,
};
use bridge_proto::paths::Paths;
use rusqlite::Connection;

use super::failure;
use crate::domain::bucket::{Buckets, Rates};
use crate::domain::id::ConversationId;
use crate::domain::key::Keys;
use crate::domain::time::Timestamp;
use crate::live::{LiveConversation, Registry};
use crate::store::read::conversations::MessagePage;
use crate::store::read::verify::Noted;
use crate::store::read::{audit, conversations, stats, verify};

/// Most rows of an audit trail or a conversation in one answer.
pub const PAGE: u32 = 200;
/// Most conversations in one answer: notes and roles of all their sessions fit into a frame.
const LIST_PAGE: u32 = 100;
/// Answers grow with the texts in them; pages are cut when they come near the frame cap.
const PAGE_BYTES: usize = 700_000;

/// What a reading request is answered from.
pub struct Source<'s> {
    /// Keys of the installation, for verification.
    pub keys: &'s Keys,
    /// Where everything is.
    pub paths: &'s Paths,
    /// The current time.
    pub now: Timestamp,
    /// What the running daemon holds in memory.
    pub live: Option<Live<'s>>,
    /// Whether and how commands can run.
    pub gate: Gate,
}

/// What only the running daemon knows.
#[derive(Clone, Copy)]
pub struct Live<'s> {
    /// Conversations and connections in use.
    pub registry: &'s Registry,
    /// Limits on writes.
    pub writes: Rates,
}

/// Whether and how commands can run.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    /// Whether the daemon was started with `YOLO_MODE=1`.
    pub open: bool,
    /// What holds commands here, or why nothing does.
    pub sandbox: String,
    /// Whether something does.
    pub held: bool,
}

/// Answers a request that only reads.
///
/// # Errors
/// [`AdminError`] saying what to do.
pub fn answer(
    connection: &Connection,
    source: &Source<'_>,
    request: &Request,
) -> Result<Response, AdminError> {
    match request {
        Request::List { with_expired, after } => {
            let after = after.as_deref().map(parse_id).transpose()?;
            let page = conversations::page(connection, source.now, *with_expired, after, LIST_PAGE);
            let mut page = page.map_err(failed)?.ok_or_else(|| {
                failure(AdminErrorCode::NotFound, "the list changed while it was read; ask again")
            })?;
            page.iter_mut().for_each(|summary| add_live(source, summary));
            Ok(Response::List(page))
        }
        Request::Show { conversation, after, before, limit, last } => {
            let page = MessagePage { after: *after, before: *before, limit: (*limit).min(PAGE), last: *last };
            show::show(connection, source, conversation, page)
        }
        Request::Audit(filter) => {
            let mut filter = filter.clone();
            filter.limit = filter.limit.min(PAGE);
            Ok(Response::Audit(audit::rows(connection, &filter).map_err(failed)?))
        }
        Request::Verify { anchor } => {
            let noted = anchor.as_deref().map_or(Noted::Nothing, Noted::Head);
            let report = verify::verify(connection, source.keys, &source.paths.seal(), noted);
            report.map(Response::Verify).map_err(|error| failure(AdminErrorCode::Store, error.to_string()))
        }
        Request::Commands { conversation, skip } => commands::page(connection, source, conversation, *skip),
        Request::Lines { conversation, skip } => lines::page(connection, conversation, *skip),
        Request::Yolo { request: YoloRequest::List { all } } => {
            commands::list(connection, source, *all).map(|list| Response::Yolo(YoloResponse::List(list)))
        }
        Request::Stats => {
            let mut report = stats::stats(connection, source.now).map_err(failed)?;
            report.database_bytes = database_bytes(source.paths);
            Ok(Response::Stats(Box::new(report)))
        }
        Request::Status
        | Request::Tokens { .. }
        | Request::Invite { .. }
        | Request::Pair { .. }
        | Request::Say { .. }
        | Request::Cleanup { .. }
        | Request::Backup { .. }
        | Request::Import { .. }
        | Request::Reload
        | Request::Mail { .. }
        | Request::Wait { .. }
        | Request::Yolo { .. } => Err(failure(AdminErrorCode::BadRequest, "this needs the running daemon")),
    }
}

fn failed(error: rusqlite::Error) -> AdminError {
    failure(AdminErrorCode::Store, format!("reading the database: {error}"))
}

/// Bytes of the database and its WAL.
pub(super) fn database_bytes(paths: &Paths) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let database = paths.database();
    size(&database) + size(&database.with_extension("db-wal"))
}

/// Keeps as many as fit into an answer, but at least one.
fn fit<T>(rows: &mut Vec<T>, bytes_of: impl Fn(&T) -> usize) {
    let mut bytes = 0;
    let fitting = rows
        .iter()
        .take_while(|row| {
            bytes += bytes_of(row).min(PAGE_BYTES);
            bytes < PAGE_BYTES
        })
        .count();
    rows.truncate(fitting.max(1));
}

/// Reads a conversation id as a person typed it.
pub(super) fn parse_id(text: &str) -> Result<ConversationId, AdminError> {
    ConversationId::parse(text)
        .map_err(|error| failure(AdminErrorCode::BadRequest, format!("{text:?}: {error}")))
}

/// The error for a conversation that is not there.
pub(super) fn not_found(id: &str) -> AdminError {
    failure(
        AdminErrorCode::NotFound,
        format!("there is no conversation {id}; `bridgectl list --all` shows all"),
    )
}

/// Adds what only the running daemon knows.
fn add_live(source: &Source<'_>, summary: &mut ConversationSummary) {
    let Some(Live { registry, writes }) = source.live else { return };
    let live = ConversationId::parse(&summary.conversation_id).ok().and_then(|id| registry.loaded(id));
    for session in &mut summary.sessions {
        session.connected = Some(false);
        if let Some(live) = live.as_deref().and_then(|live| find(live, &session.session_id)) {
            let state = live.state();
            session.connected = Some(state.connections > 0);
            session.last_seen = state.last_seen.map(|seen| seen.to_string());
            session.writes = Some(allowance(&state.writes, &writes, source.now));
        }
    }
}

/// What a session may still write at `now`.
fn allowance(spent: &Buckets, rates: &Rates, now: Timestamp) -> WritesView {
    let left = spent.remaining_at(rates, now);
    let [minute, hour, day] = rates.0;
    WritesView {
        minute: AllowanceView { left: left.minute, limit: minute },
        hour: AllowanceView { left: left.hour, limit: hour },
        day: AllowanceView { left: left.day, limit: day },
    }
}

fn find<'c>(conversation: &'c LiveConversation, label: &str) -> Option<&'c crate::live::LiveSession> {
    conversation.sessions.iter().find(|session| session.label.to_string() == label).map(AsRef::as_ref)
}
