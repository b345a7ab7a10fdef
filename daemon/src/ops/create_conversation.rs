//! `create_conversation`: a new conversation, its caller bound to session `a`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Call, Outcome};
use super::error::OpError;
use super::input::check_length;
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::clock;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::invite;
use crate::domain::key::{NONCE_LENGTH, Nonce, Purpose};
use crate::domain::time::Timestamp;
use crate::live::Binding;
use crate::store::{NewConversation, NewSession};

pub(super) struct CreateConversation;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {
    /// What you do, e.g. backend_developer
    #[schemars(length(min = 3, max = 100))]
    my_role: String,
    /// What the partner does
    #[schemars(length(min = 3, max = 100))]
    partner_role: String,
    /// Default 180
    #[schemars(range(min = 1))]
    lifetime_minutes: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    conversation_id: String,
    session_id: String,
    /// One-time code with which the partner joins
    invite_code: String,
    invite_expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_a_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_b_token: Option<String>,
    expires_at: String,
}

impl Operation for CreateConversation {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "create_conversation",
        title: "Create a conversation",
        description: "Start a conversation as session a. Give invite_code to the partner agent (through your user): \
            it calls join_conversation. Afterwards ids and tokens may be left out of every call on this connection.",
        gate: Gate::Open,
        authentication: Authentication::Process,
        rate: RateClass::Create,
        audit: Audit::WithChange("create_conversation"),
        hints: Hints { read_only: false, destructive: false, idempotent: false, open_world: false },
    };

    async fn run(call: &mut Call<'_>, input: Input) -> Result<Output, OpError> {
        check_length("my_role", &input.my_role, 3, 100)?;
        check_length("partner_role", &input.partner_role, 3, 100)?;
        let lifetime = lifetime(call, input.lifetime_minutes)?;
        let new = NewConversation {
            id: ConversationId::from_random(random()?),
            expires_at: call.now.after(lifetime),
            sessions: vec![
                NewSession {
                    label: SessionLabel::A,
                    role: call.clean(&input.my_role),
                    nonce: random::<NONCE_LENGTH>()?,
                },
                NewSession {
                    label: SessionLabel::B,
                    role: call.clean(&input.partner_role),
                    nonce: random::<NONCE_LENGTH>()?,
                },
            ],
        };
        let invite_code = invite::encode(random()?);
        let invite_expires_at = call.now.after(invite::LIFETIME.min(lifetime));
        store(call, new.clone(), &invite_code, invite_expires_at).await?;
        bind_creator(call, new.id)?;
        let (keys, exposed) = (&call.bridge.keys, call.tuning.config.auth.expose_tokens);
        let token = |index: usize| {
            let session = &new.sessions[index];
            exposed.then(|| keys.session_token(new.id, session.label, &session.nonce).to_string())
        };
        Ok(Output {
            conversation_id: new.id.to_string(),
            session_id: SessionLabel::A.to_string(),
            invite_code,
            invite_expires_at: invite_expires_at.to_string(),
            session_a_token: token(0),
            session_b_token: token(1),
            expires_at: new.expires_at.to_string(),
        })
    }
}

fn lifetime(call: &Call<'_>, minutes: Option<u32>) -> Result<Duration, OpError> {
    let config = &call.tuning.config.conversation;
    match minutes {
        None => Ok(config.lifetime()),
        Some(minutes) if (1..=config.max_lifetime_minutes).contains(&minutes) => {
            Ok(Duration::from_secs(u64::from(minutes) * 60))
        }
        Some(minutes) => Err(OpError::input(
            "lifetime_minutes",
            format!("is {minutes}; it must be between 1 and {}", config.max_lifetime_minutes),
        )),
    }
}

async fn store(
    call: &mut Call<'_>,
    new: NewConversation,
    invite_code: &str,
    invite_expires_at: Timestamp,
) -> Result<(), OpError> {
    let code = call.bridge.keys.digest(Purpose::Invite, &[invite_code.as_bytes()]);
    let (id, expires_at) = (new.id.to_string(), new.expires_at);
    let roles: Vec<String> = new.sessions.iter().map(|s| s.role.to_string()).collect();
    for session in &new.sessions {
        let nonce: &Nonce = &session.nonce;
        call.bridge.registry.learn_token(&call.bridge.keys, new.id, session.label, nonce);
    }
    call.commit(
        0,
        move |tx| {
            let row = tx.create_conversation(&new)?;
            tx.mark_joined(row, SessionLabel::A)?;
            tx.create_invite(&code, row, SessionLabel::B, invite_expires_at)
        },
        move |()| Outcome {
            conversation: Some(id),
            ..Outcome::of(json!({"roles": roles, "expires_at": expires_at}))
        },
    )
    .await
}

fn bind_creator(call: &Call<'_>, id: ConversationId) -> Result<(), OpError> {
    let conversation = call
        .bridge
        .registry
        .conversation(id)?
        .ok_or_else(|| OpError::internal("binding", &"the new conversation is not there"))?;
    bind(call, &conversation, SessionLabel::A)
}

/// Makes the connection speak for a session.
pub(super) fn bind(
    call: &Call<'_>,
    conversation: &std::sync::Arc<crate::live::LiveConversation>,
    label: SessionLabel,
) -> Result<(), OpError> {
    let session = conversation
        .session(label)
        .ok_or_else(|| OpError::internal("binding", &"the session is not there"))?;
    session.touch(call.now);
    let resume = call.bridge.keys.resume_key(conversation.id, label, &session.nonce);
    let binding = Binding {
        conversation: std::sync::Arc::clone(conversation),
        session: std::sync::Arc::clone(session),
    };
    Ok(call.connection.bind(binding, resume.to_string())?)
}

fn random<const N: usize>() -> Result<[u8; N], OpError> {
    clock::random().map_err(|error| OpError::internal("drawing random bytes", &error))
}
