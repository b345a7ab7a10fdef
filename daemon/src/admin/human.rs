//! What only a person may do, and how it goes on record.
//!
//! An agent can run `bridgectl` from its shell. So a command that gives authority away is refused to any process that
//! descends from an agent's client (one whose shim was ever connected to this daemon): the kernel tells who asks and who its ancestors are. Hostile code of the
//! same user that detaches itself from its client is beyond this; SECURITY.md says so.

use bridge_proto::admin::{AdminError, AdminErrorCode};
use serde_json::Value;

use super::failure;
use crate::bridge::Bridge;
use crate::domain::audit::Entry;
use crate::domain::authority::Terminal;
use crate::domain::id::ConversationId;
use crate::domain::time::Timestamp;
use crate::live::process;

/// Refuses a request that comes from below a connected agent.
pub(super) fn require(bridge: &Bridge, pid: Option<i32>, command: &'static str) -> Result<(), AdminError> {
    let asks = pid.map(process::ancestors).unwrap_or_default();
    let Some(agent) = bridge.registry.find_client(&asks).map(|client| client.pid) else { return Ok(()) };
    let entry_of = move |at| Entry {
        at,
        conversation: None,
        actor: format!("process {}", pid.unwrap_or_default()),
        action: command.to_owned(),
        outcome: "not_human".to_owned(),
        details: serde_json::json!({"agent_process": agent}).to_string(),
    };
    if !bridge.store.try_submit(move |tx| tx.append_audit(entry_of(tx.now()))) {
        tracing::warn!(command, "a refusal could not be recorded: the write queue is full");
    }
    Err(failure(
        AdminErrorCode::HumanOnly,
        format!(
            "`{command}` is for people: this process runs below a connected agent (pid {agent}); run it in a terminal of your own"
        ),
    ))
}

/// Like [`require`], and refuses a process without a controlling terminal: what is decided there must be typed, not
/// piped. Answers which terminal session it is.
pub(super) fn require_terminal(
    bridge: &Bridge,
    pid: Option<i32>,
    command: &'static str,
) -> Result<Terminal, AdminError> {
    require(bridge, pid, command)?;
    pid.and_then(process::terminal).ok_or_else(|| {
        failure(
            AdminErrorCode::HumanOnly,
            format!(
                "`{command}` is for people: this process has no terminal; run it in a terminal of your own"
            ),
        )
    })
}

/// Puts a person's action on record and waits until it is on disk.
pub(super) async fn record(
    bridge: &Bridge,
    command: &'static str,
    conversation: Option<ConversationId>,
    details: Value,
) -> Result<(), AdminError> {
    let recorded = bridge
        .store
        .commit(0, move |tx| tx.append_audit(entry(tx.now(), command, conversation, &details)))
        .await;
    recorded.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))
}

/// The row for a person's action.
pub(super) fn entry(
    at: Timestamp,
    command: &str,
    conversation: Option<ConversationId>,
    details: &Value,
) -> Entry {
    Entry {
        at,
        conversation: conversation.map(|id| id.to_string()),
        actor: "human".to_owned(),
        action: command.to_owned(),
        outcome: "ok".to_owned(),
        details: details.to_string(),
    }
}
