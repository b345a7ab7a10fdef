//! `join_conversation`: the partner enters with a one-time invite code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Call, Outcome};
use super::create_conversation::bind;
use super::dispatch::record_refusal;
use super::error::{OpError, Refusal};
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::invite;
use crate::domain::key::Purpose;
use crate::store::Redemption;

pub(super) struct JoinConversation;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {
    /// As create_conversation answered it, e.g. BRIDGE-7K2M-9QXA
    invite_code: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    conversation_id: String,
    session_id: String,
    my_role: String,
    partner_role: String,
    /// Messages waiting for you
    unread: u64,
    expires_at: String,
}

impl Operation for JoinConversation {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "join_conversation",
        title: "Join a conversation",
        description: "Join the conversation of a partner agent with the invite code you were given. \
            Afterwards ids and tokens may be left out of every call on this connection.",
        gate: Gate::Open,
        authentication: Authentication::Process,
        rate: RateClass::Join,
        audit: Audit::WithChange("join_conversation"),
        hints: Hints { read_only: false, destructive: false, idempotent: false, open_world: false },
    };

    async fn run(call: &mut Call<'_>, input: Input) -> Result<Output, OpError> {
        let Some(code) = invite::normalise(&input.invite_code) else {
            return Err(refuse(call, None, Refusal::UnknownInvite).await);
        };
        let digest = call.bridge.keys.digest(Purpose::Invite, &[code.as_bytes()]);
        let redemption = look_up(call, digest).await?;
        let (conversation, label) = match redemption {
            Redemption::Redeemed { conversation, session } => (conversation, session),
            Redemption::Unknown => return Err(refuse(call, None, Refusal::UnknownInvite).await),
            Redemption::Used { conversation } => {
                return Err(refuse(call, Some(conversation), Refusal::UsedInvite).await);
            }
            Redemption::Stale { conversation } => {
                return Err(refuse(call, Some(conversation), Refusal::StaleInvite).await);
            }
        };
        enter(call, conversation, label)
    }
}

/// Redeems the code. A code that is no good changes nothing and is recorded as a refusal, not as a change.
async fn look_up(call: &mut Call<'_>, digest: crate::domain::key::Digest) -> Result<Redemption, OpError> {
    let good = {
        let reader = call.bridge.store.reader()?;
        crate::store::read::live::peek_invite(&reader, &digest, call.now)
            .map_err(crate::store::StoreError::from)?
    };
    if !matches!(good, Redemption::Redeemed { .. }) {
        return Ok(good);
    }
    call.commit(
        0,
        // Looked up again inside the transaction: two that join at once must not both get in.
        move |tx| tx.redeem_invite(&digest),
        |redemption| match redemption {
            Redemption::Redeemed { conversation, session } => Outcome {
                conversation: Some(conversation.to_string()),
                ..Outcome::of(json!({"session": session}))
            },
            lost_race => Outcome::of(json!({"lost_race": format!("{lost_race:?}")})),
        },
    )
    .await
}

fn enter(call: &Call<'_>, id: ConversationId, label: SessionLabel) -> Result<Output, OpError> {
    let conversation = call
        .bridge
        .registry
        .conversation(id)?
        .ok_or_else(|| OpError::internal("joining", &"the conversation is not there"))?;
    bind(call, &conversation, label)?;
    let role = |session: Option<&std::sync::Arc<crate::live::LiveSession>>| {
        session.map(|s| s.role.clone()).unwrap_or_default()
    };
    let me = conversation.session(label);
    Ok(Output {
        conversation_id: id.to_string(),
        session_id: label.to_string(),
        my_role: role(me),
        partner_role: role(conversation.partners(label).next()),
        unread: me.map_or(0, |session| session.state().mailbox.unacknowledged()),
        expires_at: conversation.expires_at.to_string(),
    })
}

async fn refuse(call: &Call<'_>, conversation: Option<ConversationId>, refusal: Refusal) -> OpError {
    let rates = call.tuning.config.limits.failed_auth.rates();
    // The verdict is for the next try: this one has been looked up already.
    let _counted = call.bridge.failures.take_shared(call.connection.pid, &rates, call.now);
    let error = OpError::Refused(refusal);
    let conversation = conversation.map(|id| id.to_string());
    record_refusal(
        call.bridge,
        call.connection.actor(),
        conversation,
        &JoinConversation::SPEC,
        &error,
        json!({}),
    )
    .await;
    error
}
