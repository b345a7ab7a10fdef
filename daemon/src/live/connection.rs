//! A connected shim: what it is bound to, what it waits for, what it still has to confirm.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bridge_proto::control::Control;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::session::{LiveConversation, LiveSession};
use crate::domain::id::{ConversationId, SessionLabel};
use crate::domain::mailbox::{ConnectionNumber, LeaseNumber};
use crate::domain::time::Timestamp;

/// Sessions that one connection may speak for; a client needs one or two.
pub const MAX_SESSIONS: usize = 1_024;
/// Long polls that one connection may have open.
const MAX_WAITS: u32 = 8;
/// Changes of one connection that may wait for the disk at once. More would only make a commit longer for everybody who
/// shares it: with so many, one connection keeps the disk busy already.
const MAX_CHANGES: usize = 4;
/// Subscriptions that one connection may have open; a client needs one.
const MAX_LISTENS: u32 = 8;

/// Why a connection cannot speak for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unattached {
    /// It speaks for [`MAX_SESSIONS`] others already.
    #[error("the connection speaks for {MAX_SESSIONS} sessions already")]
    TooMany,
    /// It is gone, or the daemon is about to go.
    #[error("the connection is closing")]
    Closing,
}

/// Where control frames for the shim go.
pub trait Outlet: Send + Sync {
    /// Queues a control frame behind what was queued before.
    fn control(&self, control: &Control);
}

/// A session that the connection speaks for without naming it.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The conversation.
    pub conversation: Arc<LiveConversation>,
    /// The session in it.
    pub session: Arc<LiveSession>,
}

/// A connected shim.
pub struct Connection {
    /// Its number, unique within the daemon's life.
    pub number: ConnectionNumber,
    /// Process id of the shim, from the kernel.
    pub pid: Option<i32>,
    /// Durable name of the agent, if configured.
    pub agent: Option<String>,
    /// Whether the shim served its client over an earlier connection already.
    pub reconnect: bool,
    /// When it connected.
    pub since: Timestamp,
    /// What the MCP client calls itself, once known.
    pub client: OnceLock<String>,
    /// Cancelled when the connection is gone or is to go.
    pub closed: CancellationToken,
    /// Notified when a message has come for a session that it speaks for.
    pub mail: Arc<Notify>,
    outlet: Box<dyn Outlet>,
    waits: AtomicU32,
    listens: AtomicU32,
    changes: Semaphore,
    sessions: Mutex<Sessions>,
    requests: Mutex<Requests>,
    announced: Mutex<Told>,
}

/// How many messages had ever come for a session when somebody was last told of some.
pub type Told = HashMap<(ConversationId, SessionLabel), u64>;

/// Bindings, the latest last, and every session that was used by token.
#[derive(Default)]
struct Sessions {
    bound: Vec<Binding>,
    attached: Vec<Arc<LiveSession>>,
}

/// Requests whose answers need care. Keys are JSON-RPC ids as text.
#[derive(Default)]
struct Requests {
    cancelled: HashSet<String>,
    in_flight: HashSet<String>,
    answers: HashMap<String, LeasedAnswer>,
}

/// An answer that carries messages, from its making until they are acknowledged.
struct LeasedAnswer {
    session: Arc<LiveSession>,
    lease: LeaseNumber,
    written: bool,
}

/// A place among a connection's long polls or subscriptions; freed on drop.
pub struct WaitPermit<'c>(&'c AtomicU32);

