//! The daemon: started, killed and started again.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::home::Home;
use crate::processes::{is_running, signal, wait_until};

/// How long a daemon may take to serve, on a machine that is busy with the trial.
const START: Duration = Duration::from_secs(60);

/// How a daemon was started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// It serves.
    Serving,
    /// It was killed before it did.
    Killed,
}

/// The daemon of a home. While this exists, no shim starts one but when it may.
#[derive(Debug)]
pub(crate) struct Service {
    home: Arc<Home>,
    /// What a shim holds while it starts a daemon: whoever holds it keeps the others from it.
    start_lock: File,
    child: Option<Child>,
    /// The one that shims have started.
    foreign: Option<i32>,
}

impl Service {
    /// No daemon runs yet.
    pub(crate) fn new(home: Arc<Home>) -> io::Result<Self> {
        let path = home.paths.start_lock();
        let start_lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        start_lock.lock()?;
        Ok(Self { home, start_lock, child: None, foreign: None })
    }

    /// The process id of the daemon that serves.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.child.as_ref().and_then(|child| i32::try_from(child.id()).ok()).or(self.foreign)
    }

    /// Starts it; `failpoints` for a build for trials.
    pub(crate) fn start(&mut self, failpoints: Option<&str>) -> Result<Started, String> {
        self.spawn(failpoints).map_err(|error| error.to_string())?;
        let mut ended = None;
        let served = wait_until(START, || {
            ended = self.try_wait();
            ended.is_some() || (self.accepts() && self.home.locked_by() == self.pid())
        });
        match ended {
            Some(status) if status.signal() == Some(Signal::SIGKILL as i32) => Ok(Started::Killed),
            Some(status) => Err(format!("bridged ended with {status}: {}", self.home.log_tail())),
            None if served => Ok(Started::Serving),
            None => {
                Err(format!("bridged did not serve within {} s: {}", START.as_secs(), self.home.log_tail()))
            }
        }
    }

    /// Starts it and waits for nothing.
    pub(crate) fn spawn(&mut self, failpoints: Option<&str>) -> io::Result<()> {
        let mut command = self.home.daemon()?;
        if let Some(failpoints) = failpoints {
            command.env("FAILPOINTS", failpoints);
        }
        (self.child, self.foreign) = (Some(command.spawn()?), None);
        Ok(())
    }

    /// Lets the shims start one.
    pub(crate) fn leave_to_shims(&mut self) -> Result<(), String> {
        self.start_lock.unlock().map_err(|error| error.to_string())?;
        let serves = || self.home.locked_by().is_some_and(is_running) && self.accepts();
        let served = wait_until(START, serves);
        // The shim that started it lets go when it is connected.
        self.start_lock.lock().map_err(|error| error.to_string())?;
        if !served {
            return Err(format!("no shim started bridged within {} s", START.as_secs()));
        }
        self.foreign = self.home.locked_by();
        Ok(())
    }

    /// How it ended, if it did. Of one that shims have started only that it did is known.
    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        match (&mut self.child, self.foreign) {
            (Some(child), _) => {
                let status = child.try_wait().ok().flatten()?;
                self.child = None;
                Some(status)
            }
            (None, Some(pid)) if !is_running(pid) => {
                self.foreign = None;
                Some(ExitStatus::from_raw(Signal::SIGKILL as i32))
            }
            _ => None,
        }
    }

    /// Sends a signal that ends it, and waits for that.
    pub(crate) fn end(&mut self, how: Signal) -> Result<(), String> {
        let Some(pid) = self.pid() else { return Ok(()) };
        signal(pid, how);
        if wait_until(START, || self.try_wait().is_some()) {
            return Ok(());
        }
        Err(format!("bridged did not end within {} s of {how}: {}", START.as_secs(), self.home.log_tail()))
    }

    fn accepts(&self) -> bool {
        UnixStream::connect(&self.home.paths.socket).is_ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            signal(pid, Signal::SIGKILL);
        }
        if let Some(child) = &mut self.child {
            // It ends, having been killed.
            child.wait().ok();
        }
    }
}
