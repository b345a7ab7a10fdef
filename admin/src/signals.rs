//! Ctrl-C and its like, turned into a flag that every wait looks at, so that what was started or changed is put in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

/// How long a wait may overlook a signal.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// The signal that came, if one came.
#[derive(Debug, Clone)]
pub(crate) struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// From now on the signals that end a program only set the flag. Handlers and not a blocked mask: children would
    /// inherit the mask, and a daemon with SIGTERM blocked could not be stopped.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            signal_hook::flag::register_usize(signal, Arc::clone(&flag), number)
                .map_err(|error| Failure::failed("watching for signals", error))?;
        }
        Ok(Self(flag))
    }

    /// An error once a signal has come.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.0.load(Ordering::Relaxed) {
            0 => Ok(()),
            signal => Err(Failure::Interrupted(u8::try_from(signal).unwrap_or_default())),
        }
    }

    /// Sleeps, unless a signal comes.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(GLANCE));
        }
    }
}
