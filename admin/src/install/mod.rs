//! Putting the bridge into the configuration of MCP clients, and taking it out again.
//!
//! [`clients`] is the table of clients; [`plan`] says, without writing, what would change; [`apply`] does it, keeps a
//! backup and records it in the [`state`]; [`undo`] reverses it. Texts are edited by [`edit`], files replaced by
//! [`file`]. The [`service`] is apart: the daemon as a unit of the user's service manager.

pub(crate) mod apply;
pub(crate) mod client;
pub(crate) mod clients;
pub(crate) mod diff;
mod edit;
mod file;
pub(crate) mod launch;
pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod service;
pub(crate) mod state;
pub(crate) mod undo;

#[cfg(test)]
mod tests;
