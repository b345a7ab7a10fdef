//! Starting the daemon when none runs: however many shims find it missing at once, one of them starts one daemon.
//!
//! Driven by the relay's loop, one step at a time, so that waiting for another shim or for the daemon's socket
//! never makes the relay deaf.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bridge_proto::paths::Paths;

/// How long a started daemon may take to open its socket.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// How long to leave it after a failed start.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// Between two looks at a socket that is about to be opened.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How much of a failed daemon's log is read for the message.
const LOG_TAIL: u64 = 4096;

/// What of the shim's environment the daemon gets. MCP clients put keys there, which are none of its business, and
/// whether a human allowed YOLO mode is not for an agent's client to say.
const PASSED_ON: [&str; 13] = [
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "BRIDGED_SOCKET",
    "BRIDGED_LOG",
];

/// What is needed to start a daemon.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Where to look for the binary, best first.
    pub candidates: Vec<PathBuf>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl Launch {
    /// `bridged` beside this binary, else on `PATH`, with the permitted part of this process's environment.
    #[must_use]
    pub fn from_env() -> Self {
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let path = std::env::var_os("PATH").unwrap_or_default();
        // A relative entry would mean whatever directory the client happened to start in.
        let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
        let candidates = beside.into_iter().chain(dirs).map(|dir| dir.join("bridged")).collect();
        Self { candidates, environment: passed_on(std::env::vars_os()) }
    }
}

fn passed_on(all: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    all.filter(|(name, _)| PASSED_ON.iter().any(|allowed| name == allowed)).collect()
}

/// What a step found.
#[derive(Debug)]
pub(crate) enum Step {
    /// Somebody, maybe this shim, is starting the daemon. Look again soon.
    Starting,
    /// No start is under way, or a pause after a failed one is not over.
    Resting,
    /// The start failed, for this reason.
    Failed(String),
}

/// Finds out how to start a daemon. Asked only when one is needed: most shims find it running.
pub type FindLaunch = Box<dyn Fn() -> Launch + Send>;

/// The state of one shim's attempt.
pub(crate) struct Autostart {
    launch: FindLaunch,
    lock_path: PathBuf,
    log_path: PathBuf,
    started: Option<Started>,
    child: Option<Child>,
    rest_until: Option<Instant>,
}

#[derive(Debug)]
struct Started {
    /// Held until the daemon answers, so that no other shim starts a second one.
    _lock: File,
    deadline: Instant,
    log_from: u64,
}

impl Autostart {
    pub(crate) fn new(paths: &Paths, launch: FindLaunch) -> Self {
        let (lock_path, log_path) = (paths.start_lock(), paths.log());
        Self { launch, lock_path, log_path, started: None, child: None, rest_until: None }
    }

    /// Whether a daemon that this shim started is still to open its socket.
    pub(crate) fn is_under_way(&self) -> bool {
        self.started.is_some()
    }

    /// The socket accepts connections: lets other shims go on.
    pub(crate) fn done(&mut self) {
        self.started = None;
        self.rest_until = None;
    }

    /// Clears away a daemon that ended while this shim, its parent, lives on.
    pub(crate) fn reap(&mut self) {
        if self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None))) {
            self.child = None;
        }
    }

    /// Goes on with starting the daemon; `answers` tells whether the socket accepts connections by now.
    pub(crate) fn step(&mut self, now: Instant, answers: impl Fn() -> bool) -> Step {
        if self.rest_until.is_some_and(|until| now < until) {
            return Step::Resting;
        }
        let outcome = if self.started.is_some() { self.watch(now) } else { self.begin(now, answers) };
        outcome.unwrap_or_else(|problem| {
            self.started = None;
            self.rest_until = Some(now + RETRY_PAUSE);
            Step::Failed(problem)
        })
    }

    fn begin(&mut self, now: Instant, answers: impl Fn() -> bool) -> Result<Step, String> {
        let Some(lock) = self.try_lock()? else {
            return Ok(Step::Starting);
        };
        // Whoever held the lock before may have started one between our last attempt and now.
        if answers() {
            return Ok(Step::Starting);
        }
        self.reap();
        let (child, log_from) = self.spawn()?;
        self.child = Some(child);
        self.started = Some(Started { _lock: lock, deadline: now + START_DEADLINE, log_from });
        Ok(Step::Starting)
    }

    fn watch(&mut self, now: Instant) -> Result<Step, String> {
        let Some(started) = &self.started else {
            return Ok(Step::Resting);
        };
        if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
            self.child = None;
            if !status.success() {
                let said = tail(&self.log_path, started.log_from);
                return Err(format!(
                    "starting it failed ({status}){}{said}",
                    if said.is_empty() { "" } else { ": " }
                ));
            }
        }
        if now >= started.deadline {
            return Err(format!("it was started but opened no socket within {} s", START_DEADLINE.as_secs()));
        }
        Ok(Step::Starting)
    }

    fn try_lock(&self) -> Result<Option<File>, String> {
        let path = &self.lock_path;
        let problem = |error: io::Error| format!("cannot lock {}: {error}", path.display());
        if let Some(state) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(state).map_err(problem)?;
        }
        let lock = private(OpenOptions::new().write(true)).open(path).map_err(problem)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(problem(error)),
        }
    }

    /// Runs `bridged --detach`. Also returns how long its log was before.
    fn spawn(&self) -> Result<(Child, u64), String> {
        let Launch { candidates, environment } = (self.launch)();
        let Some(program) = candidates.iter().find(|candidate| candidate.is_file()) else {
            return Err("the program bridged is neither beside bridge-shim nor on PATH".into());
        };
        let log = private(OpenOptions::new().append(true))
            .open(&self.log_path)
            .map_err(|error| format!("cannot open {}: {error}", self.log_path.display()))?;
        let log_from = log.metadata().map_or(0, |metadata| metadata.len());
        let child = Command::new(program)
            .arg("--detach")
            .env_clear()
            .envs(environment)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        Ok((child, log_from))
    }
}

/// Starts the daemon if none answers, and waits until one does.
///
/// # Errors
/// Why it did not start, in words.
pub fn start_daemon(paths: &Paths, launch: FindLaunch) -> Result<(), String> {
    let answers = || UnixStream::connect(&paths.socket).is_ok();
    let mut autostart = Autostart::new(paths, launch);
    while !answers() {
        if let Step::Failed(problem) = autostart.step(Instant::now(), answers) {
            return Err(problem);
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.create(true).mode(0o600)
}

/// The last lines that were written to a log after `from`, as one line.
fn tail(path: &Path, from: u64) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut log = File::open(path)?;
        let end = log.metadata()?.len();
        log.seek(SeekFrom::Start(from.max(end.saturating_sub(LOG_TAIL))))?;
        let mut bytes = Vec::new();
        log.take(LOG_TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(3)..].join(" / ");
    last.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
#[path = "autostart_tests.rs"]
mod tests;
