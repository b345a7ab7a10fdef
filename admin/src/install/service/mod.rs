//! The daemon as a service of the user's service manager, for those who do not want agents to start it.

mod launchd;
mod systemd;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bridge_proto::paths::Paths;
use serde::Serialize;
use thiserror::Error;

use super::client::{Launch, Places, find_program};
use super::file::{FileError, Found, make_directories, remove_empty};
use super::report::Action;
use super::state::{ServiceRecord, State, StateError, hash};

/// Why the service cannot be set up or taken away.
#[derive(Debug, Error)]
pub(crate) enum ServiceError {
    /// Neither systemd's user manager nor launchd answers.
    #[error(
        "there is no service manager for users here (no systemctl --user, no launchd); \
         nothing is needed without one: the first agent starts the daemon"
    )]
    NoManager,
    /// Somebody has written a file of the same name.
    #[error("{} exists already and was not written by bridgectl; --force replaces it", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A daemon holds the lock that the service would need.
    #[error(
        "a daemon that the service manager did not start is running (pid {pid}); \
         stop it with `kill {pid}`, then try again"
    )]
    Running {
        /// Its process id.
        pid: String,
    },
    /// The service manager refuses.
    #[error("`{command}` failed: {message}")]
    Refused {
        /// What was run.
        command: String,
        /// Its last words.
        message: String,
    },
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The record cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What was done.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceReport {
    /// What was done to the files.
    pub(crate) action: Action,
    /// The files.
    pub(crate) files: Vec<PathBuf>,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// What a service is made from.
pub(crate) struct Setup<'s> {
    /// The daemon's program.
    pub(crate) bridged: &'s Path,
    /// Where it listens and keeps its state.
    pub(crate) paths: &'s Paths,
    /// The variables that it must see.
    pub(crate) launch: &'s Launch,
    /// The user's directories.
    pub(crate) places: &'s Places,
}

/// A service manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    /// systemd's manager of the user.
    Systemd,
    /// macOS.
    Launchd,
}

impl Manager {
    /// The one that answers here.
    pub(crate) fn detect(lookup: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let has = |program| find_program(program, &lookup("PATH").unwrap_or_default()).is_some();
        if cfg!(target_os = "macos") && has("launchctl") {
            Some(Self::Launchd)
        } else if has("systemctl") && run(&systemd::ANSWERS).is_ok() {
            Some(Self::Systemd)
        } else {
            None
        }
    }

    fn files(self, setup: &Setup) -> Vec<(PathBuf, String)> {
        match self {
            Self::Systemd => systemd::files(setup),
            Self::Launchd => launchd::files(setup),
        }
    }

    fn start(self, files: &[PathBuf]) -> Result<(), ServiceError> {
        match self {
            Self::Systemd => systemd::start(),
            Self::Launchd => launchd::start(files),
        }
    }

    fn stop(self) -> Result<(), ServiceError> {
        match self {
            Self::Systemd => systemd::stop(),
            Self::Launchd => launchd::stop(),
        }
    }

    fn is_active(self) -> bool {
        match self {
            Self::Systemd => systemd::is_active(),
            Self::Launchd => launchd::is_active(),
        }
    }
}

/// What setting up the service would do to its files.
pub(crate) fn preview(manager: Manager, setup: &Setup, state: &State) -> Result<ServiceReport, ServiceError> {
    let files = manager.files(setup);
    let up_to_date = is_written(&files)?;
    let action = match (up_to_date, state.service()) {
        (true, _) => Action::Unchanged,
        (false, None) => Action::Added,
        (false, Some(_)) => Action::Updated,
    };
    Ok(ServiceReport { action, files: names(&files), error: None })
}

/// Writes the service's files and starts it. `holder` is the process that serves the state now, if one does.
pub(crate) fn install(
    manager: Manager,
    setup: &Setup,
    state: &mut State,
    holder: Option<String>,
    force: bool,
) -> Result<ServiceReport, ServiceError> {
    let report = preview(manager, setup, state)?;
    if let Some(pid) = holder.filter(|_| !manager.is_active()) {
        return Err(ServiceError::Running { pid });
    }
    let files = manager.files(setup);
    if report.action == Action::Unchanged {
        manager.start(&report.files)?;
        return Ok(report);
    }
    let earlier = state.service().cloned();
    if !force {
        require_ours(&files, earlier.as_ref())?;
    }
    let mut directories = earlier.map_or_else(Vec::new, |earlier| earlier.directories);
    let mut before = Vec::new();
    for (path, text) in &files {
        directories.extend(make_directories(path.parent().unwrap_or(Path::new("/")), 0o755)?);
        let found = Found::read(path)?;
        if let Some(bytes) = found.bytes() {
            state.back_up("service", bytes)?;
        }
        found.replace(text.as_bytes(), 0o644)?;
        before.push(found);
    }
    if let Err(error) = manager.start(&report.files) {
        for (found, (path, _)) in before.iter().zip(&files) {
            let now = Found::read(path)?;
            found.bytes().map_or_else(|| now.remove(), |bytes| now.replace(bytes, 0o644))?;
        }
        remove_empty(&directories);
        return Err(error);
    }
    let written = files.iter().map(|(path, text)| (path.clone(), hash(text.as_bytes()))).collect();
    state.set_service(Some(ServiceRecord { files: written, directories }))?;
    Ok(report)
}

/// Stops the service and takes its files away, as far as nobody has changed them.
pub(crate) fn uninstall(manager: Option<Manager>, state: &mut State) -> Result<ServiceReport, ServiceError> {
    let Some(record) = state.service().cloned() else {
        return Ok(ServiceReport { action: Action::Unchanged, files: Vec::new(), error: None });
    };
    manager.map_or(Ok(()), Manager::stop)?;
    let mut files = Vec::new();
    for (path, written) in &record.files {
        let found = Found::read(path)?;
        if found.bytes().is_some_and(|bytes| hash(bytes) == *written) {
            found.remove()?;
            files.push(path.clone());
        }
    }
    remove_empty(&record.directories);
    if manager == Some(Manager::Systemd) {
        run(&systemd::RELOAD)?;
    }
    state.set_service(None)?;
    Ok(ServiceReport { action: Action::Removed, files, error: None })
}

fn names(files: &[(PathBuf, String)]) -> Vec<PathBuf> {
    files.iter().map(|(path, _)| path.clone()).collect()
}

fn is_written(files: &[(PathBuf, String)]) -> Result<bool, FileError> {
    for (path, text) in files {
        if Found::read(path)?.bytes() != Some(text.as_bytes()) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn require_ours(files: &[(PathBuf, String)], earlier: Option<&ServiceRecord>) -> Result<(), ServiceError> {
    for (path, text) in files {
        let found = Found::read(path)?;
        let Some(bytes) = found.bytes() else { continue };
        let recorded = earlier.is_some_and(|earlier| earlier.files.contains(&(path.clone(), hash(bytes))));
        if !recorded && bytes != text.as_bytes() {
            return Err(ServiceError::Foreign { path: path.clone() });
        }
    }
    Ok(())
}

/// Runs a command of the service manager.
fn run(command: &[&str]) -> Result<(), ServiceError> {
    let words = command.join(" ");
    let refused = |message: String| ServiceError::Refused { command: words.clone(), message };
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| refused(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(refused(if said.is_empty() { output.status.to_string() } else { said }))
}
