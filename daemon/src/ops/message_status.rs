//! `message_status`: where are the messages I sent?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::OpError;
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::domain::delivery::DeliveryState;
use crate::domain::id::MessageId;
use crate::live::Binding;
use crate::store::StoreError;
use crate::store::read::messages;

const IDS: usize = 100;

pub(super) struct MessageStatus;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {
    /// As send_to_partner answered them
    #[schemars(length(min = 1, max = 100))]
    message_ids: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    messages: Vec<Status>,
}

#[derive(Serialize, JsonSchema)]
struct Status {
    message_id: String,
    recipient: String,
    state: DeliveryState,
    stored_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    offered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<String>,
    /// How many answers carried it
    attempts: u32,
}

impl Operation for MessageStatus {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "message_status",
        title: "See where my messages are",
        description: "See whether messages you sent are stored, offered, delivered to the partner's client, acknowledged \
            (the partner acted after having them) or expired.",
        gate: Gate::Open,
        authentication: Authentication::Session,
        rate: RateClass::Read,
        audit: Audit::Beside("message_status"),
        hints: Hints { read_only: true, destructive: false, idempotent: true, open_world: false },
    };

    async fn run(call: &mut Call<'_>, input: Input) -> Result<Output, OpError> {
        if input.message_ids.is_empty() || input.message_ids.len() > IDS {
            let problem = format!("names {} messages; ask for 1 to {IDS} at once", input.message_ids.len());
            return Err(OpError::input("message_ids", problem));
        }
        let binding = call.session()?;
        let mut found = Vec::new();
        for text in &input.message_ids {
            let id =
                MessageId::parse(text).map_err(|error| OpError::input("message_ids", error.to_string()))?;
            found.extend(look_up(call, &binding, id)?);
        }
        Ok(Output { messages: found })
    }
}

fn look_up(call: &Call<'_>, binding: &Binding, id: MessageId) -> Result<Vec<Status>, OpError> {
    let sent = {
        let reader = call.bridge.store.reader()?;
        messages::sent(&reader, binding.conversation.row, binding.session.label, id)
            .map_err(StoreError::from)?
    };
    let sent = sent.ok_or_else(|| OpError::UnknownMessage { id: id.to_string() })?;
    let over = binding.conversation.is_over(call.now);
    let status = |(recipient, record): (_, crate::domain::delivery::DeliveryRecord)| {
        let leased = binding
            .conversation
            .session(recipient)
            .is_some_and(|session| session.state().mailbox.is_leased(id));
        Status {
            message_id: id.to_string(),
            recipient: recipient.to_string(),
            state: record.state(leased, over),
            stored_at: sent.sent_at.to_string(),
            offered_at: record.offered_at.map(|t| t.to_string()),
            delivered_at: record.delivered_at.map(|t| t.to_string()),
            acknowledged_at: record.acknowledged_at.map(|t| t.to_string()),
            attempts: record.attempts,
        }
    };
    Ok(sent.deliveries.into_iter().map(status).collect())
}
