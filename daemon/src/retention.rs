//! Removes what has been kept long enough: expired conversations, and audit rows behind a sealed anchor.
//!
//! In small parts, each a job of its own, so that whoever waits for a commit never waits for a removal.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::bridge::Bridge;
use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::id::ConversationId;
use crate::domain::time::Timestamp;
use crate::store::read::conversations;
use crate::store::{StoreError, Tx};

/// How often it is looked for what may go.
const INTERVAL: Duration = Duration::from_secs(600);
/// Deliveries with their messages in one part.
const PART: u32 = 200;
/// Audit rows in one part; each is proven before it goes.
const AUDIT_PART: u32 = 1_000;

/// Removes what may go, now and every ten minutes, for ever.
pub async fn keep(bridge: Arc<Bridge>) {
    let mut timer = tokio::time::interval(INTERVAL);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&bridge, clock::now()).await {
            tracing::warn!(%error, "what has been kept long enough could not be removed; it will be tried again");
        }
    }
}

async fn pass(bridge: &Bridge, now: Timestamp) -> Result<(), StoreError> {
    let retention = bridge.tuning().config.retention;
    if let Some(cutoff) = retention.expired_after.cutoff(now) {
        let expired = conversations::expired(&*bridge.store.reader()?, cutoff)?;
        for id in &expired {
            remove(bridge, *id, "daemon").await?;
        }
        if !expired.is_empty() {
            tracing::info!(
                conversations = expired.len(),
                "expired conversations were removed after their time"
            );
        }
    }
    if let Some(cutoff) = retention.audit_after.cutoff(now) {
        while prune_part(bridge, cutoff).await? {}
    }
    Ok(())
}

/// Removes a conversation that is over, with its messages, on behalf of `actor`. Its audit rows stay.
///
/// # Errors
/// [`StoreError`]; what was removed until then stays removed.
pub async fn remove(bridge: &Bridge, id: ConversationId, actor: &'static str) -> Result<(), StoreError> {
    // On record with the first part: nothing vanishes before that.
    let mut gone = in_part(bridge, move |tx| {
        tx.append_audit(entry(tx.now(), actor, "cleanup", Some(id), "{}".to_owned()))?;
        tx.remove_part(id, PART)
    })
    .await?;
    while !gone {
        gone = in_part(bridge, move |tx| tx.remove_part(id, PART)).await?;
    }
    bridge.registry.forget(id);
    Ok(())
}

/// Removes some audit rows; returns whether there may be more.
async fn prune_part(bridge: &Bridge, cutoff: Timestamp) -> Result<bool, StoreError> {
    in_part(bridge, move |tx| {
        let Some(pruned) = tx.prune_audit(cutoff, AUDIT_PART)? else { return Ok(false) };
        let details = json!({"from": pruned.from, "to": pruned.to}).to_string();
        tx.append_audit(entry(tx.now(), "daemon", "prune_audit", None, details))?;
        Ok(true)
    })
    .await
}

async fn in_part<T: Send + 'static>(
    bridge: &Bridge,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    bridge.store.commit(0, work).await
}

fn entry(
    at: Timestamp,
    actor: &'static str,
    action: &'static str,
    conversation: Option<ConversationId>,
    details: String,
) -> Entry {
    Entry {
        at,
        conversation: conversation.map(|id| id.to_string()),
        actor: actor.to_owned(),
        action: action.to_owned(),
        outcome: "ok".to_owned(),
        details,
    }
}
