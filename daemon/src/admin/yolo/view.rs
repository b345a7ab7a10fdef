//! Commands and modes as a person sees them.

use bridge_guard::Plan;
use bridge_proto::admin::yolo::{CommandView, GrantView};
use bridge_proto::admin::{AdminError, AdminErrorCode};

use crate::admin::failure;
use crate::domain::command::Grant;
use crate::domain::id::ConversationId;
use crate::domain::key::hex;
use crate::store::read::commands::{CommandRecord, ModeRequest};

pub(in crate::admin) fn grant(conversation: ConversationId, grant: &Grant) -> GrantView {
    GrantView {
        conversation_id: conversation.to_string(),
        requester: None,
        mode: grant.mode.to_string(),
        workspace: grant.workspace.clone(),
        timeout: grant.timeout_ms / 1_000,
        container: grant.container,
        network: grant.network,
    }
}

pub(in crate::admin) fn asked(request: &ModeRequest) -> GrantView {
    GrantView {
        requester: Some(request.requester.to_string()),
        ..grant(request.conversation, &request.asked)
    }
}

pub(in crate::admin) fn command(record: &CommandRecord) -> Result<CommandView, AdminError> {
    let plan = plan(record)?;
    Ok(CommandView {
        command_id: record.id.to_string(),
        conversation_id: record.conversation.to_string(),
        requester: record.requester.to_string(),
        role: record.role.clone(),
        state: record.state.word().to_owned(),
        command: plan.command_line(),
        program: plan.program.display().to_string(),
        workspace: plan.workspace.path.display().to_string(),
        mode: plan.mode.to_string(),
        sandbox: plan.tier.to_string(),
        network: plan.network,
        toolchains: plan.toolchains.iter().map(|path| path.display().to_string()).collect(),
        environment: plan.environment.into_keys().collect(),
        timeout: plan.timeout_ms / 1_000,
        argv: plan.argv,
        digest: hex(&record.plan_digest),
        asked_at: record.asked_at.to_string(),
        good_until: record.good_until.to_string(),
        outcome: record.outcome.as_deref().and_then(|outcome| serde_json::from_str(outcome).ok()),
    })
}

/// The plan of a command, which must be the one that its digest is of.
pub(super) fn plan(record: &CommandRecord) -> Result<Plan, AdminError> {
    let damaged = |why: String| {
        failure(AdminErrorCode::Store, format!("{} cannot be trusted: {why}; deny it", record.id))
    };
    let plan: Plan = serde_json::from_str(&record.plan).map_err(|error| damaged(error.to_string()))?;
    if plan.digest() != record.plan_digest {
        return Err(damaged("its plan is not the one that was proposed".to_owned()));
    }
    Ok(plan)
}
