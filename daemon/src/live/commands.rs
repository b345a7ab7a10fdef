//! What commands need in memory while the gate is open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use crate::domain::authority::Authority;

/// Commands that may run at once; more only slow each other down.
const RUNNING: usize = 4;

/// What commands need in memory. There is one only in a daemon that was started with `YOLO_MODE=1`.
#[derive(Debug)]
pub struct Commands {
    /// Woken whenever a person has decided something.
    pub decided: Notify,
    /// A permit for each command that runs.
    pub running: Arc<Semaphore>,
    authority: Mutex<Authority>,
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            decided: Notify::new(),
            running: Arc::new(Semaphore::new(RUNNING)),
            authority: Mutex::default(),
        }
    }
}

impl Commands {
    /// Codes that are out and failures so far. Never held across an await.
    pub fn authority(&self) -> MutexGuard<'_, Authority> {
        self.authority.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
