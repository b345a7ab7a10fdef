//! A private place for a daemon of its own, and its removal whatever happens.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bridge_proto::paths::Paths;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, mkdtemp};

use crate::failure::Failure;
use crate::signals::{GLANCE, Signals};

/// How long processes get to end before they are killed.
const MERCY: Duration = Duration::from_secs(3);
/// Bytes of the path of the directory for temporary files: 104 in all on macOS, less our own part.
const MOST_PATH: usize = 104 - 40;

/// The temporary directory, and everything that runs in it.
pub(super) struct Sandbox {
    root: PathBuf,
    paths: Paths,
    shim: PathBuf,
    signals: Signals,
    cleared: std::cell::Cell<bool>,
}

impl Sandbox {
    /// Finds the programs and makes the directory.
    pub(super) fn create(signals: &Signals) -> Result<Self, Failure> {
        let shim = program("bridge-shim")?;
        program("bridged")?;
        adopt_orphans();
        let template = temporary().join("bridge-demo-XXXXXX");
        let root = mkdtemp(&template).map_err(|error| Failure::failed(template.display(), error))?;
        let paths = Paths {
            socket: root.join("bridged.sock"),
            state: root.join("state/bridged"),
            config: root.join("config/bridged/config.toml"),
        };
        Ok(Self { root, paths, shim, signals: signals.clone(), cleared: std::cell::Cell::new(false) })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(super) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Starts a `bridge-shim` that can find nothing but this place.
    pub(super) fn start_shim(&self, name: &str) -> Result<Child, Failure> {
        let failed =
            |error: io::Error| Failure::failed(format_args!("starting {}", self.shim.display()), error);
        let errors = File::create(self.root.join(format!("{name}.err"))).map_err(failed)?;
        let mut command = Command::new(&self.shim);
        command.env_clear();
        for variable in ["PATH", "LANG", "LC_ALL"] {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        command
            .env("HOME", &self.root)
            .env("XDG_STATE_HOME", self.root.join("state"))
            .env("XDG_CONFIG_HOME", self.root.join("config"))
            .env("BRIDGED_SOCKET", &self.paths.socket)
            .current_dir(&self.root)
            // Ctrl-C is for the demo, which then ends its children in order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(failed)
    }

    /// Process id of the daemon, from the lock that it holds.
    pub(super) fn daemon(&self) -> Option<Pid> {
        let mut file = File::open(self.paths.lock()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => return None,
        }
        let mut pid = String::new();
        file.read_to_string(&mut pid).ok()?;
        pid.trim().parse().ok().map(Pid::from_raw)
    }

    /// Sends the daemon a signal.
    pub(super) fn signal_daemon(&self, signal: Signal) -> Result<Pid, Failure> {
        let pid =
            self.daemon().ok_or_else(|| Failure::Failed("the demo's daemon is not running".to_owned()))?;
        kill(pid, signal).map_err(|error| Failure::failed("signalling the demo's daemon", error))?;
        Ok(pid)
    }

    /// Ends the daemon in an orderly way.
    pub(super) fn stop_daemon(&self) -> Result<(), Failure> {
        self.signal_daemon(Signal::SIGTERM)?;
        let end = Instant::now() + MERCY;
        while self.daemon().is_some() {
            self.signals.check()?;
            if Instant::now() > end {
                return Err(Failure::Failed(format!("the daemon did not end within {} s", MERCY.as_secs())));
            }
            std::thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// The first file of this place that holds one of the `needles`, if any does.
    pub(super) fn find(&self, needles: &[&str]) -> Result<Option<PathBuf>, Failure> {
        let mut pending = vec![self.root.clone()];
        while let Some(directory) = pending.pop() {
            let failed =
                |error: io::Error| Failure::failed(format_args!("searching {}", directory.display()), error);
            for entry in fs::read_dir(&directory).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    pending.push(entry.path());
                } else if kind.is_file() {
                    let bytes = fs::read(entry.path()).map_err(failed)?;
                    let holds =
                        |needle: &&str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
                    if needles.iter().any(holds) {
                        return Ok(Some(entry.path()));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The end of the daemon's log.
    pub(super) fn log(&self) -> String {
        let text = fs::read_to_string(self.paths.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// Ends every process and removes every file. The shims have been ended by their agents before.
    pub(super) fn clear(&self) -> Result<String, Failure> {
        self.cleared.set(true);
        self.end_daemon();
        match fs::remove_dir_all(&self.root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::failed(format_args!("removing {}", self.root.display()), error))
            }
            _ => Ok(format!("no process, no file; {} is gone", self.root.display())),
        }
    }

    /// A shim that was ended may just have started a daemon, which does not hold its lock yet. On Linux all orphans
    /// are ours and the end of the last one is certain; elsewhere the lock must stay free for a while.
    fn end_daemon(&self) {
        let start = Instant::now();
        let mut quiet_since = start;
        while start.elapsed() < MERCY + MERCY {
            if let Some(pid) = self.daemon() {
                quiet_since = Instant::now();
                let signal = if start.elapsed() < MERCY { Signal::SIGTERM } else { Signal::SIGKILL };
                // A process that is gone already is what we want.
                let _sent = kill(pid, signal).is_ok();
                // One that was stopped must go on to notice.
                let _sent = kill(pid, Signal::SIGCONT).is_ok();
            }
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::ECHILD) if cfg!(target_os = "linux") => return,
                Ok(WaitStatus::StillAlive) | Err(_) => {
                    if !cfg!(target_os = "linux") && quiet_since.elapsed() > Duration::from_millis(300) {
                        return;
                    }
                    std::thread::sleep(GLANCE);
                }
                Ok(_) => {}
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if !self.cleared.get() {
            // Nobody is left to tell.
            let _cleared = self.clear().is_ok();
        }
    }
}

/// A program of this bridge: beside this one, else on `PATH`.
fn program(name: &str) -> Result<PathBuf, Failure> {
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places =
        beside.into_iter().chain(std::env::split_paths(&path)).map(|directory| directory.join(name));
    places.find(|file| file.is_file()).ok_or_else(|| {
        Failure::Failed(format!(
            "the program {name} is neither beside bridgectl nor on PATH; `cargo install --path .` installs all three, \
             `cargo build` puts them into one directory"
        ))
    })
}

/// The directory for temporary files, unless a socket's path below it would exceed what sun_path holds (unix(7)).
fn temporary() -> PathBuf {
    let usual = std::env::temp_dir();
    if usual.as_os_str().len() <= MOST_PATH { usual } else { PathBuf::from("/tmp") }
}

/// Makes daemons whose shim has ended children of this process, so that none can be overlooked.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _adopts = nix::sys::prctl::set_child_subreaper(true).is_ok();
}
