//! What people decide about commands.

mod decide;
pub(super) mod view;

use std::sync::Arc;

use bridge_proto::admin::yolo::{YoloRequest, YoloResponse};
use bridge_proto::admin::{AdminError, AdminErrorCode, Request, Response};
use serde_json::json;

use super::read::{Gate, not_found, parse_id};
use super::{failure, human};
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::command::CommandId;
use crate::exec;
use crate::live::Commands;
use crate::store::read::commands;
use crate::store::{StoreError, Tx};

/// Answers a question about commands or carries a decision out.
pub(super) async fn answer(
    bridge: &Arc<Bridge>,
    pid: Option<i32>,
    request: YoloRequest,
) -> Result<Response, AdminError> {
    let answer = match request {
        request @ YoloRequest::List { .. } => return super::read(bridge, Request::Yolo { request }).await,
        YoloRequest::Vouch { command } => {
            human::require(bridge, pid, "yolo try")?;
            let details = json!({"command": bridge.clean(None, &command).as_str()});
            human::record(bridge, "yolo_vouched", None, details).await?;
            YoloResponse::Done
        }
        YoloRequest::Prepare(decision) => {
            let terminal = human::require_terminal(bridge, pid, "yolo")?;
            YoloResponse::Prepared(Box::new(decide::prepare(bridge, terminal, decision)?))
        }
        YoloRequest::Decide { decision, proof } => {
            let terminal = human::require_terminal(bridge, pid, "yolo")?;
            decide::decide(bridge, terminal, decision, proof).await?
        }
        YoloRequest::Deny { command } => {
            human::require(bridge, pid, "yolo deny")?;
            deny(bridge, &command).await?
        }
        YoloRequest::Disable { conversation } => {
            human::require(bridge, pid, "yolo disable")?;
            disable(bridge, &conversation).await?
        }
        YoloRequest::Restore { snapshot, paths, exact } => {
            human::require(bridge, pid, "yolo restore")?;
            restore(bridge, snapshot, paths, exact).await?
        }
        YoloRequest::Cleanup => {
            human::require(bridge, pid, "yolo cleanup")?;
            let lapsed = write(bridge, |tx| {
                let lapsed = tx.clean_up_commands()?;
                tx.append_audit(human::entry(tx.now(), "yolo_cleanup", None, &json!({"lapsed": lapsed})))?;
                Ok(lapsed)
            });
            YoloResponse::Cleaned { lapsed: lapsed.await? as u64 }
        }
    };
    Ok(Response::Yolo(answer))
}

/// Whether and how commands can run.
pub(super) fn gate_of(bridge: &Bridge) -> Gate {
    let (held, sandbox) = match bridge.tuning().guard.as_ref().map(|guard| guard.tier()) {
        None => (false, "the daemon was started without YOLO_MODE=1: no command can run".to_owned()),
        Some(Ok(tier)) => (true, tier.to_string()),
        Some(Err(error)) => (false, error.to_string()),
    };
    Gate { open: bridge.commands.is_some(), sandbox, held }
}

async fn deny(bridge: &Bridge, command: &str) -> Result<YoloResponse, AdminError> {
    let id = parse_command(command)?;
    let conversation = find(bridge, id)?.conversation;
    let denied = write(bridge, move |tx| {
        let denied = tx.deny_command(id)?;
        if denied {
            let entry = human::entry(tx.now(), "yolo_deny", Some(conversation), &json!({"id": id}));
            tx.append_audit(entry)?;
        }
        Ok(denied)
    });
    if !denied.await? {
        let text = format!("{id} waits for nothing any more; see `bridgectl yolo pending --all`");
        return Err(failure(AdminErrorCode::NotFound, text));
    }
    gate(bridge)?.decided.notify_waiters();
    Ok(YoloResponse::Done)
}

async fn disable(bridge: &Bridge, conversation: &str) -> Result<YoloResponse, AdminError> {
    let id = parse_id(conversation)?;
    let live = bridge.registry.conversation(id).map_err(store_failed)?;
    let row = live.ok_or_else(|| not_found(conversation))?.row;
    let disabled = write(bridge, move |tx| {
        let disabled = tx.disable_mode(row)?;
        tx.append_audit(human::entry(tx.now(), "yolo_disable", Some(id), &json!({"was_enabled": disabled})))
    });
    disabled.await?;
    if let Some(commands) = &bridge.commands {
        commands.decided.notify_waiters();
    }
    Ok(YoloResponse::Done)
}

async fn restore(
    bridge: &Bridge,
    snapshot: String,
    paths: Vec<String>,
    exact: bool,
) -> Result<YoloResponse, AdminError> {
    let unavailable = |error: String| failure(AdminErrorCode::Unavailable, error);
    let tuning = bridge.tuning();
    let guard = match &tuning.guard {
        Some(guard) => Arc::clone(guard),
        None => Arc::new(
            exec::guard(&tuning.config.yolo, &bridge.paths)
                .map_err(|error| unavailable(error.to_string()))?,
        ),
    };
    let asked = snapshot.clone();
    let restored =
        tokio::task::spawn_blocking(move || exec::restore(&guard, &snapshot, &paths, exact, clock::now()));
    let report = match restored.await {
        Ok(report) => report.map_err(|error| unavailable(error.to_string()))?,
        Err(error) => return Err(unavailable(format!("the restoring itself failed: {error}"))),
    };
    let details = json!({
        "snapshot": bridge.clean(None, &asked).as_str(), "undo": report.undo, "exact": exact,
        "restored": report.restored.len(), "deleted": report.deleted.len(), "skipped": report.skipped.len(),
    });
    human::record(bridge, "yolo_restore", None, details).await?;
    Ok(YoloResponse::Restored(report))
}

/// What commands need in memory; absent while the gate is closed.
fn gate(bridge: &Bridge) -> Result<&Commands, AdminError> {
    bridge.commands.as_ref().ok_or_else(|| {
        failure(
            AdminErrorCode::Unavailable,
            "the daemon was started without YOLO_MODE=1, so no command can be proposed or run; set it in the daemon's own \
             environment and restart it",
        )
    })
}

fn parse_command(text: &str) -> Result<CommandId, AdminError> {
    CommandId::parse(text).ok_or_else(|| {
        failure(
            AdminErrorCode::BadRequest,
            "a command id is cmd_ and 8 hex digits; see `bridgectl yolo pending`",
        )
    })
}

fn find(bridge: &Bridge, id: CommandId) -> Result<commands::CommandRecord, AdminError> {
    let reader = bridge.store.reader().map_err(store_failed)?;
    let found = commands::command(&reader, id, clock::now()).map_err(|error| store_failed(error.into()))?;
    found.ok_or_else(|| {
        failure(AdminErrorCode::NotFound, format!("there is no command {id}; see `bridgectl yolo pending`"))
    })
}

/// Writes and waits until it is on disk.
async fn write<T: Send + 'static>(
    bridge: &Bridge,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, AdminError> {
    let written = bridge.store.commit(0, work).await;
    written.map_err(store_failed)
}

fn store_failed(error: StoreError) -> AdminError {
    failure(AdminErrorCode::Store, error.to_string())
}
