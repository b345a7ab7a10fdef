//! What only a person may do, and how it goes on record.
//!
//! An agent can run `bridgectl` from its shell. So a command that gives authority away is refused to any process that
//! descends from a connected agent's client: the kernel tells who asks and who its ancestors are. Hostile code of the
//! same user that detaches itself from its client is beyond this; SECURITY.md says so.

use std::collections::HashSet;

use bridge_proto::admin::{AdminError, AdminErrorCode};
use serde_json::Value;

use super::failure;
use crate::bridge::Bridge;
use crate::domain::audit::Entry;
use crate::domain::id::ConversationId;
use crate::domain::time::Timestamp;

/// Ancestors beyond which the walk gives up; real chains have a dozen.
const MAX_ANCESTORS: usize = 128;

/// Refuses a request that comes from below a connected agent.
pub(super) fn require(bridge: &Bridge, pid: Option<i32>, command: &'static str) -> Result<(), AdminError> {
    let clients: HashSet<i32> = bridge
        .registry
        .connections()
        .iter()
        .filter_map(|c| c.pid.and_then(parent_of))
        .filter(|pid| *pid > 1)
        .collect();
    let asks = pid.into_iter().flat_map(ancestors);
    let Some(agent) = asks.into_iter().find(|ancestor| clients.contains(ancestor)) else { return Ok(()) };
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

/// Puts a person's action on record and waits until it is on disk.
pub(super) async fn record(
    bridge: &Bridge,
    command: &'static str,
    conversation: Option<ConversationId>,
    details: Value,
) -> Result<(), AdminError> {
    let commit =
        bridge.store.submit(0, move |tx| tx.append_audit(entry(tx.now(), command, conversation, &details)));
    let recorded = match commit.await {
        Ok(commit) => commit.wait().await,
        Err(error) => Err(error),
    };
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

/// A process and everything above it, as far as the system tells.
fn ancestors(pid: i32) -> Vec<i32> {
    let mut chain = vec![pid];
    while let Some(parent) = chain.last().copied().and_then(parent_of) {
        if parent <= 1 || chain.len() >= MAX_ANCESTORS || chain.contains(&parent) {
            break;
        }
        chain.push(parent);
    }
    chain
}

/// The parent of a process, from `/proc/PID/stat` (proc_pid_stat(5)): the fourth field, counted from behind the
/// command name, which may itself contain spaces and parentheses.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_parent_is_among_our_ancestors() {
        let me = i32::try_from(std::process::id()).unwrap();
        let chain = ancestors(me);
        assert_eq!(chain[0], me);
        assert_eq!(parent_of(me), Some(nix::unistd::getppid().as_raw()));
        assert!(chain.len() == 1 || chain[1] == nix::unistd::getppid().as_raw());
    }
}
