//! What the bridge promises, as pure values that are told what was observed and say what contradicts the promise.

mod channel;
#[cfg(test)]
mod channel_tests;
mod limits;
mod violation;

pub use channel::{Arrived, Channel, State, Tally, unacknowledged};
pub use limits::Limits;
pub use violation::Violation;
