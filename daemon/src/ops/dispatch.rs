//! The one way into an operation: in turn, authenticated, within the limits, audited.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::{Empty, display};

use super::TABLE;
use super::auth::{self, Credentials};
use super::call::{Call, Caller, ProgressFn};
use super::error::OpError;
use super::spec::{Audit, Authentication, Erased, Gate, RateClass, Spec};
use super::turn::Turn;
use crate::bridge::{Bridge, Tuning};
use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::bucket::Remaining;
use crate::domain::mailbox::LeaseNumber;
use crate::domain::time::Timestamp;
use crate::live::{Binding, Connection, LiveSession, PeerVerdict};

/// A call as it comes from a client.
pub struct Request {
    /// The arguments.
    pub arguments: Map<String, Value>,
    /// Its place in the connection's order.
    pub turn: Option<Turn>,
    /// Cancelled when the client has lost interest.
    pub cancelled: CancellationToken,
    /// Reports progress, if the client asked for it.
    pub progress: Option<ProgressFn>,
}

/// What became of a call.
pub struct Answer {
    /// The result, or why there is none.
    pub result: Result<Value, OpError>,
    /// The lease that the answer carries: to be confirmed once it has reached the client.
    pub lease: Option<(Arc<LiveSession>, LeaseNumber)>,
}

/// The operations that this daemon offers.
pub fn offered(bridge: &Bridge) -> impl Iterator<Item = &'static dyn Erased> {
    let yolo = bridge.commands.is_some();
    TABLE.iter().copied().filter(move |operation| match operation.spec().gate {
        Gate::Open => true,
        Gate::Yolo => yolo,
    })
}

/// The operation of that name, if this daemon offers it.
#[must_use]
pub fn find(bridge: &Bridge, name: &str) -> Option<&'static dyn Erased> {
    offered(bridge).find(|operation| operation.spec().name == name)
}

/// Runs an operation for a connection, in a span of its own: who called what, what became of it, and how long it took.
/// Arguments and results are in no span and no event.
pub async fn dispatch(
    bridge: &Arc<Bridge>,
    connection: &Arc<Connection>,
    operation: &'static dyn Erased,
    request: Request,
) -> Answer {
    let span = tracing::debug_span!(
        "call",
        operation = operation.spec().name,
        connection = connection.number,
        conversation = Empty,
        session = Empty
    );
    async {
        let began = Instant::now();
        let answer = carry_out(bridge, connection, operation, request).await;
        let outcome = answer.result.as_ref().err().map_or("ok", OpError::code);
        tracing::debug!(outcome, duration_us = began.elapsed().as_micros(), "answered");
        answer
    }
    .instrument(span)
    .await
}

async fn carry_out(
    bridge: &Arc<Bridge>,
    connection: &Arc<Connection>,
    operation: &'static dyn Erased,
    request: Request,
) -> Answer {
    if let Some(turn) = &request.turn {
        turn.come().await;
    }
    tracing::trace!("its turn has come");
    let spec = operation.spec();
    let (now, tuning) = (clock::now(), bridge.tuning());
    let mut arguments = request.arguments;
    let admitted = admit(bridge, connection, spec, &tuning, &mut arguments, now).await;
    let (caller, remaining) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return Answer { result: Err(error), lease: None },
    };
    if let Caller::Session(binding) = &caller {
        let span = tracing::Span::current();
        span.record("conversation", display(binding.conversation.id));
        span.record("session", display(binding.session.label));
    }
    tracing::trace!("authenticated and within the limits");
    let acknowledges = match &caller {
        Caller::Session(binding) => binding.session.state().mailbox.acknowledgeable(connection.number),
        Caller::Process => Vec::new(),
    };
    let mut call = Call {
        bridge,
        tuning,
        connection,
        now,
        cancelled: request.cancelled,
        progress: request.progress,
        caller,
        spec,
        turn: request.turn,
        remaining,
        acknowledges,
        lease: None,
    };
    let result = run(&mut call, operation, arguments).await;
    if let Err(error) = &result {
        settle_failure(&call, error);
    }
    Answer { result, lease: call.lease }
}

async fn run(
    call: &mut Call<'_>,
    operation: &'static dyn Erased,
    arguments: Map<String, Value>,
) -> Result<Value, OpError> {
    let mut value = operation.run(call, arguments).await?;
    mention_mail(call, &mut value);
    match call.spec.audit {
        Audit::Beside(_) => call.record_beside().await?,
        Audit::WithChange(_) => call.end_turn(),
    }
    Ok(value)
}

/// Tells an agent that is not looking that messages wait.
fn mention_mail(call: &Call<'_>, value: &mut Value) {
    let (Caller::Session(binding), Value::Object(result)) = (&call.caller, value) else { return };
    let waiting = binding.session.state().mailbox.available();
    if waiting > 0 && call.lease.is_none() {
        result.insert("mail".to_owned(), json!(format!("{waiting} waiting: call check_messages")));
    }
}