impl Drop for WaitPermit<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn permit(taken: &AtomicU32, most: u32) -> Option<WaitPermit<'_>> {
    let before = taken.fetch_add(1, Ordering::Relaxed);
    let permit = WaitPermit(taken);
    (before < most).then_some(permit)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// A fresh connection that speaks for nobody.
    #[must_use]
    pub fn new(
        number: ConnectionNumber,
        pid: Option<i32>,
        since: Timestamp,
        outlet: Box<dyn Outlet>,
    ) -> Self {
        Self {
            number,
            pid,
            agent: None,
            reconnect: false,
            since,
            client: OnceLock::new(),
            closed: CancellationToken::new(),
            mail: Arc::default(),
            outlet,
            waits: AtomicU32::new(0),
            listens: AtomicU32::new(0),
            changes: Semaphore::new(MAX_CHANGES),
            sessions: Mutex::default(),
            requests: Mutex::default(),
            announced: Mutex::default(),
        }
    }

    /// Who is on the other side, for the audit trail.
    #[must_use]
    pub fn actor(&self) -> String {
        self.pid.map_or_else(|| "process".to_owned(), |pid| format!("process {pid}"))
    }

    /// Binds the connection to a session, as its default, and gives the shim the key to reclaim it. The key goes out on a
    /// connection that is closing too: what led here is on disk, and the shim's next connection finds itself bound.
    ///
    /// # Errors
    /// [`Unattached::TooMany`].
    pub fn bind(&self, binding: Binding, resume: String) -> Result<(), Unattached> {
        let attached = self.attach(&binding.session);
        if attached == Err(Unattached::TooMany) {
            return attached;
        }
        if attached.is_ok() {
            let mut sessions = locked(&self.sessions);
            sessions.bound.retain(|known| !Arc::ptr_eq(&known.session, &binding.session));
            sessions.bound.push(binding);
        }
        self.outlet.control(&Control::Bound { resume });
        Ok(())
    }

    /// The session it speaks for when nothing is said.
    #[must_use]
    pub fn default_binding(&self) -> Option<Binding> {
        locked(&self.sessions).bound.last().cloned()
    }

    /// The session of that conversation it is bound to.
    #[must_use]
    pub fn binding_in(&self, conversation: ConversationId, session: Option<SessionLabel>) -> Option<Binding> {
        let sessions = locked(&self.sessions);
        let fits =
            |b: &&Binding| b.conversation.id == conversation && session.is_none_or(|s| s == b.session.label);
        sessions.bound.iter().rev().find(fits).cloned()
    }

    /// Notes that the connection speaks for a session, so that its partner sees it connected and its leases end with
    /// the connection.
    ///
    /// # Errors
    /// [`Unattached`] when it cannot speak for one more.
    pub fn attach(&self, session: &Arc<LiveSession>) -> Result<(), Unattached> {
        let mut sessions = locked(&self.sessions);
        if sessions.attached.iter().any(|s| Arc::ptr_eq(s, session)) {
            return Ok(());
        }
        if self.closed.is_cancelled() {
            return Err(Unattached::Closing);
        }
        if sessions.attached.len() >= MAX_SESSIONS {
            return Err(Unattached::TooMany);
        }
        session.joined_by(&self.mail);
        sessions.attached.push(Arc::clone(session));
        Ok(())
    }

    /// The sessions it speaks for as `conversation/session`.
    #[must_use]
    pub fn bound_names(&self) -> Vec<String> {
        locked(&self.sessions)
            .bound
            .iter()
            .map(|b| format!("{}/{}", b.conversation.id, b.session.label))
            .collect()
    }

    /// Marks the connection gone and returns the sessions it spoke for.
    #[must_use]
    pub fn close(&self) -> Vec<Arc<LiveSession>> {
        self.closed.cancel();
        let mut sessions = locked(&self.sessions);
        sessions.bound.clear();
        let attached = std::mem::take(&mut sessions.attached);
        for session in &attached {
            let mut state = session.state();
            state.connections = state.connections.saturating_sub(1);
        }
        attached
    }

    /// The sessions it is bound to for which messages wait, with how many. With `news`, only those for which some have
    /// come since this was asked last.
    #[must_use]
    pub fn waiting(&self, news: bool) -> Vec<(Binding, u64)> {
        if news {
            return self.news(&mut locked(&self.announced));
        }
        self.mailboxes().into_iter().map(|(binding, available, _)| (binding, available)).collect()
    }

    /// Those for which some have come since this was asked last with the same `told`.
    #[must_use]
    pub fn news(&self, told: &mut Told) -> Vec<(Binding, u64)> {
        let mut waiting = self.mailboxes();
        waiting.retain(|(binding, _, arrived)| {
            let told = told.entry((binding.conversation.id, binding.session.label)).or_default();
            std::mem::replace(told, *arrived) < *arrived
        });
        waiting.into_iter().map(|(binding, available, _)| (binding, available)).collect()
    }

    /// The sessions it is bound to for which messages wait, with how many wait and how many have ever come.
    fn mailboxes(&self) -> Vec<(Binding, u64, u64)> {
        let bound = locked(&self.sessions).bound.clone();
        let counted = bound.into_iter().map(|binding| {
            let (available, arrived) = {
                let state = binding.session.state();
                (state.mailbox.available(), state.mailbox.arrived())
            };
            (binding, available, arrived)
        });
        counted.filter(|(_, available, _)| *available > 0).collect()
    }

    /// Whether it has a long poll open.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.waits.load(Ordering::Relaxed) > 0
    }

    /// Tells the shim that the daemon is about to close.
    pub fn announce_shutdown(&self) {
        self.outlet.control(&Control::GoingAway);
    }

    /// A place for one long poll, unless there are too many already.
    #[must_use]
    pub fn wait_permit(&self) -> Option<WaitPermit<'_>> {
        permit(&self.waits, MAX_WAITS)
    }

    /// A place among the changes that wait for the disk, as soon as there is one; first come, first served.
    pub async fn change_permit(&self) -> Option<SemaphorePermit<'_>> {
        // `None` would mean that it was closed, which it never is.
        self.changes.acquire().await.ok()
    }

    /// A place for one subscription, unless there are too many already.
    #[must_use]
    pub fn listen_permit(&self) -> Option<WaitPermit<'_>> {
        permit(&self.listens, MAX_LISTENS)
    }

    /// A request arrived. Returns whether its id is free.
    #[must_use]
    pub fn request_arrived(&self, id: &str) -> bool {
        locked(&self.requests).in_flight.insert(id.to_owned())
    }

    /// A request's handler has ended; its answer may still be on its way.
    pub fn request_handled(&self, id: &str) {
        let mut requests = locked(&self.requests);
        requests.in_flight.remove(id);
        requests.cancelled.remove(id);
    }

    /// The answer to request `id` carries the messages of a lease. Returns whether it will be sent: not when the
    /// client has cancelled the request meanwhile.
    #[must_use]
    pub fn expect_confirmation(&self, id: &str, session: Arc<LiveSession>, lease: LeaseNumber) -> bool {
        let mut requests = locked(&self.requests);
        if requests.cancelled.contains(id) {
            return false;
        }
        requests.answers.retain(|_, answer| answer.session.state().mailbox.holds(answer.lease));
        requests.answers.insert(id.to_owned(), LeasedAnswer { session, lease, written: false });
        true
    }

    /// The lease that must be confirmed for the answer to `id`, which is being written now.
    #[must_use]
    pub fn answer_leaves(&self, id: &str) -> Option<LeaseNumber> {
        let mut requests = locked(&self.requests);
        let answer = requests.answers.get_mut(id).filter(|answer| !answer.written)?;
        answer.written = true;
        Some(answer.lease)
    }

    /// The client has cancelled a request: its answer will not be sent, or was and will not be looked at. Returns the
    /// lease it held.
    #[must_use]
    pub fn request_cancelled(&self, id: &str) -> Option<(Arc<LiveSession>, LeaseNumber)> {
        let mut requests = locked(&self.requests);
        if requests.in_flight.contains(id) {
            requests.cancelled.insert(id.to_owned());
        }
        requests.answers.remove(id).map(|answer| (answer.session, answer.lease))
    }

    /// The sessions the connection speaks for, by binding or token.
    #[must_use]
    pub fn attached(&self) -> Vec<Arc<LiveSession>> {
        locked(&self.sessions).attached.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::read::live::{ConversationRecord, SessionRecord};

    const NOW: Timestamp = Timestamp::from_millis(0);

    /// Keeps what the shim would get.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<Control>>>);
    impl Outlet for Heard {
        fn control(&self, control: &Control) {
            locked(&self.0).push(control.clone());
        }
    }

    fn connection() -> Connection {
        Connection::new(1, Some(42), NOW, Box::new(Heard::default()))
    }

    fn binding() -> Binding {
        let record = ConversationRecord { row: 1, expires_at: NOW, sessions: vec![SessionRecord::fresh(0)] };
        let id = ConversationId::from_random([0; 8]);
        let conversation = Arc::new(LiveConversation::from_record(id, record));
        Binding { session: Arc::clone(&conversation.sessions[0]), conversation }
    }

    #[test]
    fn a_connection_speaks_for_so_many_and_no_more() {
        let connection = connection();
        let first = binding();
        connection.attach(&first.session).unwrap();
        for _ in 1..MAX_SESSIONS {
            connection.attach(&binding().session).unwrap();
        }
        assert_eq!(connection.attach(&binding().session), Err(Unattached::TooMany));
        assert_eq!(connection.bind(binding(), String::new()), Err(Unattached::TooMany));
        assert_eq!(connection.attach(&first.session), Ok(()), "it does already");
    }

    #[test]
    fn a_closing_connection_says_so_and_not_that_it_has_too_many() {
        let connection = connection();
        connection.closed.cancel();
        let session = binding().session;
        assert_eq!(connection.attach(&session), Err(Unattached::Closing));
        assert_eq!(session.state().connections, 0);
    }

    #[test]
    fn who_joins_as_the_daemon_goes_is_bound_on_the_next_connection() {
        let heard = Heard::default();
        let connection = Connection::new(1, Some(42), NOW, Box::new(heard.clone()));
        connection.closed.cancel();
        connection.bind(binding(), "key".to_owned()).unwrap();
        assert_eq!(*locked(&heard.0), [Control::Bound { resume: "key".to_owned() }]);
        assert!(connection.attached().is_empty() && connection.default_binding().is_none());
    }

    #[tokio::test]
    async fn so_many_changes_wait_for_the_disk_and_the_next_waits_for_one_of_them() {
        let connection = connection();
        let mut held = Vec::new();
        for _ in 0..MAX_CHANGES {
            held.push(connection.change_permit().await.unwrap());
        }
        let mut next = Box::pin(connection.change_permit());
        let poll_once =
            |cx: &mut std::task::Context<'_>| std::task::Poll::Ready(next.as_mut().poll(cx).is_pending());
        assert!(std::future::poll_fn(poll_once).await);
        held.pop();
        assert!(next.await.is_some());
    }

    #[test]
    fn long_polls_are_capped_and_freed() {
        let connection = connection();
        let held: Vec<_> = (0..MAX_WAITS).map(|_| connection.wait_permit().unwrap()).collect();
        assert!(connection.wait_permit().is_none());
        assert!(connection.wait_permit().is_none());
        drop(held);
        assert!(connection.wait_permit().is_some());
    }

    #[test]
    fn a_cancelled_request_is_forgotten_when_handled() {
        let connection = connection();
        assert!(connection.request_arrived("1"));
        assert!(!connection.request_arrived("1"), "the id is in use");
        assert!(connection.request_cancelled("1").is_none());
        assert!(locked(&connection.requests).cancelled.contains("1"));
        connection.request_handled("1");
        assert!(connection.request_cancelled("2").is_none(), "unknown ids are not remembered");
        assert!(locked(&connection.requests).cancelled.is_empty());
    }
}
