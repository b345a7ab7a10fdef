//! The rules of the bridge as pure values and functions.
//!
//! Nothing in here reads a clock, draws randomness or does I/O: callers pass `now` and bytes.

pub mod anchor;
pub mod archive;
pub mod audit;
pub mod authority;
pub mod bucket;
pub mod command;
pub mod delivery;
pub mod id;
pub mod invite;
pub mod key;
pub mod mailbox;
pub mod redaction;
pub mod retention;
pub mod status;
pub mod time;
