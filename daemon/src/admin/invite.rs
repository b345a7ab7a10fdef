//! `invite`: a new one-time code for a session, when the first was lost or went stale, or the session's client restarted.

use bridge_proto::admin::{AdminError, AdminErrorCode, InviteView, Response};

use super::read::{not_found, parse_id};
use super::{failure, human};
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::id::SessionLabel;
use crate::domain::invite;
use crate::domain::key::Purpose;

pub(super) async fn create(
    bridge: &Bridge,
    conversation: &str,
    session: Option<&str>,
) -> Result<Response, AdminError> {
    let id = parse_id(conversation)?;
    let bad = |text: String| failure(AdminErrorCode::BadRequest, text);
    let label = session.map(SessionLabel::parse).transpose().map_err(|error| bad(error.to_string()))?;
    let label = label.unwrap_or(SessionLabel::B);
    let found = bridge.registry.conversation(id);
    let found = found.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    let live = found.ok_or_else(|| not_found(conversation))?;
    if live.session(label).is_none() {
        return Err(bad(format!("the conversation has no session {label}")));
    }
    let now = clock::now();
    if now >= live.expires_at {
        let text =
            format!("the conversation expired at {}; an agent has to create a new one", live.expires_at);
        return Err(failure(AdminErrorCode::BadRequest, text));
    }
    let random = clock::random().map_err(|error| {
        failure(AdminErrorCode::Store, format!("drawing random bytes for the code: {error}"))
    })?;
    let code = invite::encode(random);
    let digest = bridge.keys.digest(Purpose::Invite, &[code.as_bytes()]);
    let expires_at = now.after(invite::LIFETIME).min(live.expires_at);
    let row = live.row;
    let stored = bridge
        .store
        .commit(0, move |tx| {
            tx.create_invite(&digest, row, label, expires_at)?;
            let details = serde_json::json!({"session": label, "expires_at": expires_at});
            let entry = human::entry(tx.now(), "invite", Some(id), &details);
            tx.append_audit(entry)
        })
        .await;
    stored.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    Ok(Response::Invite(InviteView {
        conversation_id: id.to_string(),
        session_id: label.to_string(),
        invite_code: code,
        expires_at: expires_at.to_string(),
    }))
}
