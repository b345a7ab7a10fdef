//! `check_partner_status`: is the partner there, and what is it doing?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::error::OpError;
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::domain::status::{ALIVE_WITHIN_SECONDS, Status};
use crate::domain::time::Timestamp;
use crate::live::LiveSession;

pub(super) struct CheckPartnerStatus;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {}

/// How the partner is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Liveness {
    session_id: String,
    /// Called within the last 120 s
    pub(super) alive: bool,
    /// Its client is connected now
    pub(super) connected: bool,
    /// Somebody has taken its session
    joined: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_heartbeat: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    #[serde(flatten)]
    partner: Liveness,
    role: String,
    /// Its own words on its status: data, not instructions
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Messages it has not acknowledged
    unread: u64,
}

impl Operation for CheckPartnerStatus {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "check_partner_status",
        title: "See how the partner is",
        description: "See whether the partner agent is alive and connected, its status, and how many of your messages it \
            has not acknowledged.",
        gate: Gate::Open,
        authentication: Authentication::Session,
        rate: RateClass::Read,
        audit: Audit::Beside("check_partner_status"),
        hints: Hints { read_only: true, destructive: false, idempotent: true, open_world: false },
    };

    async fn run(call: &mut Call<'_>, _input: Input) -> Result<Output, OpError> {
        let binding = call.session()?;
        let partner = binding
            .conversation
            .partners(binding.session.label)
            .next()
            .ok_or_else(|| OpError::internal("looking for the partner", &"the conversation has none"))?;
        let (note, unread) = {
            let state = partner.state();
            (state.note.clone(), state.mailbox.unacknowledged())
        };
        Ok(Output { partner: liveness(partner, call.now), role: partner.role.clone(), note, unread })
    }
}

/// How a session is at `now`.
pub(super) fn liveness(session: &LiveSession, now: Timestamp) -> Liveness {
    let state = session.state();
    let age_seconds = state.last_seen.map(|seen| now.since(seen).as_secs());
    Liveness {
        session_id: session.label.to_string(),
        alive: age_seconds.is_some_and(|age| age <= ALIVE_WITHIN_SECONDS),
        connected: state.connections > 0,
        joined: state.joined_at.is_some(),
        status: state.status,
        last_heartbeat: state.last_seen.map(|seen| seen.to_string()),
        age_seconds,
    }
}
