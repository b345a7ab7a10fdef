//! `send_to_partner`: a message, on disk before it is answered.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Call, Outcome};
use super::check_partner_status::liveness;
use super::dispatch::record_refusal;
use super::error::OpError;
use super::input::check_length;
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::domain::delivery::DeliveryState;
use crate::domain::id::MessageId;
use crate::domain::key::{Purpose, hex};
use crate::domain::redaction::Clean;
use crate::domain::status::{ActionType, Status};
use crate::live::{Binding, LiveSession, PeerVerdict, post};
use crate::store::read::messages;
use crate::store::{NewMessage, Sent, StoreError};

/// Characters of a message at most.
const MESSAGE_LENGTH: usize = 50_000;
const FILES: usize = 20;
const FILE_LENGTH: usize = 1_000;
const KEY_LENGTH: usize = 200;

pub(super) struct SendToPartner;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {
    #[schemars(length(max = 50_000))]
    message: String,
    #[serde(default)]
    action_type: Option<ActionType>,
    /// Paths the message is about
    #[serde(default)]
    #[schemars(length(max = 20))]
    files_involved: Option<Vec<String>>,
    /// Any text of yours: a send repeated with the same key is stored once
    #[schemars(length(max = 200))]
    idempotency_key: Option<String>,
    /// Id of the message this answers
    reply_to: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    message_id: String,
    state: DeliveryState,
    sent_at: String,
    /// Whether secrets were replaced
    redacted: bool,
    redactions: u32,
    /// An earlier send with this idempotency_key stored it
    repeated: bool,
    partner: Partner,
    /// Sends left
    remaining: Left,
}

/// As much of check_partner_status as a sender needs.
#[derive(Serialize, JsonSchema)]
#[schemars(description = "")]
struct Partner {
    /// Called within the last 120 s
    alive: bool,
    connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Serialize, JsonSchema)]
struct Left {
    minute: u32,
    hour: u32,
    day: u32,
}

impl Operation for SendToPartner {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "send_to_partner",
        title: "Send a message",
        description: "Send a message to the partner agent. It is on disk when this returns; secrets in it are redacted.",
        gate: Gate::Open,
        authentication: Authentication::Session,
        rate: RateClass::Write,
        audit: Audit::WithChange("send_to_partner"),
        hints: Hints { read_only: false, destructive: false, idempotent: false, open_world: false },
    };

    async fn run(call: &mut Call<'_>, input: Input) -> Result<Output, OpError> {
        let binding = call.session()?;
        let files = input.files_involved.unwrap_or_default();
        check(&input.message, &files, input.idempotency_key.as_deref())?;
        let reply_to = answered(call, &binding, input.reply_to.as_deref())?;
        let partners: Vec<Arc<LiveSession>> =
            binding.conversation.partners(binding.session.label).cloned().collect();
        refuse_ended(call, &binding, &partners).await?;
        let scope = binding.conversation.id.to_string();
        let new = NewMessage {
            conversation: binding.conversation.row,
            sender: binding.session.label.into(),
            recipients: partners.iter().map(|partner| partner.label).collect(),
            action: input.action_type.unwrap_or_default(),
            body: call.clean_message(&binding, &input.message),
            files: files.iter().map(|file| call.clean(file)).collect(),
            reply_to,
            idempotency: input.idempotency_key.filter(|key| !key.is_empty()).map(|key| {
                call.bridge.keys.digest(Purpose::Idempotency, &[scope.as_bytes(), key.as_bytes()])
            }),
        };
        let sent = store(call, new, partners.clone()).await?;
        let partner = partners
            .first()
            .map(|partner| liveness(partner, call.now))
            .map(|seen| Partner { alive: seen.alive, connected: seen.connected, status: seen.status })
            .ok_or_else(|| OpError::internal("sending", &"the conversation has no partner"))?;
        Ok(output(call, sent, partner))
    }
}

