//! `tokens`: the session tokens of a conversation, recomputed.

use bridge_proto::admin::{AdminError, AdminErrorCode, Response, SessionToken};

use super::read::{not_found, parse_id};
use super::{failure, human};
use crate::bridge::Bridge;

pub(super) async fn reveal(bridge: &Bridge, conversation: &str) -> Result<Response, AdminError> {
    let id = parse_id(conversation)?;
    let found = bridge.registry.conversation(id);
    let found = found.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    let live = found.ok_or_else(|| not_found(conversation))?;
    // On record before it is shown.
    human::record(bridge, "tokens", Some(id), serde_json::json!({})).await?;
    let tokens = live
        .sessions
        .iter()
        .map(|session| SessionToken {
            session_id: session.label.to_string(),
            role: session.role.clone(),
            token: bridge.keys.session_token(id, session.label, &session.nonce).to_string(),
        })
        .collect();
    Ok(Response::Tokens(tokens))
}
