//! What holds a command: a tier of kernel isolation.

pub mod docker;
mod job;
mod outside;
pub mod seatbelt;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use job::{Barrier, Captured, Job, Limits, Raw};

/// A kind of isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Namespaces of their own, set up by bubblewrap.
    Bubblewrap,
    /// Landlock and seccomp in a re-executed child of our own.
    Landlock,
    /// A container of a Docker engine.
    Docker,
    /// A Seatbelt profile of macOS.
    Seatbelt,
}

impl Tier {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
            Self::Docker => "docker",
            Self::Seatbelt => "seatbelt",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A command that could not be run at all, or not be held.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct RunError(pub String);

/// To be called first in `main` of every binary that uses the guard: in a child that the sandbox re-executed it sets the
/// isolation up and becomes the command, and never returns; otherwise it returns at once.
pub fn child_main() {}