fn check(message: &str, files: &[String], key: Option<&str>) -> Result<(), OpError> {
    check_length("message", message, 0, MESSAGE_LENGTH)?;
    check_length("idempotency_key", key.unwrap_or_default(), 0, KEY_LENGTH)?;
    if files.len() > FILES {
        let problem = format!("names {} files, at most {FILES} are allowed", files.len());
        return Err(OpError::input("files_involved", problem));
    }
    files.iter().try_for_each(|file| check_length("files_involved", file, 0, FILE_LENGTH))
}

/// Nobody is left to read it: every partner has reported complete and gone.
async fn refuse_ended(
    call: &Call<'_>,
    binding: &Binding,
    partners: &[Arc<LiveSession>],
) -> Result<(), OpError> {
    let ended = |partner: &Arc<LiveSession>| {
        let state = partner.state();
        state.status == Some(Status::Complete) && state.connections == 0
    };
    match partners.first() {
        Some(first) if partners.iter().all(ended) => {
            let error = OpError::PartnerEnded { session: first.label.to_string() };
            let rates = call.tuning.config.limits.failed_auth.rates();
            // A burst of them goes on record once.
            let verdict = call.bridge.refusals.take(call.connection.pid, &rates, call.now);
            if !matches!(verdict, PeerVerdict::Refused { first: false, .. }) {
                let conversation = Some(binding.conversation.id.to_string());
                let actor = binding.session.label.to_string();
                record_refusal(call.bridge, actor, conversation, &SendToPartner::SPEC, &error, json!({}))
                    .await;
            }
            Err(error)
        }
        _ => Ok(()),
    }
}

/// The message that this one answers, which must be in the conversation.
fn answered(
    call: &Call<'_>,
    binding: &Binding,
    reply_to: Option<&str>,
) -> Result<Option<MessageId>, OpError> {
    let Some(text) = reply_to.filter(|id| !id.is_empty()) else { return Ok(None) };
    let id = MessageId::parse(text).map_err(|error| OpError::input("reply_to", error.to_string()))?;
    let reader = call.bridge.store.reader()?;
    if messages::exists(&reader, binding.conversation.row, id).map_err(StoreError::from)? {
        Ok(Some(id))
    } else {
        Err(OpError::UnknownReply { id: id.to_string() })
    }
}

async fn store(
    call: &mut Call<'_>,
    new: NewMessage,
    partners: Vec<Arc<LiveSession>>,
) -> Result<Sent, OpError> {
    let weight = new.body.as_str().len() + 512;
    let scope = call.session()?.conversation.id.to_string();
    let body_mac = call.bridge.keys.digest(Purpose::Body, &[scope.as_bytes(), new.body.as_str().as_bytes()]);
    let (action, bytes, reply_to) = (new.action, new.body.as_str().len(), new.reply_to);
    let allowed = new.body.allowed() + new.files.iter().map(Clean::allowed).sum::<u32>();
    call.commit(
        weight,
        move |tx| {
            if let Some(key) = &new.idempotency
                && let Some(earlier) = tx.find_repeated(new.conversation, new.sender, key)?
            {
                return Ok(earlier);
            }
            post(tx, &new, partners)
        },
        move |sent| {
            Outcome::of(json!({
                "message": sent.id, "action_type": action, "bytes": bytes, "redactions": sent.redactions,
                "allowed_by_list": allowed,
                "reply_to": reply_to, "repeated": sent.repeated, "body_mac": hex(&body_mac),
            }))
        },
    )
    .await
}

fn output(call: &Call<'_>, sent: Sent, partner: Partner) -> Output {
    let left = call.remaining;
    Output {
        message_id: sent.id.to_string(),
        state: DeliveryState::Stored,
        sent_at: sent.at.to_string(),
        redacted: sent.redactions > 0,
        redactions: sent.redactions,
        repeated: sent.repeated,
        partner,
        remaining: Left {
            minute: left.map_or(0, |l| l.minute),
            hour: left.map_or(0, |l| l.hour),
            day: left.map_or(0, |l| l.day),
        },
    }
}
