//! The bridge daemon as a library: everything a test needs to boot it in-process.
//!
//! Dependencies point one way: `net → mcp | admin → ops, wire → exec, live, store → domain`. A test reads the `use` lines and
//! fails when an arrow points back.

pub mod admin;
pub mod anchor;
pub mod bridge;
pub mod clock;
pub mod config;
pub mod domain;
pub mod exec;
#[cfg(test)]
mod interleave;
pub mod live;
pub mod log;
pub mod mcp;
pub mod net;
pub mod ops;
pub mod retention;
mod run;
pub mod store;
pub mod wire;

pub use run::{RunError, boot, main};
