//! Trials of the whole bridge: agents talk through real programs while daemon, shims, clients and connections die, and
//! every promise is checked against a model.
//!
//! [`model`] is pure: it is told what was observed. Everything else makes things happen and observes.

mod agent;
mod answer;
mod backup;
mod board;
mod cable;
mod chance;
mod client;
mod database;
mod home;
pub mod model;
mod plan;
pub mod processes;
mod programs;
mod recoveries;
mod report;
mod service;
mod storm;
mod trial;
mod wanderers;
mod witness;

pub use chance::Chance;
pub use programs::{Programs, point_count, points_in};
pub use recoveries::Recoveries;
pub use report::Report;
pub use storm::Goal;
pub use trial::{Options, run};
pub use witness::Seen;
