//! `enable_yolo_mode`: asks the human to let this conversation propose commands.

use std::path::PathBuf;

use bridge_guard::Mode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::{Call, Outcome};
use super::error::OpError;
use super::input::check_length;
use super::run_command::guard_of;
use super::spec::{Audit, Authentication, Gate, Hints, Operation, RateClass, Spec};
use crate::domain::command::Grant;
use crate::live::process;
use crate::store::StoreError;
use crate::store::read::commands;

/// Seconds a command may run unless asked otherwise, and at most.
const DEFAULT_TIMEOUT: u32 = 30;
const MAX_TIMEOUT: u32 = 600;
/// Characters of a path at most, as the system has it.
const PATH_LENGTH: usize = 4_096;

pub(super) struct EnableYoloMode;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Input {
    mode: ModeWord,
    /// The directory commands run in; default: your client's
    workspace: Option<String>,
    /// Seconds a command may run
    #[schemars(range(min = 1, max = 600), extend("default" = 30))]
    timeout: Option<u32>,
    /// Run in a container
    #[schemars(extend("default" = false))]
    sandbox: Option<bool>,
}

#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "safe: look only; restricted: everyday developer programs; yolo: a shell line")]
enum ModeWord {
    Safe,
    Restricted,
    Yolo,
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Safe => Self::Safe,
            ModeWord::Restricted => Self::Restricted,
            ModeWord::Yolo => Self::Yolo,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    state: ModeState,
    mode: ModeWord,
    workspace: String,
    timeout: u32,
    /// What to do now
    next: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "")]
enum ModeState {
    /// A person has to decide.
    Pending,
    /// It was enabled before.
    Enabled,
}

impl Operation for EnableYoloMode {
    type Input = Input;
    type Output = Output;
    const SPEC: Spec = Spec {
        name: "enable_yolo_mode",
        title: "Ask to propose commands",
        description: "Ask your human to let this conversation propose commands. Enables nothing by itself.",
        gate: Gate::Yolo,
        authentication: Authentication::Session,
        rate: RateClass::Write,
        audit: Audit::WithChange("enable_yolo_mode"),
        hints: Hints { read_only: false, destructive: false, idempotent: true, open_world: false },
    };

    async fn run(call: &mut Call<'_>, input: Input) -> Result<Output, OpError> {
        let binding = call.session()?;
        let asked = asked(call, &input)?;
        let row = binding.conversation.row;
        let granted = {
            let reader = call.bridge.store.reader()?;
            commands::grant(&reader, row).map_err(StoreError::from)?
        };
        let enabled = granted.is_some_and(|granted| granted.covers(&asked));
        let (label, request) = (binding.session.label, asked.clone());
        let details = json!({
            "mode": asked.mode, "workspace": asked.workspace, "timeout_ms": asked.timeout_ms,
            "container": asked.container, "enabled_before": enabled,
        });
        call.commit(
            0,
            move |tx| if enabled { Ok(()) } else { tx.request_mode(row, label, &request) },
            move |()| Outcome::of(details),
        )
        .await?;
        let id = binding.conversation.id;
        let next = if enabled {
            "propose commands with execute_command".to_owned()
        } else {
            format!(
                "ask your user to run `bridgectl yolo enable {id}` in a terminal of their own; then propose commands with \
                 execute_command"
            )
        };
        let state = if enabled { ModeState::Enabled } else { ModeState::Pending };
        let timeout = asked.timeout_ms / 1_000;
        Ok(Output { state, mode: input.mode, workspace: asked.workspace, timeout, next })
    }
}

fn asked(call: &Call<'_>, input: &Input) -> Result<Grant, OpError> {
    let timeout = input.timeout.unwrap_or(DEFAULT_TIMEOUT);
    if !(1..=MAX_TIMEOUT).contains(&timeout) {
        let problem = format!("is {timeout}; it must be between 1 and {MAX_TIMEOUT} seconds");
        return Err(OpError::input("timeout", problem));
    }
    let workspace = guard_of(call)?
        .workspace(&directory(call, input.workspace.as_deref())?)
        .map_err(|error| OpError::input("workspace", error.to_string()))?;
    let workspace = workspace.path.to_string_lossy().into_owned();
    if call.clean(&workspace).redactions() > 0 {
        return Err(OpError::input(
            "workspace",
            "looks as if a secret were in it; use a directory of another name",
        ));
    }
    Ok(Grant {
        mode: input.mode.into(),
        workspace,
        timeout_ms: timeout * 1_000,
        container: input.sandbox.unwrap_or(false),
        network: false,
    })
}

/// The directory that was named, or the one the agent's client works in.
fn directory(call: &Call<'_>, named: Option<&str>) -> Result<PathBuf, OpError> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        check_length("workspace", named, 1, PATH_LENGTH)?;
        let path = PathBuf::from(named);
        return if path.is_absolute() {
            Ok(path)
        } else {
            Err(OpError::input("workspace", "must be an absolute path"))
        };
    }
    let found = call.connection.pid.and_then(process::directory);
    found.ok_or_else(|| OpError::input("workspace", "is needed: the directory of your client is not known"))
}
