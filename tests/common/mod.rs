//! What the black-box suites share: a private home, the real daemon, MCP clients over real shims, raw sockets.
//!
//! Nothing here waits for a time: it waits for a condition, and fails when that has not come about long after it
//! should have. Everything that was started is killed on drop, daemons that shims started included.
#![allow(dead_code, unused_imports)] // each test binary uses its part

pub(crate) mod audit;
pub(crate) mod chance;
pub(crate) mod ctl;
pub(crate) mod daemon;
pub(crate) mod database;
pub(crate) mod env;
pub(crate) mod mcp;
pub(crate) mod outcome;
pub(crate) mod pair;
#[cfg(target_os = "linux")]
pub(crate) mod pty;
pub(crate) mod raw;
pub(crate) mod scene;
pub(crate) mod tightness;
#[cfg(target_os = "linux")]
pub(crate) mod viewer;

use std::time::{Duration, Instant};

pub(crate) use audit::audit_verify;
pub(crate) use bridge_trials::processes;
pub(crate) use chance::Chance;
pub(crate) use ctl::bridgectl;
pub(crate) use daemon::Daemon;
pub(crate) use env::Env;
pub(crate) use mcp::Shim;
pub(crate) use outcome::Outcome;
pub(crate) use pair::Pair;
#[cfg(target_os = "linux")]
pub(crate) use pty::Person;
pub(crate) use raw::Raw;
pub(crate) use serde_json::{Value, json};
#[cfg(target_os = "linux")]
pub(crate) use viewer::Viewer;

/// Far beyond anything a test waits for: only to fail instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long to leave the processor to others between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Waits for a condition that another process brings about.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// Waits until there is a value.
#[track_caller]
pub(crate) fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Limits that no volume test reaches.
pub(crate) const NO_LIMITS: &str = "
[limits.write]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
[limits.read]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
[limits.create]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
[limits.failed_auth]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
";
