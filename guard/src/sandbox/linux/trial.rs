//! Tries a tier out: nothing else tells whether it works here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::Uid;

use super::{Bubblewrap, Landlock};
use crate::outcome::Ended;
use crate::sandbox::{Barrier, Job, Limits, Reason, RunError};

/// Where distributions put it; a search path could be somebody else's.
const BWRAP: [&str; 4] =
    ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap"];

/// What the trial has to end with, so that it cannot be anything else's ending.
const CODE: i32 = 42;

/// Bubblewrap, if it can hold a command here; with control groups if those can be used too.
pub(in crate::sandbox) fn try_bubblewrap(executable: PathBuf) -> Result<Box<dyn Barrier>, Reason> {
    let bwrap = BWRAP.map(Path::new).into_iter().find(|path| path.is_file()).ok_or(Reason::NoBubblewrap)?;
    let counted = Bubblewrap::new(executable, bwrap.to_owned());
    let Err(first) = attempt(&counted) else { return Ok(Box::new(counted)) };
    let barrier = counted.uncounted();
    if attempt(&barrier).is_ok() {
        return Ok(Box::new(barrier));
    }
    match first {
        Reason::TrialFails(words) => Err(Reason::BubblewrapFails { bwrap: bwrap.to_owned(), words }),
        other => Err(other),
    }
}

/// Landlock, if the kernel has enough of it.
pub(in crate::sandbox) fn try_landlock(executable: PathBuf) -> Result<Box<dyn Barrier>, Reason> {
    if Uid::effective().is_root() {
        return Err(Reason::Root);
    }
    let counted = Landlock::new(executable)?;
    let Err(first) = attempt(&counted) else { return Ok(Box::new(counted)) };
    let barrier = counted.uncounted();
    attempt(&barrier).map_err(|_| first)?;
    Ok(Box::new(barrier))
}

fn attempt(barrier: &dyn Barrier) -> Result<(), Reason> {
    match barrier.run(&job()) {
        Ok(raw) if raw.ended == Ended::Code(CODE) => Ok(()),
        Ok(raw) => {
            let words = String::from_utf8_lossy(&raw.stderr.head).trim().to_owned();
            Err(Reason::TrialFails(format!("it ended with {:?} {words}", raw.ended)))
        }
        Err(RunError::Setup { reason, .. }) => Err(Reason::TrialFails(reason)),
        Err(RunError::Unfit { reason, .. }) => Err(Reason::Unfit(reason)),
        Err(error) => Err(Reason::TrialFails(error.to_string())),
    }
}

fn job() -> Job {
    Job {
        program: "/bin/sh".into(),
        argv: ["sh", "-c", &format!("exit {CODE}")].map(String::from).to_vec(),
        directory: "/".into(),
        environment: BTreeMap::new(),
        readable: Vec::new(),
        writable: Vec::new(),
        protected: Vec::new(),
        hidden: Vec::new(),
        network: false,
        limits: Limits {
            time: Duration::from_secs(20),
            processes: 16,
            memory: 256 << 20,
            file: 1 << 20,
            open_files: 64,
            output: 4096,
        },
    }
}
