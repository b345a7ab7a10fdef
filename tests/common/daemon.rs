//! The real daemon, in the foreground or as a shim has started it.

use std::fs::OpenOptions;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};

use nix::sys::signal::Signal;

use super::env::{BRIDGED, Env};
use super::processes::{is_running, signal};
use super::{until, until_some};

/// A daemon that the test started.
pub(crate) struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts it and waits until it accepts connections.
    pub(crate) fn start(env: &Env) -> Self {
        let mut daemon = Self::spawn(env);
        until("the daemon accepts connections", || {
            if let Some(status) = daemon.child.try_wait().unwrap() {
                panic!("the daemon ended with {status}:\n{}", env.log());
            }
            accepts(env) && env.locked_by() == Some(daemon.pid())
        });
        daemon
    }

    /// Starts it where others may do the same: `None` when another one was faster.
    pub(crate) fn start_if_none(env: &Env) -> Option<Self> {
        let mut daemon = Self::spawn(env);
        until_some("a daemon serves", || match daemon.child.try_wait().unwrap() {
            Some(status) => {
                assert_eq!(status.code(), Some(3), "{}", env.log());
                Some(false)
            }
            None => (serves(env) && env.locked_by() == Some(daemon.pid())).then_some(true),
        })
        .then_some(daemon)
    }

    /// Starts it without waiting. Its log lines go where a shim would send them.
    pub(crate) fn spawn(env: &Env) -> Self {
        std::fs::DirBuilder::new().recursive(true).create(env.root().join("s")).unwrap();
        let state = env.paths().state;
        if !state.exists() {
            use std::os::unix::fs::DirBuilderExt as _;
            std::fs::DirBuilder::new().mode(0o700).create(&state).unwrap();
        }
        let log = OpenOptions::new().create(true).append(true).open(env.paths().log()).unwrap();
        Self { child: env.command(BRIDGED).stderr(log).spawn().unwrap() }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end and waits for that.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        signal(self.pid(), Signal::SIGTERM);
        self.wait()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, which: Signal) {
        signal(self.pid(), which);
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        until_some("the daemon ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have been killed and waited for already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Whether a daemon accepts connections.
pub(crate) fn accepts(env: &Env) -> bool {
    UnixStream::connect(env.paths().socket).is_ok()
}

/// Whether a daemon holds the lock and accepts connections.
pub(crate) fn serves(env: &Env) -> bool {
    env.locked_by().is_some_and(is_running) && accepts(env)
}

/// `kill -9` to whichever daemon runs, and waits until it is gone.
pub(crate) fn kill_whoever_serves(env: &Env) {
    let pid = until_some("a daemon serves", || env.locked_by().filter(|_| serves(env)));
    signal(pid, Signal::SIGKILL);
    until("the killed daemon is gone", || !is_running(pid));
}
