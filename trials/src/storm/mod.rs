//! Carries out the faults of a plan while agents talk.

mod daemon;
mod others;
mod pace;

pub(crate) use daemon::DaemonTrack;
pub(crate) use others::OtherTrack;
pub use pace::Goal;
pub(crate) use pace::Pace;
