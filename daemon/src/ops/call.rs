//! One call on its way through an operation.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::error::OpError;
use super::spec::Spec;
use super::turn::Turn;
use crate::bridge::{Bridge, Tuning};
use crate::domain::audit::Entry;
use crate::domain::bucket::Remaining;
use crate::domain::id::MessageId;
use crate::domain::mailbox::LeaseNumber;
use crate::domain::redaction::Clean;
use crate::domain::time::Timestamp;
use crate::live::{Binding, Connection, LiveSession};
use crate::store::{Commit, Prepared, StoreError, Tx};

/// Bytes of a message's end that are remembered as the context of the next one.
const SPLIT_REACH: usize = 512;

/// Tells the client that a long call is still under way: seconds waited, seconds at most.
pub type ProgressFn = Box<dyn Fn(u64, u64) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Who calls.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A local process without an identity.
    Process,
    /// A session.
    Session(Binding),
}

/// A call that has been authenticated and let through the limits.
pub struct Call<'b> {
    /// The daemon's shared parts.
    pub bridge: &'b Arc<Bridge>,
    /// Configuration and rules in force for this call.
    pub tuning: Arc<Tuning>,
    /// The connection it came by.
    pub connection: &'b Arc<Connection>,
    /// When it came.
    pub now: Timestamp,
    /// Cancelled when the client has lost interest.
    pub cancelled: CancellationToken,
    /// Reports progress, if the client asked for it.
    pub progress: Option<ProgressFn>,
    pub(super) caller: Caller,
    pub(super) spec: &'static Spec,
    pub(super) turn: Option<Turn>,
    /// What is left of the limit class after this call.
    pub(super) remaining: Option<Remaining>,
    /// Messages that this call acknowledges, until some commit has taken them along.
    pub(super) acknowledges: Vec<MessageId>,
    /// The lease that its answer carries.
    pub(super) lease: Option<(Arc<LiveSession>, LeaseNumber)>,
}

impl Call<'_> {
    /// The session that calls.
    ///
    /// # Errors
    /// [`OpError::Internal`] in an operation that declared it needs none.
    pub fn session(&self) -> Result<Binding, OpError> {
        match &self.caller {
            Caller::Session(binding) => Ok(binding.clone()),
            Caller::Process => Err(OpError::internal("authentication", &"no session")),
        }
    }

    /// Takes every secret out of a text.
    #[must_use]
    pub fn clean(&self, text: &str) -> Clean {
        let conversation = match &self.caller {
            Caller::Session(binding) => Some(binding.conversation.id),
            Caller::Process => None,
        };
        self.tuning.redactor.clean(conversation, text, &|hex| self.bridge.registry.own_tokens().contains(hex))
    }

    /// Takes every secret out of a message, also one that began in the sender's message before.
    #[must_use]
    pub fn clean_message(&self, binding: &Binding, text: &str) -> Clean {
        let before = std::mem::take(&mut binding.session.state().sent_last);
        let is_own = |hex: &str| self.bridge.registry.own_tokens().contains(hex);
        let clean = self.tuning.redactor.clean_after(Some(binding.conversation.id), &before, text, &is_own);
        binding.session.state().sent_last = clean.tail(SPLIT_REACH).to_owned();
        clean
    }

    /// Lets the calls behind this one go on.
    pub fn end_turn(&mut self) {
        self.turn = None;
    }

    /// Writes, with everything that goes along in the same transaction: acknowledgements, heartbeat and limits of the
    /// session, and the audit row whose particulars are `details` of the result. The only way for an operation to
    /// reach the writer. Answers when all of it is on disk.
    ///
    /// # Errors
    /// [`OpError`] when nothing of it is on disk.
    pub async fn commit<T: Send + 'static>(
        &mut self,
        weight: usize,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        details: impl FnOnce(&T) -> Outcome + Send + 'static,
    ) -> Result<T, OpError> {
        let connection = self.connection;
        let _place = connection.change_permit().await;
        let commit = self.enqueue(weight, work, details).await;
        // Who has no identity is about to get one: the calls behind must find it.
        if matches!(self.caller, Caller::Session(_)) {
            self.end_turn();
        }
        let value = commit?.await?;
        tracing::trace!(weight, "on disk");
        Ok(value)
    }

    async fn enqueue<T: Send + 'static>(
        &mut self,
        weight: usize,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        details: impl FnOnce(&T) -> Outcome + Send + 'static,
    ) -> Result<Commit<T>, StoreError> {
        let acknowledged = std::mem::take(&mut self.acknowledges);
        let job = self.job(acknowledged, work, details);
        self.bridge.store.submit(weight, job).await
    }

    /// Leaves work with `session`, for whoever stores the next message for it to take along. `None` when another call
    /// has left its own there.
    pub(super) fn park<T: Send + 'static>(
        &self,
        session: &Arc<LiveSession>,
        lease: LeaseNumber,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        details: impl FnOnce(&T) -> Outcome + Send + 'static,
    ) -> Option<Parked<T>> {
        let (fetch, commit) = Prepared::new(self.job(Vec::new(), work, details));
        session.park(lease, fetch).then(|| Parked { session: Arc::clone(session), lease, commit })
    }

    /// The work with everything that goes along.
    fn job<T: Send + 'static>(
        &self,
        acknowledged: Vec<MessageId>,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        details: impl FnOnce(&T) -> Outcome + Send + 'static,
    ) -> impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static {
        let caller = self.caller.clone();
        let actor = self.actor();
        let action = self.spec.audit.action();
        move |tx| {
            if let Caller::Session(binding) = &caller {
                acknowledge(tx, &binding.session, &acknowledged)?;
            }
            let value = work(tx)?;
            let Outcome { conversation, mut details } = details(&value);
            let mut named = conversation;
            if let Caller::Session(binding) = &caller {
                let session = &binding.session;
                tx.save_session(session.conversation, session.label, &session.to_save())?;
                named = Some(binding.conversation.id.to_string());
            }
            if !acknowledged.is_empty() {
                let ids: Vec<String> = acknowledged.iter().map(ToString::to_string).collect();
                details.insert("acknowledged".to_owned(), json!(ids));
            }
            tx.append_audit(Entry {
                at: tx.now(),
                conversation: named,
                actor,
                action: action.to_owned(),
                outcome: "ok".to_owned(),
                details: text(&details)?,
            })?;
            Ok(value)
        }
    }

    /// Records a call that changes nothing. Waits for the disk only if it acknowledges messages on the way.
    ///
    /// # Errors
    /// [`OpError`] when an acknowledgement could not be stored.
    pub(super) async fn record_beside(&mut self) -> Result<(), OpError> {
        let must_wait = !self.acknowledges.is_empty();
        let commit = self.enqueue(0, |_| Ok(()), |()| Outcome::default()).await;
        self.end_turn();
        if must_wait {
            commit?.await?;
        } else if let Err(error) = commit {
            tracing::warn!(%error, action = self.spec.name, "a read could not be recorded");
        }
        Ok(())
    }

    fn actor(&self) -> String {
        match &self.caller {
            Caller::Session(binding) => binding.session.label.to_string(),
            Caller::Process => self.connection.actor(),
        }
    }
}

