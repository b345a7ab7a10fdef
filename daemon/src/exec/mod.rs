//! Runs what people released: the guard crate, set up from the configuration, and its outcome in words.

mod report;
mod restore;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use bridge_guard::{Guard, GuardConfig, GuardError, Occasion, Outcome, Plan, Request, RunError};
use bridge_proto::paths::Paths;

use crate::config::{ConfigError, YoloConfig};
use crate::domain::command::CommandId;
use crate::domain::time::Timestamp;

pub use report::{message, summary};
pub use restore::{prune, restore};

/// The guard for this configuration.
///
/// # Errors
/// [`ConfigError::Policy`] when the user's policy cannot be used.
pub fn guard(config: &YoloConfig, paths: &Paths) -> Result<Guard, ConfigError> {
    let policy = |error: GuardError| ConfigError::Policy(error.to_string());
    Guard::new(GuardConfig {
        policy: config.policy.clone(),
        hidden: hidden(paths),
        toolchains: config.toolchains.clone(),
        state: paths.state.join("yolo"),
        image: config.image.clone(),
        tier: config.sandbox,
        ..GuardConfig::default()
    })
    .map_err(policy)
}

/// The bridge's own directories, which no command may see.
fn hidden(paths: &Paths) -> Vec<PathBuf> {
    let directories = [Some(paths.state.as_path()), paths.socket.parent(), paths.config.parent()];
    let named = directories.into_iter().flatten();
    named.flat_map(|path| [Some(path.to_owned()), fs::canonicalize(path).ok()]).flatten().collect()
}

/// Plans a command off the runtime thread: globs are expanded and programs looked for on disk.
///
/// # Errors
/// [`GuardError`] when it may not run, or cannot.
pub async fn plan(guard: Arc<Guard>, request: Request) -> Result<Plan, GuardError> {
    unblocked(move || guard.plan(&request)).await
}

/// Runs a released command until everything it started is dead.
///
/// # Errors
/// [`GuardError`] when it did not run.
pub async fn run(
    guard: Arc<Guard>,
    id: CommandId,
    plan: Plan,
    now: Timestamp,
    clean: CleanFn,
) -> Result<Outcome, GuardError> {
    unblocked(move || {
        let label = id.to_string();
        guard.run(&plan, &Occasion { now_ms: now.millis(), label: &label }, &*clean)
    })
    .await
}

/// Takes the secrets out of a text and counts them.
pub type CleanFn = Box<dyn Fn(&str) -> (String, u32) + Send>;

async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GuardError> + Send + 'static,
) -> Result<T, GuardError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // A panic of ours: the command, if it ran, died with its supervisor.
        Err(error) => Err(GuardError::Run(RunError::Crashed(error.to_string()))),
    }
}
