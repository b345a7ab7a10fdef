//! The sandbox, from inside it. A program with a `main` of its own, since the sandbox re-executes it.

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
