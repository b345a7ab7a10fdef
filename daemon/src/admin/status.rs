//! `status`: how the daemon is.

use bridge_proto::PROTOCOL;
use bridge_proto::admin::{AdminError, AdminErrorCode, AgentView, AuditFilter, StatusReport};

use super::failure;
use crate::bridge::Bridge;
use crate::clock;
use crate::live::Connection;
use crate::store::read::{audit, conversations};

/// Agents that are named one by one: the answer must fit into a frame.
const MAX_AGENTS: usize = 1_000;

pub(super) fn report(bridge: &Bridge, reader: &rusqlite::Connection) -> Result<StatusReport, AdminError> {
    let failed =
        |error: rusqlite::Error| failure(AdminErrorCode::Store, format!("reading the database: {error}"));
    let running = conversations::count_running(reader, clock::now()).map_err(failed)?;
    let last = audit::rows(reader, &AuditFilter { limit: 1, last: true, ..AuditFilter::default() })
        .map_err(failed)?;
    let connections = bridge.registry.connections();
    Ok(StatusReport {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        started_at: bridge.started_at.to_string(),
        socket: bridge.paths.socket.display().to_string(),
        database: bridge.paths.database().display().to_string(),
        database_bytes: super::read::database_bytes(&bridge.paths),
        connected: connections.len() as u64,
        agents: connections.iter().take(MAX_AGENTS).map(|connection| view(connection)).collect(),
        conversations: running,
        rules: bridge.tuning().redactor.rule_count(),
        audit_rows: last.first().map_or(0, |row| row.seq),
        audit_head: last.into_iter().next().map(|row| row.mac).unwrap_or_default(),
    })
}

fn view(connection: &Connection) -> AgentView {
    AgentView {
        pid: connection.pid,
        name: connection.agent.clone(),
        client: connection.client.get().cloned(),
        sessions: connection.bound_names(),
        connected_at: connection.since.to_string(),
    }
}
