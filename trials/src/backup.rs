//! Backups made while agents talk and things die.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::board::Board;
use crate::home::Home;
use crate::model::Violation;
use crate::processes::{is_running, signal, wait_until};
use crate::programs::Programs;

/// How long a backup may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lets go of its parent and runs the rest of its arguments once that is gone: out of the trial's family, which is that
/// of an agent's client and gets no backup.
const AS_A_PERSON: &str = r#"
parent=$$
( while kill -0 $parent 2>/dev/null; do :; done; exec "$@" ) >>"$TMPDIR/backup.log" 2>&1 &
echo $!
"#;

/// The backups of a home.
#[derive(Debug)]
pub(crate) struct Backups {
    home: Arc<Home>,
    board: Arc<Board>,
    under_way: AtomicBool,
    made: AtomicU64,
    last: Mutex<Option<PathBuf>>,
}

impl Backups {
    pub(crate) fn new(home: Arc<Home>, board: Arc<Board>) -> Self {
        let (under_way, made) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { home, board, under_way, made, last: Mutex::default() }
    }

    /// Whether one is being made.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::SeqCst)
    }

    /// How many were finished.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::SeqCst)
    }

    /// Makes one, which is killed after a while if so wished; nothing while one is being made already.
    pub(crate) fn make(&self, kill_after: Option<Duration>) {
        if self.under_way.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Err(error) = self.make_one(kill_after) {
            self.board.violation(Violation::Stuck { what: format!("a backup: {error}") });
        }
        self.under_way.store(false, Ordering::SeqCst);
    }

    fn make_one(&self, kill_after: Option<Duration>) -> io::Result<()> {
        let target = self.home.root().join(format!("backup-{}", self.board.now_ms()));
        let mut shell = self.home.command(Path::new("/bin/sh"));
        shell.args(["-c", AS_A_PERSON, "sh"]).arg(self.home.bridgectl_path()).arg("backup").arg(&target);
        let said = shell.output()?;
        let pid = String::from_utf8_lossy(&said.stdout).trim().parse::<i32>().map_err(io::Error::other)?;
        if let Some(after) = kill_after {
            wait_until(after, || !is_running(pid));
            if is_running(pid) {
                signal(pid, Signal::SIGKILL);
                self.board.fault("kill -9 to bridgectl while it makes a backup");
            }
        }
        if !wait_until(PATIENCE, || !is_running(pid)) {
            signal(pid, Signal::SIGKILL);
            return Err(io::Error::other(format!("did not end within {} s", PATIENCE.as_secs())));
        }
        // It gets its name when it has been proven.
        if target.exists() {
            self.made.fetch_add(1, Ordering::SeqCst);
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(older) = last.replace(target) {
                fs::remove_file(older)?;
            }
        }
        Ok(())
    }

    /// Restores the last one into a home of its own and verifies it there.
    pub(crate) fn prove(&self, programs: &Programs) -> Result<(), String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &*last else { return Ok(()) };
        let home = Home::new(programs, "").map_err(|error| error.to_string())?;
        let mut restore = home.bridgectl();
        restore.arg("restore").arg(file).arg("--yes");
        succeed(restore)?;
        let mut check = home.bridgectl();
        check.args(["db", "check"]);
        succeed(check)
    }
}

/// Runs a command that must go well.
pub(crate) fn succeed(mut command: Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{}{}", said(&output.stdout), said(&output.stderr)))
}
