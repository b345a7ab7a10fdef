//! Getting to the daemon: when to try, when to start one, and what to say when it does not work.

use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bridge_proto::paths::Paths;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use crate::autostart::{Autostart, FindLaunch, Step};

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Longest pause while a daemon is being started: it takes tens of milliseconds, and somebody waits for it.
const STARTING_PAUSE: Duration = Duration::from_millis(20);

/// How long a lost daemon is left to its supervisor before this shim starts one itself.
const AFTER_LOSS: Duration = Duration::from_millis(300);

/// The same after the daemon said that it goes away on purpose.
const AFTER_GOODBYE: Duration = Duration::from_secs(1);

/// The way to the daemon while there is no connection.
pub(crate) struct Connector {
    socket: PathBuf,
    autostart: Option<Autostart>,
    /// When to try next.
    retry_at: Instant,
    pause: Duration,
    start_from: Instant,
    /// Whether a daemon is wanted even though the client has sent nothing yet: at process start only.
    eager: bool,
    problem: String,
    failed_at: Option<Instant>,
}

impl Connector {
    pub(crate) fn new(paths: &Paths, launch: Option<FindLaunch>, now: Instant) -> Self {
        Self {
            socket: paths.socket.clone(),
            autostart: launch.map(|launch| Autostart::new(paths, launch)),
            retry_at: now,
            pause: FIRST_PAUSE,
            start_from: now,
            eager: true,
            problem: "not tried yet".into(),
            failed_at: None,
        }
    }

    /// When the next attempt is due.
    pub(crate) fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// What went wrong last.
    pub(crate) fn problem(&self) -> &str {
        &self.problem
    }

    /// When a daemon that should have been started last failed to.
    pub(crate) fn failed_at(&self) -> Option<Instant> {
        self.failed_at
    }

    /// Somebody waits now.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.retry_at = self.retry_at.min(now);
        self.pause = FIRST_PAUSE;
    }

    /// The daemon welcomed this shim.
    pub(crate) fn welcomed(&mut self) {
        self.pause = FIRST_PAUSE;
        self.eager = false;
        self.failed_at = None;
    }

    /// The connection is gone, for this reason. `goodbye`: the daemon had said so.
    pub(crate) fn lost(&mut self, problem: String, goodbye: bool, now: Instant) {
        self.problem = problem;
        self.retry_at = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.start_from = now + if goodbye { AFTER_GOODBYE } else { AFTER_LOSS };
        if let Some(autostart) = &mut self.autostart {
            autostart.reap();
        }
    }

    /// Tries once. `wanted`: the client has sent something that waits for a daemon.
    pub(crate) fn attempt(&mut self, now: Instant, wanted: bool) -> Option<UnixStream> {
        let error = match dial(&self.socket) {
            Ok(stream) => {
                if let Some(autostart) = &mut self.autostart {
                    autostart.done();
                }
                return Some(stream);
            }
            Err(error) => error,
        };
        let longest = if self.start(&error, now, wanted) { STARTING_PAUSE } else { LONGEST_PAUSE };
        self.retry_at = now + self.pause.min(longest);
        self.pause = (self.pause * 2).min(longest);
        None
    }

    /// Starts a daemon if that may help. True while one is being started.
    fn start(&mut self, error: &io::Error, now: Instant, wanted: bool) -> bool {
        let nobody_listens =
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
        let due = (wanted || self.eager) && now >= self.start_from;
        let step = match &mut self.autostart {
            Some(autostart) if nobody_listens && (due || autostart.is_under_way()) => {
                let socket = &self.socket;
                autostart.step(now, || dial(socket).is_ok())
            }
            _ => Step::Resting,
        };
        match step {
            Step::Starting => {
                self.problem = "it is being started".into();
                true
            }
            Step::Resting => {
                // The reason why a start failed says more than that still nobody listens.
                if self.failed_at.is_none() {
                    self.problem = error.to_string();
                }
                false
            }
            Step::Failed(problem) => {
                self.eager = false;
                self.problem = problem;
                self.failed_at = Some(now);
                false
            }
        }
    }
}

/// Connects without ever blocking, not even on a daemon that hangs with a full backlog.
fn dial(path: &Path) -> io::Result<UnixStream> {
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
    // Two calls rather than flags: macOS has no such flags, and no other thread can fork in between.
    fcntl(&fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    let stream = UnixStream::from(fd);
    stream.set_nonblocking(true)?;
    connect(stream.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(stream)
}
