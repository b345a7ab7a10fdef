//! `say`: a person's own message into a conversation. Agents see it from `human`, a name that no session can have.

use std::sync::Arc;

use bridge_proto::admin::{AdminError, AdminErrorCode, Response, SaidView};
use serde_json::json;

use super::read::{not_found, parse_id};
use super::{failure, human};
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::id::{Sender, SessionLabel};
use crate::domain::key::{Purpose, hex};
use crate::domain::status::ActionType;
use crate::live::{LiveConversation, LiveSession, post};
use crate::store::NewMessage;

/// Characters of a message, as `send_to_partner` has it; an empty one says nothing.
const LENGTH: std::ops::RangeInclusive<usize> = 1..=50_000;

/// Stores it for one session, or for all.
pub(super) async fn send(
    bridge: &Bridge,
    conversation: &str,
    to: Option<&str>,
    message: &str,
) -> Result<Response, AdminError> {
    let id = parse_id(conversation)?;
    let found = bridge.registry.conversation(id);
    let found = found.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    let live = found.ok_or_else(|| not_found(conversation))?;
    if live.is_over(clock::now()) {
        let text = format!("the conversation expired at {}; nobody reads it any more", live.expires_at);
        return Err(bad(text));
    }
    check_length(message)?;
    let recipients = recipients(&live, to)?;
    let labels: Vec<SessionLabel> = recipients.iter().map(|session| session.label).collect();
    let new = NewMessage {
        conversation: live.row,
        sender: Sender::Human,
        recipients: labels.clone(),
        action: ActionType::Info,
        body: bridge.clean(Some(id), message),
        files: Vec::new(),
        reply_to: None,
        idempotency: None,
    };
    let mac = bridge.keys.digest(Purpose::Body, &[id.to_string().as_bytes(), new.body.as_str().as_bytes()]);
    let (bytes, to) = (new.body.as_str().len(), labels.clone());
    let stored = bridge.store.commit(bytes + 512, move |tx| {
        let sent = post(tx, &new, recipients)?;
        let details = json!({
            "message": sent.id, "to": to, "bytes": bytes, "redactions": sent.redactions, "body_mac": hex(&mac),
        });
        tx.append_audit(human::entry(tx.now(), "say", Some(id), &details))?;
        Ok(sent)
    }).await;
    let sent = stored.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    Ok(Response::Said(SaidView {
        message_id: sent.id.to_string(),
        sent_at: sent.at.to_string(),
        recipients: labels.iter().map(ToString::to_string).collect(),
        redactions: sent.redactions,
    }))
}

fn recipients(live: &LiveConversation, to: Option<&str>) -> Result<Vec<Arc<LiveSession>>, AdminError> {
    let Some(text) = to else { return Ok(live.sessions.clone()) };
    let label = SessionLabel::parse(text).map_err(|error| bad(error.to_string()))?;
    let session = live.session(label).cloned();
    let session = session.ok_or_else(|| bad(format!("the conversation has no session {label}")))?;
    Ok(vec![session])
}

fn check_length(message: &str) -> Result<(), AdminError> {
    let length = message.chars().count();
    if LENGTH.contains(&length) && !message.trim().is_empty() {
        return Ok(());
    }
    Err(bad(format!(
        "the message has {length} characters; it must have {} to {}, not all blank",
        LENGTH.start(),
        LENGTH.end()
    )))
}

fn bad(text: String) -> AdminError {
    failure(AdminErrorCode::BadRequest, text)
}
