//! What happens to a command once its approval is used up: it runs, whoever asked may be gone by then, and everybody
//! learns what came of it.

use std::sync::Arc;

use bridge_guard::{Guard, GuardError, Outcome, Plan};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant, interval_at};

use super::call::Call;
use super::dispatch::record_refusal;
use super::error::OpError;
use super::spec::Spec;
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::command::{CommandId, CommandState};
use crate::domain::redaction::Clean;
use crate::domain::status::ActionType;
use crate::exec;
use crate::live::{Binding, LiveSession, post};
use crate::store::{NewMessage, Store, StoreError};

/// How often a client is told that its command still runs.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// A command that is to run now.
pub(super) struct Released {
    pub(super) id: CommandId,
    pub(super) binding: Binding,
    pub(super) plan: Plan,
}

/// The guard, which is there exactly when the daemon was started with `YOLO_MODE=1`.
pub(super) fn guard_of(call: &Call<'_>) -> Result<Arc<Guard>, OpError> {
    call.tuning.guard.clone().ok_or_else(|| OpError::internal("commands", &"the gate is closed"))
}

/// Notes which commands ran when the last daemon ended: nobody knows what they did. Their sandboxes died with it.
pub(super) async fn settle_lost(store: &Store) -> Result<(), StoreError> {
    store
        .commit(0, |tx| {
            for (id, conversation) in tx.lose_running_commands()? {
                tx.append_audit(Entry {
                    at: tx.now(),
                    conversation: Some(conversation),
                    actor: "daemon".to_owned(),
                    action: "command_ended".to_owned(),
                    outcome: "lost".to_owned(),
                    details: json!({"id": id}).to_string(),
                })?;
            }
            Ok(())
        })
        .await
}

/// Puts the refusal of a command on record.
pub(super) async fn refused(
    call: &Call<'_>,
    binding: &Binding,
    spec: &'static Spec,
    error: OpError,
) -> OpError {
    let conversation = Some(binding.conversation.id.to_string());
    let reason = call.clean(&error.to_string());
    let details = json!({"reason": reason.as_str()});
    record_refusal(call.bridge, binding.session.label.to_string(), conversation, spec, &error, details).await;
    error
}

/// Runs it in a task of its own, which goes on when the caller is gone, and waits for its end.
pub(super) async fn run(call: &Call<'_>, released: Released) -> Result<Outcome, OpError> {
    let guard = guard_of(call)?;
    let (answer, mut answered) = oneshot::channel();
    let limit = Duration::from_millis(released.plan.timeout_ms);
    tokio::spawn(carry_out(Arc::clone(call.bridge), guard, released, answer));
    let start = Instant::now();
    let mut ticks = interval_at(start + PROGRESS_EVERY, PROGRESS_EVERY);
    loop {
        tokio::select! {
            outcome = &mut answered => {
                return outcome.unwrap_or_else(|_| Err(OpError::internal("running the command", &"its task died")));
            }
            () = call.cancelled.cancelled() => return Err(OpError::Cancelled),
            () = call.connection.closed.cancelled() => return Err(OpError::Cancelled),
            _ = ticks.tick() => if let Some(progress) = &call.progress {
                progress(start.elapsed().as_secs(), limit.as_secs()).await;
            }
        }
    }
}

async fn carry_out(
    bridge: Arc<Bridge>,
    guard: Arc<Guard>,
    released: Released,
    answer: oneshot::Sender<Result<Outcome, OpError>>,
) {
    let permit = match &bridge.commands {
        Some(commands) => Arc::clone(&commands.running).acquire_owned().await.ok(),
        None => None,
    };
    let clean = cleaner(&bridge, &released.binding);
    let ran = exec::run(guard, released.id, released.plan.clone(), clock::now(), clean).await;
    drop(permit);
    let told_requester = !answer.is_closed();
    let kept = record(&bridge, &released, &ran, told_requester).await;
    let result = match (ran, kept) {
        (Ok(outcome), Ok(())) => Ok(outcome),
        // It has run, and what it did counts: the caller learns that, and that it is not on record.
        (Ok(_), Err(error)) => Err(OpError::Store(error)),
        (Err(error), _) => Err(error.into()),
    };
    if answer.send(result).is_err() && told_requester {
        tracing::warn!(command = %released.id, "a client went away while its command's result was being stored");
    }
}

fn cleaner(bridge: &Arc<Bridge>, binding: &Binding) -> exec::CleanFn {
    let (bridge, conversation) = (Arc::clone(bridge), binding.conversation.id);
    Box::new(move |text| {
        let clean = bridge.clean(Some(conversation), text);
        (clean.as_str().to_owned(), clean.redactions())
    })
}

/// Stores how it ended, with its audit row and the message that tells the others; the requester too, when nobody waits
/// for the answer any more.
async fn record(
    bridge: &Arc<Bridge>,
    released: &Released,
    ran: &Result<Outcome, GuardError>,
    told_requester: bool,
) -> Result<(), StoreError> {
    let Released { id, binding, plan } = released;
    let (id, requester, conversation) = (*id, binding.session.label, binding.conversation.id);
    let (text, summary, state, word) = match ran {
        Ok(outcome) => (
            exec::message(id, &requester.to_string(), plan, outcome),
            exec::summary(outcome),
            CommandState::Ended,
            "ok",
        ),
        Err(error) => (
            format!(
                "[bridge] A command that session {requester} proposed could not be run ({id}): {error}\n"
            ),
            json!({"error": error.to_string()}),
            CommandState::Lost,
            "not_run",
        ),
    };
    let body = bridge.clean(Some(conversation), &text);
    let summary = bridge.clean(Some(conversation), &summary.to_string());
    let recipients: Vec<Arc<LiveSession>> = binding
        .conversation
        .sessions
        .iter()
        .filter(|session| session.label != requester || !told_requester)
        .cloned()
        .collect();
    let message = result_message(binding, body, &recipients);
    bridge
        .store
        .commit(message.body.as_str().len() + 1_024, move |tx| {
            tx.end_command(id, state, &summary)?;
            let sent = post(tx, &message, recipients)?;
            tx.append_audit(Entry {
                at: tx.now(),
                conversation: Some(conversation.to_string()),
                actor: requester.to_string(),
                action: "command_ended".to_owned(),
                outcome: word.to_owned(),
                details: json!({"id": id, "message": sent.id, "outcome": summary.as_str()}).to_string(),
            })
        })
        .await
}

fn result_message(binding: &Binding, body: Clean, recipients: &[Arc<LiveSession>]) -> NewMessage {
    NewMessage {
        conversation: binding.conversation.row,
        sender: binding.session.label.into(),
        recipients: recipients.iter().map(|session| session.label).collect(),
        action: ActionType::CommandResult,
        body,
        files: Vec::new(),
        reply_to: None,
        idempotency: None,
    }
}