/// Authenticates and takes a token of the operation's limit.
async fn admit(
    bridge: &Bridge,
    connection: &Arc<Connection>,
    spec: &'static Spec,
    tuning: &Tuning,
    arguments: &mut Map<String, Value>,
    now: Timestamp,
) -> Result<(Caller, Option<Remaining>), OpError> {
    match spec.authentication {
        Authentication::Process => {
            limit_process(bridge, connection, spec, tuning, now).await?;
            Ok((Caller::Process, None))
        }
        Authentication::Session => {
            let credentials = Credentials::take(arguments)?;
            match auth::authenticate(bridge, connection, &credentials, now) {
                Ok(binding) => {
                    binding.session.touch(now);
                    connection.attach(&binding.session)?;
                    let remaining = limit_session(bridge, &binding, spec, tuning, now).await?;
                    Ok((Caller::Session(binding), Some(remaining)))
                }
                Err(error) => {
                    Err(failed_proof(bridge, connection, spec, tuning, &credentials, error, now).await)
                }
            }
        }
    }
}

async fn limit_process(
    bridge: &Bridge,
    connection: &Connection,
    spec: &'static Spec,
    tuning: &Tuning,
    now: Timestamp,
) -> Result<(), OpError> {
    let limits = &tuning.config.limits;
    let (verdict, what) = match spec.rate {
        // A code that is right costs nothing: the operation takes a token for a wrong one.
        RateClass::Join => {
            let verdict = bridge.failures.check_shared(connection.pid, &limits.failed_auth.rates(), now);
            (verdict, "invite codes tried")
        }
        RateClass::Create | RateClass::Write | RateClass::Read => {
            (bridge.creations.take(connection.pid, &limits.create.rates(), now), "conversations created")
        }
    };
    match verdict {
        PeerVerdict::Allowed => Ok(()),
        PeerVerdict::Refused { retry_after, first } => {
            let error = OpError::ProcessLimit { what, retry_after };
            if first {
                record_refusal(bridge, connection.actor(), None, spec, &error, json!({})).await;
            }
            Err(error)
        }
    }
}

async fn limit_session(
    bridge: &Bridge,
    binding: &Binding,
    spec: &'static Spec,
    tuning: &Tuning,
    now: Timestamp,
) -> Result<Remaining, OpError> {
    let limits = &tuning.config.limits;
    let (taken, opens_burst) = {
        let mut state = binding.session.state();
        if spec.rate == RateClass::Read {
            let taken = state.reads.take(&limits.read.rates(), now).map_err(OpError::ReadLimit);
            let refusing = std::mem::replace(&mut state.refusing_reads, taken.is_err());
            (taken, !refusing)
        } else {
            let taken = state.writes.take(&limits.write.rates(), now).map_err(OpError::WriteLimit);
            let refusing = std::mem::replace(&mut state.refusing_writes, taken.is_err());
            (taken, !refusing)
        }
    };
    if let Err(error) = &taken
        && opens_burst
    {
        let conversation = Some(binding.conversation.id.to_string());
        record_refusal(bridge, binding.session.label.to_string(), conversation, spec, error, json!({})).await;
    }
    taken
}

/// Gives back what a failed call had been charged: only what happened costs.
fn settle_failure(call: &Call<'_>, error: &OpError) {
    if let Caller::Session(binding) = &call.caller {
        let mut state = binding.session.state();
        match call.spec.rate {
            RateClass::Read => state.reads.refund(),
            RateClass::Write | RateClass::Create | RateClass::Join => state.writes.refund(),
        }
    }
    if let OpError::Internal { what, detail } = error {
        tracing::error!(operation = call.spec.name, what, detail, "internal error");
    }
}

/// A refused proof of identity goes into the trail and counts against its process. Once that is over its limit it is
/// told so, and only the first refusal of the burst is recorded. A right token is never refused for it.
async fn failed_proof(
    bridge: &Bridge,
    connection: &Connection,
    spec: &'static Spec,
    tuning: &Tuning,
    credentials: &Credentials,
    error: OpError,
    now: Timestamp,
) -> OpError {
    let OpError::Refused(refusal) = &error else { return error };
    let rates = tuning.config.limits.failed_auth.rates();
    // Having no credentials, or old ones, is no guess: it must not keep anybody from joining with the right code.
    let limit = if refusal.is_guess() { &bridge.failures } else { &bridge.refusals };
    let (error, record) = match limit.take(connection.pid, &rates, now) {
        PeerVerdict::Allowed => (error, true),
        PeerVerdict::Refused { retry_after, first } if refusal.is_guess() => {
            (OpError::ProcessLimit { what: "refused credentials", retry_after }, first)
        }
        PeerVerdict::Refused { first, .. } => (error, first),
    };
    if record {
        let session = credentials.named_session().map(|s| s.to_string());
        let conversation = credentials.named_conversation().map(|c| c.to_string());
        let details = json!({"claimed_session": session});
        record_refusal(bridge, connection.actor(), conversation, spec, &error, details).await;
    }
    error
}

/// Puts a refusal into the audit trail before it is answered. One that cannot be recorded is refused all the same.
pub(super) async fn record_refusal(
    bridge: &Bridge,
    actor: String,
    conversation: Option<String>,
    spec: &'static Spec,
    error: &OpError,
    details: Value,
) {
    let outcome = error.code();
    let recorded = bridge
        .store
        .commit(0, move |tx| {
            tx.append_audit(Entry {
                at: tx.now(),
                conversation,
                actor,
                action: spec.audit.action().to_owned(),
                outcome: outcome.to_owned(),
                details: details.to_string(),
            })
        })
        .await;
    if let Err(error) = recorded {
        tracing::warn!(%error, action = spec.name, outcome, "a refusal could not be recorded");
    }
}
