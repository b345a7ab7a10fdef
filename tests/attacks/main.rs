//! Commands that attack and commands of every day, run by the real executor: `bridgectl yolo try --json`.
//!
//! An attack fails when it is blocked, or when it runs and everything around it is afterwards as it was and nothing it
//! should not know is in its output. A command of every day must run and do what it does. Both lists are data
//! (`tests/data/attacks`, `tests/data/everyday`). Everything is run in every tier that works here, by an ordinary user;
//! as root, bubblewrap is tried as root too.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "clippy sees no tests where there is no test harness"
)]

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}
