//! The facade: plan a command, run a plan.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use thiserror::Error;

use crate::busy::{Busy, Occupied};
use crate::confine::{Budget, check_place, environment, job};
use crate::mode::Mode;
use crate::outcome::Outcome;
use crate::output::{Redact, streams};
use crate::plan::Plan;
use crate::policy::{Command, Policy, PolicyError, Refusal};
use crate::protect::{ProtectError, Protected, Quarantine};
use crate::sandbox::docker::Docker;
use crate::sandbox::{self, Barrier, RunError, Tier};
use crate::snapshot::{Extent, Restored, Selection, Snapshot, SnapshotError, Snapshots, Why};
use crate::workspace::{Workspace, WorkspaceError};

/// Milliseconds that a command may be given.
const MOST_TIMEOUT_MS: u64 = 600_000;

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
    /// How much of everything a command may have.
    pub budget: Budget,
    /// How much a snapshot may hold.
    pub extent: Extent,
    /// Whether a command may write though no snapshot can be taken.
    pub without_snapshot: bool,
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

/// When and for what a plan is run.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'o> {
    /// UTC milliseconds.
    pub now_ms: i64,
    /// What the snapshot is called: the request's id.
    pub label: &'o str,
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
    /// It asks for no time or too much of it.
    #[error("timeout_ms is {0}; it must be 1 to {MOST_TIMEOUT_MS}")]
    Timeout(u64),
    /// Nothing on this machine can hold it.
    #[error("{0}")]
    NoSandbox(String),
    /// Another tier was approved.
    #[error(
        "the plan was approved for the {planned} sandbox, and here is the {found} one; ask for a new approval"
    )]
    OtherTier {
        /// What was approved.
        planned: Tier,
        /// What there is.
        found: Tier,
    },
    /// The program is gone.
    #[error("{0} is not an executable file any more; ask for a new approval")]
    NoProgram(PathBuf),
    /// Another command writes there.
    #[error("another command is writing in {0} or around it; try again when it has ended")]
    Busy(PathBuf),
    /// Its protected files cannot be kept.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// What it may change could not be restored.
    #[error("no snapshot could be taken before it, so it was not run: {0}")]
    Snapshot(#[from] SnapshotError),
    /// Nothing could be restored.
    #[error(transparent)]
    Restore(SnapshotError),
    /// It could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Something that can hold a command, or why there is none.
type Found = Result<Box<dyn Barrier>, String>;

/// Plans and runs commands.
pub struct Guard {
    config: GuardConfig,
    policy: Policy,
    /// Found out when it is first needed: most of what is proposed is judged without.
    barrier: OnceLock<Found>,
    container: OnceLock<Found>,
    busy: Busy,
}

impl Guard {
    /// Reads the policy. What can hold a command here is found out when it is first asked for.
    ///
    /// # Errors
    /// [`GuardError::Policy`] when the user's policy is not valid.
    pub fn new(config: GuardConfig) -> Result<Self, GuardError> {
        Self::with_found(config, OnceLock::new())
    }

    /// The same with a given barrier for every command.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_barrier(config: GuardConfig, barrier: Box<dyn Barrier>) -> Result<Self, GuardError> {
        Self::with_found(config, OnceLock::from(Ok(barrier)))
    }

    fn with_found(config: GuardConfig, barrier: OnceLock<Found>) -> Result<Self, GuardError> {
        let policy = match &config.policy {
            None => Policy::builtin()?,
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    PolicyError(format!("the policy {} cannot be read: {error}", path.display()))
                })?;
                Policy::with_user(&text, path)?
            }
        };
        let policy = policy.with_toolchains(config.toolchains.clone());
        Ok(Self { config, policy, barrier, container: OnceLock::new(), busy: Busy::default() })
    }

    /// The tier that commands run in here, or why there is none.
    ///
    /// # Errors
    /// [`GuardError::NoSandbox`].
    pub fn tier(&self) -> Result<Tier, GuardError> {
        self.barrier().map(Barrier::tier)
    }

    /// What commands run in here: for comparing and pruning snapshots.
    ///
    /// # Errors
    /// [`GuardError::NoSandbox`].
    pub fn barrier(&self) -> Result<&dyn Barrier, GuardError> {
        known(self.barrier.get_or_init(|| detect(&self.config)))
    }

    /// The snapshots that runs took.
    ///
    /// # Errors
    /// [`SnapshotError::File`].
    pub fn snapshots(&self) -> Result<Snapshots, SnapshotError> {
        Snapshots::open(&self.config.state, self.config.extent.clone())
    }

    /// A directory that commands may run in.
    ///
    /// # Errors
    /// [`GuardError::Workspace`] when it is none, or holds what no command may touch.
    pub fn workspace(&self, path: &Path) -> Result<Workspace, GuardError> {
        let workspace = Workspace::open(path)?;
        check_place(&workspace, &self.hidden())?;
        Ok(workspace)
    }

    /// What would run.
    ///
    /// # Errors
    /// [`GuardError`] when it may not, or cannot.
    pub fn plan(&self, request: &Request) -> Result<Plan, GuardError> {
        if !(1..=MOST_TIMEOUT_MS).contains(&request.timeout_ms) {
            return Err(GuardError::Timeout(request.timeout_ms));
        }
        let workspace = self.workspace(&request.workspace)?;
        let allowed = self.policy.judge(request.mode, &request.command, &workspace.path)?;
        let tier = if request.container { self.container()?.tier() } else { self.tier()? };
        Ok(Plan {
            mode: request.mode,
            program: allowed.program,
            argv: allowed.argv,
            workspace,
            environment: environment(&self.config.toolchains, allowed.environment),
            toolchains: self.config.toolchains.clone(),
            timeout_ms: request.timeout_ms,
            network: request.network,
            tier,
            image: self.config.image.clone().filter(|_| tier == Tier::Docker),
        })
    }

    /// Runs it, after a snapshot if it may write. Blocks until everything it started is dead. `redact` takes secrets
    /// out of a text and counts them.
    ///
    /// # Errors
    /// [`GuardError`] when it did not run.
    pub fn run(
        &self,
        plan: &Plan,
        occasion: &Occasion<'_>,
        redact: Redact<'_>,
    ) -> Result<Outcome, GuardError> {
        plan.workspace.check_unchanged()?;
        check_program(plan)?;
        let barrier = self.planned(plan)?;
        let surroundings =
            if plan.mode.writes() { Some(self.surround(plan, barrier, occasion)?) } else { None };
        let protected = surroundings.as_ref().map(|around| around.protected.paths()).unwrap_or_default();
        let result = barrier.run(&job(plan, protected, self.hidden(), &self.config.budget));
        let mut snapshot = None;
        let mut remarks = Vec::new();
        if let Some(around) = surroundings {
            let quarantine = Quarantine::below(&self.config.state, occasion.now_ms);
            remarks = around.remarks;
            remarks.extend(around.protected.restore(quarantine));
            snapshot = around.snapshot;
        }
        let raw = result?;
        let (stdout, stderr) = streams(&raw.stdout, &raw.stderr, self.config.budget.characters, redact);
        let duration_ms = u64::try_from(raw.duration.as_millis()).unwrap_or(u64::MAX);
        Ok(Outcome { ended: raw.ended, duration_ms, stdout, stderr, remarks, snapshot })
    }

    /// Restores a snapshot while no command writes in its workspace.
    ///
    /// # Errors
    /// [`GuardError::Restore`], [`GuardError::Busy`] or [`GuardError::NoSandbox`].
    pub fn restore(&self, id: &str, selection: &Selection, now_ms: i64) -> Result<Restored, GuardError> {
        let snapshots = self.snapshots().map_err(GuardError::Restore)?;
        let path = snapshots.get(id).map_err(GuardError::Restore)?.workspace;
        let _occupied = self.busy.occupy(&path).ok_or(GuardError::Busy(path))?;
        snapshots.restore(self.barrier()?, id, selection, now_ms).map_err(GuardError::Restore)
    }

    /// What is done before a command that may write.
    fn surround(
        &self,
        plan: &Plan,
        barrier: &dyn Barrier,
        occasion: &Occasion<'_>,
    ) -> Result<Surroundings<'_>, GuardError> {
        let path = &plan.workspace.path;
        let occupied = self.busy.occupy(path).ok_or_else(|| GuardError::Busy(path.clone()))?;
        let protected = Protected::record(path)?;
        // An image need not have git, and the system has.
        let barrier = self.barrier().unwrap_or(barrier);
        let taken = self
            .snapshots()
            .and_then(|snapshots| snapshots.take(barrier, &plan.workspace, occasion.label, occasion.now_ms));
        let (snapshot, remarks) = match taken {
            Ok(snapshot) => (Some(snapshot.id.clone()), about(&snapshot)),
            Err(error) if self.config.without_snapshot => {
                (None, vec![format!("no snapshot was taken: {error}")])
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Surroundings { protected, snapshot, remarks, _occupied: occupied })
    }

    /// The tier that a plan was approved for.
    fn planned(&self, plan: &Plan) -> Result<&dyn Barrier, GuardError> {
        let barrier = self.barrier();
        match barrier {
            Ok(barrier) if barrier.tier() == plan.tier => Ok(barrier),
            _ if plan.tier == Tier::Docker && plan.image == self.config.image => self.container(),
            Ok(barrier) => Err(GuardError::OtherTier { planned: plan.tier, found: barrier.tier() }),
            Err(error) => Err(error),
        }
    }

    fn container(&self) -> Result<&dyn Barrier, GuardError> {
        known(self.container.get_or_init(|| detect_container(&self.config)))
    }

    fn hidden(&self) -> Vec<PathBuf> {
        let all = self.config.hidden.iter().chain([&self.config.state]);
        all.filter(|path| !path.as_os_str().is_empty()).cloned().collect()
    }
}

