//! Finds out what can hold a command on this machine, by holding one.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::{Barrier, Tier};

/// Why there is no sandbox: every tier that was tried, and what it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Unavailable(pub Vec<(Tier, Reason)>);

impl fmt::Display for Unavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no sandbox can hold a command on this machine")?;
        self.0.iter().try_for_each(|(tier, reason)| write!(formatter, "\n{tier}: {reason}"))
    }
}

/// What a tier lacks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// Its program is not there.
    #[error("bwrap is not installed; install the package bubblewrap, 0.8 or later")]
    NoBubblewrap,
    /// Its program is there and cannot hold a command.
    #[error(
        "{bwrap} cannot hold a command: {words}\nIt needs version 0.8 or later and unprivileged user namespaces: see \
         `sysctl kernel.apparmor_restrict_unprivileged_userns kernel.unprivileged_userns_clone \
         user.max_user_namespaces`; on Ubuntu, `apparmor_parser` can load a profile that allows them to bwrap alone"
    )]
    BubblewrapFails {
        /// The program.
        bwrap: PathBuf,
        /// What it said.
        words: String,
    },
    /// The kernel has less of Landlock than is needed, or none.
    #[error(
        "the kernel has too little of Landlock: {words}. It needs Linux 6.12, and `landlock` in the list of security \
         modules (/sys/kernel/security/lsm; the kernel parameter `lsm=` adds it)"
    )]
    OldKernel {
        /// What could not be had.
        words: String,
    },
    /// The daemon is root.
    #[error("Landlock does not hold root; run the daemon as an ordinary user")]
    Root,
    /// It would not be held well enough here.
    #[error("{0}")]
    Unfit(String),
    /// A trial failed.
    #[error("a trial failed: {0}")]
    TrialFails(String),
    /// Nobody made it for this operating system, or it is detected elsewhere.
    #[error("not available on this system")]
    Elsewhere,
}

/// The best tier that works here, or this one only. Tries it out.
///
/// # Errors
/// [`Unavailable`] with what each tier that was tried lacks.
pub fn detect(only: Option<Tier>) -> Result<Box<dyn Barrier>, Unavailable> {
    detect_with("/proc/self/exe".into(), only)
}

/// The same for a program that does not call [`super::child_main`] first in its `main`, such as a test: `executable` is
/// one that does.
///
/// # Errors
/// As [`detect`].
pub fn detect_with(executable: PathBuf, only: Option<Tier>) -> Result<Box<dyn Barrier>, Unavailable> {
    let tiers = only.map_or_else(|| vec![Tier::Bubblewrap, Tier::Landlock], |tier| vec![tier]);
    let mut missing = Vec::new();
    for tier in tiers {
        match try_out(tier, executable.clone()) {
            Ok(barrier) => return Ok(barrier),
            Err(reason) => missing.push((tier, reason)),
        }
    }
    Err(Unavailable(missing))
}

#[cfg(target_os = "linux")]
fn try_out(tier: Tier, executable: PathBuf) -> Result<Box<dyn Barrier>, Reason> {
    match tier {
        Tier::Bubblewrap => super::linux::try_bubblewrap(executable),
        Tier::Landlock => super::linux::try_landlock(executable),
        Tier::Docker | Tier::Seatbelt => Err(Reason::Elsewhere),
    }
}

#[cfg(not(target_os = "linux"))]
fn try_out(_tier: Tier, _executable: PathBuf) -> Result<Box<dyn Barrier>, Reason> {
    Err(Reason::Elsewhere)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_plays_no_role_is_no_sandbox() {
        for executable in ["/bin/true", "/bin/false", "/nonexistent"] {
            let Err(Unavailable(missing)) = detect_with(executable.into(), None) else {
                panic!("{executable}")
            };
            let tiers: Vec<Tier> = missing.iter().map(|(tier, _)| *tier).collect();
            assert_eq!(tiers, [Tier::Bubblewrap, Tier::Landlock], "{missing:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        let missing =
            Unavailable(vec![(Tier::Bubblewrap, Reason::NoBubblewrap), (Tier::Landlock, Reason::Root)]);
        let text = missing.to_string();
        assert!(text.contains("install the package bubblewrap") && text.contains("ordinary user"), "{text}");
    }
}
