//! Who calls: by the connection's binding, or by an explicit token, which always wins and is always verified.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::{OpError, Refusal};
use crate::bridge::Bridge;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::key::TOKEN_LENGTH;
use crate::domain::time::Timestamp;
use crate::live::{Binding, Connection, LiveConversation};

/// The credentials among a call's arguments.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    conversation_id: Option<String>,
    session_id: Option<String>,
    token: Option<String>,
}

impl Credentials {
    /// Takes them out of the arguments. A null or empty one counts as left out.
    pub(super) fn take(arguments: &mut Map<String, Value>) -> Result<Self, OpError> {
        let mut take = |field: &'static str| match arguments.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(OpError::input(field, "must be a string")),
        };
        Ok(Self {
            conversation_id: take("conversation_id")?,
            session_id: take("session_id")?,
            token: take("token")?,
        })
    }

    /// The conversation they name, for the audit trail: only if it reads like one.
    pub(super) fn named_conversation(&self) -> Option<ConversationId> {
        ConversationId::parse(self.conversation_id.as_deref()?).ok()
    }

    /// The session they name, likewise.
    pub(super) fn named_session(&self) -> Option<SessionLabel> {
        SessionLabel::parse(self.session_id.as_deref()?).ok()
    }
}

/// Finds out who calls.
pub(super) fn authenticate(
    bridge: &Bridge,
    connection: &Connection,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<Binding, OpError> {
    let refused = |refusal| OpError::Refused(refusal);
    let malformed = |error| OpError::Refused(Refusal::Malformed(error));
    let conversation =
        credentials.conversation_id.as_deref().map(ConversationId::parse).transpose().map_err(malformed)?;
    let session =
        credentials.session_id.as_deref().map(SessionLabel::parse).transpose().map_err(malformed)?;
    let default = connection.default_binding();
    let binding = if let Some(token) = &credentials.token {
        let id =
            conversation.or(default.as_ref().map(|b| b.conversation.id)).ok_or(refused(Refusal::NotBound))?;
        let label = session.or(default.filter(|b| b.conversation.id == id).map(|b| b.session.label));
        let conversation = bridge.registry.conversation(id)?.ok_or(refused(Refusal::UnknownConversation))?;
        let label =
            label.ok_or_else(|| OpError::input("session_id", "say which session the token is for"))?;
        verify(bridge, &conversation, label, token).map_err(refused)?
    } else {
        match (conversation, session) {
            (None, None) => default.ok_or(refused(Refusal::NotBound))?,
            (None, Some(_)) => {
                let default = default.ok_or(refused(Refusal::NotBound))?;
                bound_or_explained(bridge, connection, default.conversation.id, session)?
            }
            (Some(id), session) => bound_or_explained(bridge, connection, id, session)?,
        }
    };
    if binding.conversation.is_over(now) {
        return Err(refused(Refusal::Expired { since: binding.conversation.expires_at.to_string() }));
    }
    Ok(binding)
}

/// The connection's binding in a conversation that was named without a token, or why there is none.
fn bound_or_explained(
    bridge: &Bridge,
    connection: &Connection,
    id: ConversationId,
    session: Option<SessionLabel>,
) -> Result<Binding, OpError> {
    if let Some(binding) = connection.binding_in(id, session) {
        return Ok(binding);
    }
    let refusal = match bridge.registry.conversation(id)? {
        None => Refusal::UnknownConversation,
        Some(conversation) => match session {
            Some(label) if conversation.session(label).is_none() => unknown_session(&conversation),
            _ => Refusal::TokenMissing,
        },
    };
    Err(OpError::Refused(refusal))
}

fn verify(
    bridge: &Bridge,
    conversation: &Arc<LiveConversation>,
    label: SessionLabel,
    token: &str,
) -> Result<Binding, Refusal> {
    let session = conversation.session(label).ok_or_else(|| unknown_session(conversation))?;
    let length = token.chars().count();
    if length != TOKEN_LENGTH {
        return Err(Refusal::TokenLength(length));
    }
    if bridge.keys.is_session_token(token, conversation.id, label, &session.nonce) {
        return Ok(Binding { conversation: Arc::clone(conversation), session: Arc::clone(session) });
    }
    let owner = conversation
        .partners(label)
        .find(|other| bridge.keys.is_session_token(token, conversation.id, other.label, &other.nonce));
    match owner {
        Some(owner) => Err(Refusal::SwappedToken { owner: owner.label.to_string() }),
        None => Err(Refusal::WrongToken),
    }
}

fn unknown_session(conversation: &LiveConversation) -> Refusal {
    let known: Vec<String> = conversation.sessions.iter().map(|s| s.label.to_string()).collect();
    Refusal::UnknownSession { known: known.join(" and ") }
}
