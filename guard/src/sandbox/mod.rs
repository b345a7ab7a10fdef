//! What holds a command: a tier of kernel isolation.
//!
//! Of every job, in both tiers of Linux, this is true: it reads the system's programs, what it was given, and nothing
//! else; it writes what it was given; it has its own temporary files, an empty input, its own environment and no
//! terminal; it reaches no socket of the machine's own family and, without the network, none of the host's at all; it has
//! no privileges and cannot gain any; a system call filter refuses what programs do not need; time, processes, memory,
//! sizes and outputs are bounded; and when [`Barrier::run`] returns, everything it started is dead.
//!
//! | | [`Tier::Bubblewrap`] | [`Tier::Landlock`] |
//! |---|---|---|
//! | needs | bubblewrap 0.8, user namespaces | Linux 6.12, an ordinary user |
//! | what it was not given | is not there | cannot be opened; name, size and times are visible |
//! | protected paths | read-only | compare before and after |
//! | other processes | are not there | cannot be signalled, traced or read; their existence is visible |
//! | loopback without the network | its own | none |
//! | modes, owners, times of files | its own | only through a descriptor, and only when it may write |
//! | `/proc` | its own | a few files; processes it starts have no `/proc/self` |
//! | `/tmp`, `/dev/shm`, `/etc/passwd` | its own | none, none, the host's |
//!
//! What neither tier does: keep a job with the network from the host's loopback and its neighbours; bound what it writes
//! in total (only each file); bound memory of all processes together, or processes of root, where no control group can be
//! made; keep it from what the kernel itself gets wrong. One job at a time may write a workspace: two could race while
//! the second is being set up.

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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bubblewrap, Self::Landlock, Self::Docker, Self::Seatbelt];

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
