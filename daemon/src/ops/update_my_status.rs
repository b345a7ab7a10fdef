//! `update_my_status`: tell the partner what one is doing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Call, Outcome};
use super::error::OpError;
use super::input::check_length;
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::domain::redaction::Clean;
use crate::domain::status::Status;

const NOTE_LENGTH: usize = 500;

pub(super) struct UpdateMyStatus;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {
    status: Status,
    /// A few words on it
    #[schemars(length(max = 500))]
    note: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    at: String,
}

impl Operation for UpdateMyStatus {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "update_my_status",
        title: "Tell how I am",
        description: "Tell the partner agent whether you are working, waiting, blocked or complete.",
        gate: Gate::Open,
        authentication: Authentication::Session,
        rate: RateClass::Write,
        audit: Audit::WithChange("update_my_status"),
        hints: Hints { read_only: false, destructive: false, idempotent: true, open_world: false },
    };

    async fn run(call: &mut Call<'_>, input: Input) -> Result<Output, OpError> {
        let note = input.note.filter(|note| !note.is_empty());
        check_length("note", note.as_deref().unwrap_or_default(), 0, NOTE_LENGTH)?;
        let note: Option<Clean> = note.map(|note| call.clean(&note));
        let (session, status) = (call.session()?.session, input.status);
        let stored = note.clone();
        let recorded = note.as_ref().map(ToString::to_string);
        let at = call
            .commit(
                0,
                move |tx| {
                    tx.set_status(session.conversation, session.label, status, stored.as_ref())?;
                    tx.after_commit(move || {
                        let mut state = session.state();
                        state.status = Some(status);
                        state.note = stored.map(|note| note.to_string());
                    });
                    Ok(tx.now())
                },
                move |_| Outcome::of(json!({"status": status, "note": recorded})),
            )
            .await?;
        Ok(Output { status, note: note.map(|note| note.to_string()), at: at.to_string() })
    }
}
