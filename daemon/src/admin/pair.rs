//! `pair`: a new conversation with an invite for each of its sessions, for a person who brings two agents together.

use std::time::Duration;

use bridge_proto::admin::{AdminError, AdminErrorCode, InviteView, PairView, Response};

use super::{failure, human};
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::invite;
use crate::domain::key::{NONCE_LENGTH, Purpose};
use crate::store::{NewConversation, NewSession};

/// Characters of a role, as `create_conversation` has it.
const ROLE: std::ops::RangeInclusive<usize> = 3..=100;
const LABELS: [SessionLabel; 2] = [SessionLabel::A, SessionLabel::B];

pub(super) async fn create(
    bridge: &Bridge,
    roles: &[String; 2],
    lifetime_minutes: Option<u32>,
) -> Result<Response, AdminError> {
    let lifetime = lifetime(&bridge.tuning().config.conversation, lifetime_minutes)?;
    roles.iter().try_for_each(|role| check_role(role))?;
    let now = clock::now();
    let session = |index: usize| -> Result<NewSession, AdminError> {
        let role = bridge.clean(None, &roles[index]);
        Ok(NewSession { label: LABELS[index], role, nonce: random::<NONCE_LENGTH>()? })
    };
    let new = NewConversation {
        id: ConversationId::from_random(random()?),
        expires_at: now.after(lifetime),
        sessions: vec![session(0)?, session(1)?],
    };
    let codes = [invite::encode(random()?), invite::encode(random()?)];
    let invites_end = now.after(invite::LIFETIME.min(lifetime));
    let invite = |index: usize| InviteView {
        conversation_id: new.id.to_string(),
        session_id: LABELS[index].to_string(),
        invite_code: codes[index].clone(),
        expires_at: invites_end.to_string(),
    };
    let view = PairView {
        conversation_id: new.id.to_string(),
        expires_at: new.expires_at.to_string(),
        roles: [0, 1].map(|index| new.sessions[index].role.to_string()),
        invites: [0, 1].map(invite),
    };
    for session in &new.sessions {
        bridge.registry.learn_token(&bridge.keys, new.id, session.label, &session.nonce);
    }
    let digests = codes.map(|code| bridge.keys.digest(Purpose::Invite, &[code.as_bytes()]));
    let details = serde_json::json!({"roles": view.roles, "expires_at": new.expires_at});
    let stored = bridge
        .store
        .commit(0, move |tx| {
            let row = tx.create_conversation(&new)?;
            for (label, digest) in LABELS.into_iter().zip(&digests) {
                tx.create_invite(digest, row, label, invites_end)?;
            }
            tx.append_audit(human::entry(tx.now(), "pair", Some(new.id), &details))
        })
        .await;
    stored.map_err(|error| failure(AdminErrorCode::Store, error.to_string()))?;
    Ok(Response::Pair(view))
}

fn lifetime(
    config: &crate::config::ConversationConfig,
    minutes: Option<u32>,
) -> Result<Duration, AdminError> {
    match minutes {
        None => Ok(config.lifetime()),
        Some(minutes) if (1..=config.max_lifetime_minutes).contains(&minutes) => {
            Ok(Duration::from_secs(u64::from(minutes) * 60))
        }
        Some(minutes) => Err(failure(
            AdminErrorCode::BadRequest,
            format!(
                "the lifetime is {minutes} minutes; it must be between 1 and {}",
                config.max_lifetime_minutes
            ),
        )),
    }
}

fn check_role(role: &str) -> Result<(), AdminError> {
    let length = role.chars().count();
    if ROLE.contains(&length) {
        return Ok(());
    }
    Err(failure(
        AdminErrorCode::BadRequest,
        format!("the role {role:?} has {length} characters; it must have {} to {}", ROLE.start(), ROLE.end()),
    ))
}

fn random<const N: usize>() -> Result<[u8; N], AdminError> {
    clock::random().map_err(|error| {
        failure(AdminErrorCode::Store, format!("drawing random bytes for a conversation: {error}"))
    })
}
