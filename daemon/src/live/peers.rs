//! Limits on what a process may do before it has an identity: create conversations and fail to prove one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::bucket::{Buckets, Rates};
use crate::domain::time::Timestamp;

/// Buckets per process, and one for the whole daemon.
#[derive(Debug, Default)]
pub struct PeerLimits {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    processes: HashMap<i32, Entry>,
    all: Entry,
}

#[derive(Debug, Default, Clone, Copy)]
struct Entry {
    buckets: Buckets,
    refusing: bool,
}

/// Whether a process may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerVerdict {
    /// It may.
    Allowed,
    /// It must wait. `first` marks the refusal that opens a burst and is to be audited.
    Refused {
        /// How long.
        retry_after: Duration,
        /// Whether this is the first refusal of the burst.
        first: bool,
    },
}

/// How much more than one process all processes together may do.
const ALL_FACTOR: u32 = 5;
/// Entries beyond which those that have nothing left to count are dropped.
const PRUNE_AT: usize = 4_096;

impl PeerLimits {
    /// Takes a token for process `pid` from its own bucket.
    pub fn take(&self, pid: Option<i32>, rates: &Rates, now: Timestamp) -> PeerVerdict {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).own(pid, rates, now).take(rates, now)
    }

    /// Whether process `pid` may make a guess that many processes could share in: neither its own bucket nor everybody's
    /// is empty. Takes nothing; only a wrong guess costs ([`Self::take_shared`]).
    pub fn check_shared(&self, pid: Option<i32>, rates: &Rates, now: Timestamp) -> PeerVerdict {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let own = inner.own(pid, rates, now).check(rates, now);
        if own != PeerVerdict::Allowed {
            return own;
        }
        inner.all.check(&everybody(rates), now)
    }

    /// Takes a token for process `pid`, from its own bucket and from everybody's.
    pub fn take_shared(&self, pid: Option<i32>, rates: &Rates, now: Timestamp) -> PeerVerdict {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let own = inner.own(pid, rates, now).take(rates, now);
        let all = inner.all.take(&everybody(rates), now);
        if own == PeerVerdict::Allowed { all } else { own }
    }
}

/// What all processes together may do.
fn everybody(rates: &Rates) -> Rates {
    Rates(rates.0.map(|limit| limit.saturating_mul(ALL_FACTOR)))
}

impl Inner {
    fn own(&mut self, pid: Option<i32>, rates: &Rates, now: Timestamp) -> &mut Entry {
        if self.processes.len() >= PRUNE_AT {
            self.processes.retain(|_, entry| {
                let left = entry.buckets.remaining_at(rates, now);
                [left.minute, left.hour, left.day] != rates.0
            });
        }
        // Processes whose id the kernel does not tell share one entry.
        self.processes.entry(pid.unwrap_or(-1)).or_default()
    }
}

impl Entry {
    fn check(&mut self, rates: &Rates, now: Timestamp) -> PeerVerdict {
        let verdict = self.take(rates, now);
        if verdict == PeerVerdict::Allowed {
            self.buckets.refund();
        }
        verdict
    }

    fn take(&mut self, rates: &Rates, now: Timestamp) -> PeerVerdict {
        match self.buckets.take(rates, now) {
            Ok(_) => {
                self.refusing = false;
                PeerVerdict::Allowed
            }
            Err(refused) => PeerVerdict::Refused {
                retry_after: refused.retry_after,
                first: !std::mem::replace(&mut self.refusing, true),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates([2, 50, 100]);

    #[test]
    fn one_process_is_limited_alone_and_all_together() {
        let (limits, now) = (PeerLimits::default(), Timestamp::from_millis(1_000));
        let shared = |pid| limits.take_shared(Some(pid), &RATES, now);
        assert_eq!(shared(1), PeerVerdict::Allowed);
        assert_eq!(shared(1), PeerVerdict::Allowed);
        assert!(matches!(shared(1), PeerVerdict::Refused { first: true, .. }));
        assert!(matches!(shared(1), PeerVerdict::Refused { first: false, .. }));
        for pid in 2..5 {
            assert_eq!(shared(pid), PeerVerdict::Allowed);
            assert_eq!(shared(pid), PeerVerdict::Allowed);
        }
        assert!(matches!(shared(6), PeerVerdict::Refused { first: true, .. }));
        assert!(matches!(limits.check_shared(Some(7), &RATES, now), PeerVerdict::Refused { .. }));
    }

    #[test]
    fn checking_costs_nothing() {
        let (limits, now) = (PeerLimits::default(), Timestamp::from_millis(1_000));
        for _ in 0..1_000 {
            assert_eq!(limits.check_shared(Some(1), &RATES, now), PeerVerdict::Allowed);
        }
        assert_eq!(limits.take_shared(Some(1), &RATES, now), PeerVerdict::Allowed);
    }
}