/// What a command that may write is surrounded with.
struct Surroundings<'g> {
    protected: Protected,
    snapshot: Option<String>,
    remarks: Vec<String>,
    _occupied: Occupied<'g>,
}

fn known(found: &Found) -> Result<&dyn Barrier, GuardError> {
    found.as_deref().map_err(|why| GuardError::NoSandbox(why.clone()))
}

fn check_program(plan: &Plan) -> Result<(), GuardError> {
    let executable =
        |metadata: std::fs::Metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0;
    if plan.program.metadata().is_ok_and(executable) || plan.tier == Tier::Docker {
        return Ok(());
    }
    Err(GuardError::NoProgram(plan.program.clone()))
}

/// What a person would miss in a snapshot.
fn about(snapshot: &Snapshot) -> Vec<String> {
    let missed = snapshot.left_out.iter().filter(|(_, why)| !matches!(why, Why::Git | Why::Regenerated));
    let named: Vec<String> = missed.clone().take(5).map(|(path, why)| format!("{path} ({why})")).collect();
    match missed.count() - named.len() {
        _ if named.is_empty() => Vec::new(),
        0 => vec![format!("not in the snapshot: {}", named.join(", "))],
        more => vec![format!("not in the snapshot: {} and {more} more", named.join(", "))],
    }
}

/// The best tier there is, or the one that is asked for.
fn detect(config: &GuardConfig) -> Found {
    match config.tier {
        Some(Tier::Docker) => detect_container(config),
        _ => detect_native(config.tier),
    }
}

#[cfg(target_os = "macos")]
fn detect_native(_only: Option<Tier>) -> Found {
    let seatbelt = crate::sandbox::seatbelt::Seatbelt::detect().map_err(|error| error.to_string())?;
    Ok(Box::new(seatbelt))
}

#[cfg(not(target_os = "macos"))]
fn detect_native(only: Option<Tier>) -> Found {
    sandbox::detect(only).map_err(|unavailable| unavailable.to_string())
}

fn detect_container(config: &GuardConfig) -> Found {
    let Some(image) = &config.image else {
        return Err(
            "no image is configured for containers; set one, or do not ask for a container".to_owned()
        );
    };
    Ok(Box::new(Docker::detect(image).map_err(|error| error.to_string())?))
}
