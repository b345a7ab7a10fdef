//! One thing to run, as the tiers see it: what may be read, what may be written, how much of everything.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{RunError, Tier};
use crate::outcome::Ended;

/// One program to be run in isolation.
///
/// The system's own directories (`/usr`, `/lib`, the harmless part of `/etc`) are always readable, `/tmp`, `$HOME`,
/// `/proc` and `/dev/shm` always private, and everything else does not exist unless it is named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The program, by its full path.
    pub program: PathBuf,
    /// Its arguments, the name it is called by first.
    pub argv: Vec<String>,
    /// The directory it starts in.
    pub directory: PathBuf,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// What it may read beside the system's directories.
    pub readable: Vec<PathBuf>,
    /// What it may also write.
    pub writable: Vec<PathBuf>,
    /// What it may read but not write, though it lies in something writable. Need not exist.
    pub protected: Vec<PathBuf>,
    /// What it must not see at all, though it lies in something readable. Need not exist.
    pub hidden: Vec<PathBuf>,
    /// Whether it may use the network.
    pub network: bool,
    /// How much of everything.
    pub limits: Limits,
}

/// How much of everything a job may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Until it is killed, with everything it started.
    pub time: Duration,
    /// Processes and threads at once.
    pub processes: u64,
    /// Bytes of memory of all its processes together where the system can count that, else of each.
    pub memory: u64,
    /// Bytes of a file it writes.
    pub file: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Bytes kept of each of its outputs; it may go on writing, the rest is counted.
    pub output: usize,
}

/// What came of a job, before anybody may look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// How it ended.
    pub ended: Ended,
    /// How long it ran.
    pub duration: Duration,
    /// Standard output.
    pub stdout: Captured,
    /// Standard error.
    pub stderr: Captured,
}

/// An output: its beginning and its end, and how many bytes between them were not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The last bytes, when more came than `head` holds.
    pub tail: Vec<u8>,
    /// Bytes between them.
    pub cut: u64,
}

/// A tier at work.
pub trait Barrier: Send + Sync {
    /// Which tier it is.
    fn tier(&self) -> Tier;

    /// Runs a job and returns when everything it started is dead. Standard input is empty.
    ///
    /// # Errors
    /// [`RunError`] when it did not run or cannot be held. Never when it merely ended badly.
    fn run(&self, job: &Job) -> Result<Raw, RunError>;
}
