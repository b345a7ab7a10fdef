//! The two decisions that need a phrase and a code: letting a conversation propose commands, and releasing one.

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use bridge_guard::Mode;
use bridge_proto::admin::yolo::{Approval, Decision, Prepared, Proof, YoloResponse};
use bridge_proto::admin::{AdminError, AdminErrorCode};
use serde_json::json;

use super::view;
use super::{find, gate, parse_command, store_failed, write};
use crate::admin::read::{not_found, parse_id};
use crate::admin::{failure, human};
use crate::anchor;
use crate::bridge::Bridge;
use crate::clock;
use crate::domain::authority::{PHRASE, Proof as Typed, Terminal, Unproven};
use crate::domain::command::{CommandState, Grant, approval_digest, approval_token};
use crate::domain::id::ConversationId;
use crate::domain::key::hex;
use crate::store::read::commands::{self, CommandRecord};

/// A decision whose particulars are settled: what is shown is what is confirmed is what is done.
enum Settled {
    Enable { id: ConversationId, row: i64, grant: Grant },
    Approve(Box<CommandRecord>),
}

impl Settled {
    /// What the code is bound to: every particular.
    fn subject(&self) -> String {
        match self {
            Self::Enable { id, grant, .. } => format!("enable {id} {grant:?}"),
            Self::Approve(record) => format!("approve {} {}", record.id, hex(&record.plan_digest)),
        }
    }

    fn conversation(&self) -> ConversationId {
        match self {
            Self::Enable { id, .. } => *id,
            Self::Approve(record) => record.conversation,
        }
    }

    const fn action(&self) -> &'static str {
        match self {
            Self::Enable { .. } => "yolo_enable",
            Self::Approve(_) => "yolo_approve",
        }
    }
}

/// Shows what a decision would mean and gives out a code for it.
pub(super) fn prepare(
    bridge: &Bridge,
    terminal: Terminal,
    decision: Decision,
) -> Result<Prepared, AdminError> {
    let commands = gate(bridge)?;
    let settled = settle(bridge, decision)?;
    let random = clock::random()
        .map_err(|error| failure(AdminErrorCode::Store, format!("drawing a code: {error}")))?;
    let (grant, command) = match &settled {
        Settled::Enable { id, grant, .. } => (Some(view::grant(*id, grant)), None),
        Settled::Approve(record) => (None, Some(view::command(record)?)),
    };
    let mut authority = commands.authority();
    let code = authority
        .challenge(terminal, settled.subject(), random, clock::now())
        .map_err(|unproven| failure(AdminErrorCode::Unproven, unproven.to_string()))?;
    Ok(Prepared {
        grant,
        command,
        code,
        phrase: authority.needs_phrase(terminal).then(|| PHRASE.to_owned()),
        passphrase: bridge.tuning().config.yolo.passphrase_hash.is_some(),
    })
}

/// Checks what was typed and carries the decision out.
pub(super) async fn decide(
    bridge: &Bridge,
    terminal: Terminal,
    decision: Decision,
    proof: Proof,
) -> Result<YoloResponse, AdminError> {
    let commands = gate(bridge)?;
    let settled = settle(bridge, decision)?;
    let passphrase = check_passphrase(bridge, proof.passphrase.clone()).await?;
    let typed = Typed { phrase: proof.phrase.as_deref(), code: &proof.code, passphrase };
    let proven = commands.authority().prove(terminal, &settled.subject(), typed, clock::now());
    if let Err(unproven) = proven {
        record_failure(bridge, &settled, unproven).await?;
        return Err(failure(AdminErrorCode::Unproven, unproven.to_string()));
    }
    let done = match settled {
        Settled::Enable { id, row, grant } => enable(bridge, id, row, grant).await?,
        Settled::Approve(record) => approve(bridge, &record).await?,
    };
    commands.decided.notify_waiters();
    anchor::cast(bridge).await;
    Ok(done)
}

async fn record_failure(bridge: &Bridge, settled: &Settled, unproven: Unproven) -> Result<(), AdminError> {
    let mut entry = human::entry(clock::now(), settled.action(), Some(settled.conversation()), &json!({}));
    entry.outcome = unproven.code().to_owned();
    write(bridge, move |tx| tx.append_audit(entry)).await
}

