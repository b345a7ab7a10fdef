//! What the threads of a trial share: counters, orders, and what went wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bridge_failpoints::Point;

use crate::model::{Channel, Tally, Violation};
use crate::processes::wait_until;
use crate::recoveries::Recoveries;

/// Violations beyond which a trial ends: the first ones tell.
const ENOUGH: usize = 50;
/// How long the last agent may keep the others waiting at the end.
const LAST_MEETING: Duration = Duration::from_secs(300);

/// Where in a call a client dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientPoint {
    /// Half of the request is written.
    WithinRequest,
    /// The request is written.
    AfterRequest,
    /// The answer lies in the pipe, unread.
    BeforeAnswerRead,
    /// The answer is read; the next call is not made.
    AfterAnswerRead,
}

impl ClientPoint {
    /// All of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::WithinRequest, Self::AfterRequest, Self::BeforeAnswerRead, Self::AfterAnswerRead];

    /// Its name in a report.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WithinRequest => "client::within_request",
            Self::AfterRequest => "client::after_request",
            Self::BeforeAnswerRead => "client::before_answer_read",
            Self::AfterAnswerRead => "client::after_answer_read",
        }
    }
}

/// What an agent is told to do to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Die at the next passage of this point.
    Die(ClientPoint),
    /// Replace the shim by one that dies at a passage of this point.
    Arm(Point, u32),
}

/// One agent, as the others see it.
#[derive(Debug, Default)]
pub(crate) struct Post {
    order: Mutex<Option<Order>>,
    shim: AtomicI32,
    shot: AtomicBool,
}

impl Post {
    /// Gives an order. False when the last one is not carried out yet.
    pub(crate) fn give(&self, order: Order) -> bool {
        let mut slot = held(&self.order);
        let free = slot.is_none();
        slot.get_or_insert(order);
        free
    }

    /// The order that is to be carried out.
    pub(crate) fn order(&self) -> Option<Order> {
        *held(&self.order)
    }

    /// The order was carried out.
    pub(crate) fn carried_out(&self) {
        *held(&self.order) = None;
    }

    /// The agent's shim now.
    pub(crate) fn shim(&self) -> Option<i32> {
        Some(self.shim.load(Ordering::SeqCst)).filter(|pid| *pid > 0)
    }

    /// The agent has a new shim, or none.
    pub(crate) fn set_shim(&self, pid: i32) {
        self.shim.store(pid, Ordering::SeqCst);
        self.shot.store(false, Ordering::SeqCst);
    }

    /// The shim is about to be killed from outside.
    pub(crate) fn shoot(&self) {
        self.shot.store(true, Ordering::SeqCst);
    }

    /// Whether the shim was killed from outside.
    pub(crate) fn was_shot(&self) -> bool {
        self.shot.load(Ordering::SeqCst)
    }
}

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Agents talk, faults happen.
    Storm = 0,
    /// No fault any more; agents finish what they have begun.
    Calm = 1,
}

/// Shared by all threads of a trial.
#[derive(Debug)]
pub(crate) struct Board {
    began: Instant,
    phase: AtomicU8,
    abort: AtomicBool,
    answered: AtomicU64,
    recoveries: Mutex<Vec<u64>>,
    met: [AtomicU64; 3],
    faults: Mutex<BTreeMap<String, u64>>,
    violations: Mutex<Vec<Violation>>,
    /// One for each agent.
    pub(crate) posts: Vec<Post>,
    /// One for each agent: what it sends.
    channels: Vec<Mutex<Channel>>,
}

impl Board {
    /// For that many agents.
    pub(crate) fn new(agents: usize) -> Self {
        Self {
            began: Instant::now(),
            phase: AtomicU8::new(Phase::Storm as u8),
            abort: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            recoveries: Mutex::default(),
            met: Default::default(),
            faults: Mutex::default(),
            violations: Mutex::default(),
            posts: (0..agents).map(|_| Post::default()).collect(),
            channels: (0..agents).map(|_| Mutex::default()).collect(),
        }
    }

    /// Time since the trial began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Milliseconds since the trial began.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What that agent sends.
    pub(crate) fn channel(&self, sender: usize) -> MutexGuard<'_, Channel> {
        held(&self.channels[sender])
    }

    /// Ends the storm.
    pub(crate) fn calm_down(&self) {
        self.phase.store(Phase::Calm as u8, Ordering::SeqCst);
    }

    /// Whether faults still happen.
    pub(crate) fn is_stormy(&self) -> bool {
        self.phase.load(Ordering::SeqCst) == Phase::Storm as u8 && !self.is_aborted()
    }

    /// Gives up: nothing more can be learned.
    pub(crate) fn abort(&self) {
        self.abort.store(true, Ordering::SeqCst);
    }

    /// Whether the trial was given up.
    pub(crate) fn is_aborted(&self) -> bool {
        self.abort.load(Ordering::SeqCst)
    }

    /// Waits until every agent has come here. False when the trial was given up.
    pub(crate) fn meet(&self, place: usize) -> bool {
        let all = self.posts.len() as u64;
        self.met[place].fetch_add(1, Ordering::SeqCst);
        let everybody = || self.met[place].load(Ordering::SeqCst) >= all || self.is_aborted();
        if !wait_until(LAST_MEETING, everybody) {
            self.violation(Violation::Stuck { what: "an agent did not come to an end".to_owned() });
            self.abort();
        }
        !self.is_aborted()
    }

    /// A send was answered; how long the agent needed for it, when it had to try more than once.
    pub(crate) fn sent(&self, recovered: Option<Duration>) {
        self.answered.fetch_add(1, Ordering::SeqCst);
        if let Some(recovered) = recovered {
            let millis = u64::try_from(recovered.as_millis()).unwrap_or(u64::MAX);
            held(&self.recoveries).push(millis);
        }
    }

    /// Sends that were answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// How long agents needed to get a send answered when they had to try more than once.
    pub(crate) fn recoveries(&self) -> Recoveries {
        Recoveries::of(&mut held(&self.recoveries))
    }

    /// A fault happened.
    pub(crate) fn fault(&self, kind: &str) {
        *held(&self.faults).entry(kind.to_owned()).or_default() += 1;
    }

    /// All faults by kind.
    pub(crate) fn faults(&self) -> BTreeMap<String, u64> {
        held(&self.faults).clone()
    }

    /// How many faults happened.
    pub(crate) fn fault_count(&self) -> u64 {
        held(&self.faults).values().sum()
    }

    /// A promise was broken.
    pub(crate) fn violation(&self, violation: Violation) {
        let mut violations = held(&self.violations);
        violations.push(violation);
        if violations.len() >= ENOUGH {
            self.abort();
        }
    }

    /// Everything that was found, the channels' histories judged, which are empty from then on.
    pub(crate) fn judge(&self) -> (Vec<Tally>, Vec<Violation>) {
        let mut violations = std::mem::take(&mut *held(&self.violations));
        let mut tallies = Vec::new();
        for channel in &self.channels {
            let (tally, found) = std::mem::take(&mut *held(channel)).finish();
            tallies.push(tally);
            violations.extend(found);
        }
        (tallies, violations)
    }
}

/// A panic elsewhere ends the trial by itself; what it held is still worth reading.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
