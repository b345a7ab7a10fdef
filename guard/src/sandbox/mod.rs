//! What holds a command: a tier of kernel isolation.

#[cfg(target_os = "linux")]
mod capture;
mod detect;
pub mod docker;
mod job;
#[cfg(target_os = "linux")]
mod linux;
mod outside;
pub mod seatbelt;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use detect::{Reason, Unavailable, detect, detect_with};
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

/// Where a job's private home directory is. [`Job::environment`] says it with `HOME` (and `CARGO_HOME` and the like below
/// it); a tier that cannot have it there puts the real place into those variables instead.
pub const HOME_INSIDE: &str = "/tmp/home";

/// Where a job's private temporary directory is, as [`HOME_INSIDE`] is for the home directory.
pub const TMP_INSIDE: &str = "/tmp";

/// A command that could not be run at all, or not be held.
#[derive(Debug, Error)]
pub enum RunError {
    /// The program itself could not be executed.
    #[error("{program} could not be executed: {reason}")]
    Program {
        /// Which.
        program: PathBuf,
        /// Why.
        reason: String,
    },
    /// The isolation could not be set up.
    #[error("the {tier} sandbox could not be set up: {reason}")]
    Setup {
        /// Of which tier.
        tier: Tier,
        /// Why.
        reason: String,
    },
    /// The job asks for what this tier cannot hold here.
    #[error("the {tier} sandbox does not run this: {reason}")]
    Unfit {
        /// Which tier.
        tier: Tier,
        /// Why, and what to do.
        reason: String,
    },
    /// Processes of the job would not die. Reported after every attempt to kill them.
    #[error(
        "{count} processes of the command hang in the kernel and cannot be killed; look at `ps -ef` for state D"
    )]
    Survivors {
        /// How many.
        count: usize,
    },
    /// A fault of our own while it ran.
    #[error("the run itself failed: {0}; this is a bug, please report it")]
    Crashed(String),
}

/// To be called first in `main` of every binary that uses the guard: in a child that the sandbox re-executed it sets the
/// isolation up and becomes the command, and never returns; otherwise it returns at once.
///
/// Whoever calls a program with the marking argument by hand gets a command run with less authority than their own, and
/// nothing else.
pub fn child_main() {
    #[cfg(target_os = "linux")]
    linux::child_main();
}
