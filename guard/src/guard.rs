//! The facade: plan a command, run a plan.

use std::path::PathBuf;

use thiserror::Error;

use crate::mode::Mode;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::policy::{Command, PolicyError, Refusal};
use crate::sandbox::{RunError, Tier};
use crate::workspace::WorkspaceError;

/// What a guard needs to know.
#[derive(Debug, Clone, Default)]
pub struct GuardConfig {
    /// A file with the user's own policy.
    pub policy: Option<PathBuf>,
    /// Directories that no command may see: the bridge's state, runtime directory and configuration.
    pub hidden: Vec<PathBuf>,
    /// Directories of toolchains that commands may read.
    pub toolchains: Vec<PathBuf>,
    /// Where snapshots and what was put out of reach are kept.
    pub state: PathBuf,
    /// The image of the Docker tier.
    pub image: Option<String>,
    /// Only this tier instead of the best there is.
    pub tier: Option<Tier>,
}

/// What an agent proposes, and in what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// How much it may do.
    pub mode: Mode,
    /// What to run.
    pub command: Command,
    /// Where.
    pub workspace: PathBuf,
    /// Milliseconds after which it is killed: 1 to 600,000.
    pub timeout_ms: u64,
    /// Whether it asks for the network.
    pub network: bool,
    /// Whether it asks for a container.
    pub container: bool,
}

/// A command that will not be run.
#[derive(Debug, Error)]
pub enum GuardError {
    /// The policy does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The workspace is not one.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The policy file is not valid.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Nothing on this machine can hold it.
    #[error("{0}")]
    NoSandbox(String),
    /// It could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Plans and runs commands.
pub struct Guard {}

impl Guard {
    /// Reads the policy and finds out what can hold a command here.
    ///
    /// # Errors
    /// [`GuardError::Policy`] when the user's policy is not valid. No sandbox is no error yet: planning still works, and
    /// running is refused.
    pub fn new(_config: GuardConfig) -> Result<Self, GuardError> {
        Ok(Self {})
    }

    /// The tier that commands run in here, or why there is none.
    ///
    /// # Errors
    /// [`GuardError::NoSandbox`].
    pub fn tier(&self) -> Result<Tier, GuardError> {
        Err(GuardError::NoSandbox("no sandbox".to_owned()))
    }

    /// What would run.
    ///
    /// # Errors
    /// [`GuardError`] when it may not, or cannot.
    pub fn plan(&self, _request: &Request) -> Result<Plan, GuardError> {
        Err(GuardError::NoSandbox("no sandbox".to_owned()))
    }

    /// Runs it, after a snapshot if it may write. Blocks until everything it started is dead. `redact` takes secrets
    /// out of a text and counts them.
    ///
    /// # Errors
    /// [`GuardError`] when it did not run.
    pub fn run(&self, _plan: &Plan, _redact: &dyn Fn(&str) -> (String, u32)) -> Result<Outcome, GuardError> {
        Err(GuardError::NoSandbox("no sandbox".to_owned()))
    }
}