/// Fills in what the decision leaves open and refuses what cannot be decided.
fn settle(bridge: &Bridge, decision: Decision) -> Result<Settled, AdminError> {
    match decision {
        Decision::Approve { command } => {
            let record = find(bridge, parse_command(&command)?)?;
            view::plan(&record)?;
            if record.state == CommandState::Pending {
                return Ok(Settled::Approve(Box::new(record)));
            }
            let text = format!("{command} is {} and cannot be approved", record.state.word());
            Err(failure(AdminErrorCode::NotFound, text))
        }
        Decision::Enable { conversation, mode, workspace, timeout, container, network } => {
            let id = parse_id(&conversation)?;
            let live = bridge.registry.conversation(id).map_err(store_failed)?;
            let live = live.ok_or_else(|| not_found(&conversation))?;
            if live.is_over(clock::now()) {
                let text = format!("the conversation expired at {}", live.expires_at);
                return Err(failure(AdminErrorCode::BadRequest, text));
            }
            let asked = asked(bridge, id)?;
            let bad = |text: String| failure(AdminErrorCode::BadRequest, text);
            let mode = match mode {
                Some(mode) => Some(mode.parse::<Mode>().map_err(|error| bad(error.to_string()))?),
                None => asked.as_ref().map(|asked| asked.mode),
            };
            let workspace = workspace.or_else(|| asked.as_ref().map(|asked| asked.workspace.clone()));
            let (Some(mode), Some(workspace)) = (mode, workspace) else {
                let text = "no agent has asked for a mode in this conversation; give --mode and --workspace";
                return Err(bad(text.to_owned()));
            };
            let guard = bridge.tuning().guard.clone();
            let guard = guard.ok_or_else(|| failure(AdminErrorCode::Unavailable, "the gate is closed"))?;
            let opened = guard.workspace(workspace.as_ref()).map_err(|error| bad(error.to_string()))?;
            let asked_timeout = asked.as_ref().map_or(30_000, |asked| asked.timeout_ms);
            let timeout_ms = timeout.map_or(asked_timeout, |seconds| seconds.saturating_mul(1_000));
            if !(1_000..=600_000).contains(&timeout_ms) {
                return Err(bad("the timeout must be between 1 and 600 seconds".to_owned()));
            }
            let grant = Grant {
                mode,
                workspace: opened.path.to_string_lossy().into_owned(),
                timeout_ms,
                container: container.unwrap_or_else(|| asked.is_some_and(|asked| asked.container)),
                network,
            };
            Ok(Settled::Enable { id, row: live.row, grant })
        }
    }
}

fn asked(bridge: &Bridge, id: ConversationId) -> Result<Option<Grant>, AdminError> {
    let reader = bridge.store.reader().map_err(store_failed)?;
    let requests =
        commands::mode_requests(&reader, clock::now()).map_err(|error| store_failed(error.into()))?;
    Ok(requests.into_iter().find(|request| request.conversation == id).map(|request| request.asked))
}

/// Whether the passphrase is right; true where none is configured. Off the runtime thread: it is slow on purpose.
async fn check_passphrase(bridge: &Bridge, typed: Option<String>) -> Result<bool, AdminError> {
    let Some(hash) = bridge.tuning().config.yolo.passphrase_hash.clone() else { return Ok(true) };
    let Some(typed) = typed else { return Ok(false) };
    let checked = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(&hash).ok()?;
        argon2::Argon2::default().verify_password(typed.as_bytes(), &hash).ok()
    });
    let checked = checked.await;
    checked
        .map(|right| right.is_some())
        .map_err(|error| failure(AdminErrorCode::Store, format!("checking the passphrase: {error}")))
}

async fn enable(
    bridge: &Bridge,
    id: ConversationId,
    row: i64,
    grant: Grant,
) -> Result<YoloResponse, AdminError> {
    let shown = view::grant(id, &grant);
    let details = json!({
        "mode": grant.mode, "workspace": grant.workspace, "timeout_ms": grant.timeout_ms,
        "container": grant.container, "network": grant.network,
    });
    write(bridge, move |tx| {
        tx.enable_mode(row, &grant)?;
        tx.append_audit(human::entry(tx.now(), "yolo_enable", Some(id), &details))
    })
    .await?;
    Ok(YoloResponse::Enabled(shown))
}

async fn approve(bridge: &Bridge, record: &CommandRecord) -> Result<YoloResponse, AdminError> {
    let random = clock::random()
        .map_err(|error| failure(AdminErrorCode::Store, format!("drawing a token: {error}")))?;
    let token = approval_token(random);
    let (id, conversation, plan) = (record.id, record.conversation, record.plan_digest);
    let digest = approval_digest(&bridge.keys, &token, conversation, record.requester, &plan);
    let approved = write(bridge, move |tx| {
        let Some(until) = tx.approve_command(id, &plan, &digest)? else { return Ok(None) };
        let details = json!({"id": id, "plan": hex(&plan), "good_until": until});
        tx.append_audit(human::entry(tx.now(), "yolo_approve", Some(conversation), &details))?;
        Ok(Some((until, tx.audit_head())))
    })
    .await?;
    let Some((until, head)) = approved else {
        let text = format!("{id} was decided by somebody else, or lapsed, in the meantime");
        return Err(failure(AdminErrorCode::NotFound, text));
    };
    Ok(YoloResponse::Approved(Approval {
        command_id: id.to_string(),
        approval_token: token,
        good_until: until.to_string(),
        audit_head: head,
    }))
}