/// Work that waits with a session for a message; taken back when dropped.
pub(super) struct Parked<T> {
    session: Arc<LiveSession>,
    lease: LeaseNumber,
    commit: Commit<T>,
}

impl<T> Parked<T> {
    /// The lease that it takes.
    pub(super) fn lease(&self) -> LeaseNumber {
        self.lease
    }

    /// Resolves once it was taken along. May be dropped and asked again.
    pub(super) async fn done(&mut self) -> Result<T, StoreError> {
        (&mut self.commit).await
    }

    /// Takes it back. `None` when it can be: nothing was done. Else it was taken along already, and this is its outcome.
    pub(super) async fn recall(&mut self) -> Option<Result<T, StoreError>> {
        if self.session.recall(self.lease) { None } else { Some(self.done().await) }
    }
}

impl<T> Drop for Parked<T> {
    fn drop(&mut self) {
        self.session.recall(self.lease);
    }
}

/// Particulars of a committed change, for the audit trail. Texts in it must be [`Clean`] already.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The conversation concerned, where the caller is no session of one.
    pub conversation: Option<String>,
    /// The particulars.
    pub details: Map<String, Value>,
}

impl Outcome {
    /// Particulars from a JSON object.
    #[must_use]
    pub fn of(details: Value) -> Self {
        match details {
            Value::Object(details) => Self { conversation: None, details },
            other => {
                let mut details = Map::new();
                details.insert("value".to_owned(), other);
                Self { conversation: None, details }
            }
        }
    }
}

/// As one line of JSON.
fn text(details: &Map<String, Value>) -> Result<String, StoreError> {
    serde_json::to_string(details).map_err(|error| StoreError::Refused { detail: error.to_string() })
}

/// Stores acknowledgements and forgets the leases once they are on disk.
pub(super) fn acknowledge(
    tx: &mut Tx<'_>,
    session: &Arc<LiveSession>,
    messages: &[MessageId],
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let newly = tx.mark_acknowledged(session.conversation, session.label, messages)?;
    let (session, messages) = (Arc::clone(session), messages.to_vec());
    tx.after_commit(move || session.acknowledged(&messages, newly));
    Ok(())
}
