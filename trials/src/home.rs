//! A private home: its own state, socket and configuration, and the programs under trial.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use bridge_proto::paths::Paths;
use tempfile::TempDir;

use crate::processes;
use crate::programs::Programs;

/// A private home. Everything that runs in it is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    dir: TempDir,
    kept: AtomicBool,
    programs: Programs,
    variables: Vec<(&'static str, OsString)>,
    /// Where the programs find their files.
    pub(crate) paths: Paths,
}

impl Home {
    /// A home with that `config.toml`.
    pub(crate) fn new(programs: &Programs, config: &str) -> io::Result<Self> {
        // A short path: a socket's may have 108 bytes.
        let dir = tempfile::Builder::new().prefix("brt").tempdir_in("/tmp")?;
        let below = |name: &str| dir.path().join(name).into_os_string();
        let mut variables = vec![
            ("HOME", dir.path().join(".").into_os_string()),
            ("XDG_RUNTIME_DIR", below("r")),
            ("XDG_STATE_HOME", below("s")),
            ("XDG_CONFIG_HOME", below("c")),
            ("TMPDIR", below("t")),
        ];
        variables.push(("PATH", std::env::var_os("PATH").unwrap_or_default()));
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value): &(_, OsString)| value.clone())
        };
        let paths = Paths::from_lookup(lookup).map_err(io::Error::other)?;
        for private in [dir.path().join("t"), paths.state.clone()] {
            DirBuilder::new().recursive(true).mode(0o700).create(private)?;
        }
        if let Some(parent) = paths.config.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&paths.config, config)?;
        Ok(Self { dir, kept: AtomicBool::new(false), programs: programs.clone(), variables, paths })
    }

    /// The directory of everything.
    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The daemon, its log going where a shim would send it.
    pub(crate) fn daemon(&self) -> io::Result<Command> {
        let log = OpenOptions::new().create(true).append(true).open(self.paths.log())?;
        let mut command = self.command(&self.programs.daemon);
        command.stderr(log);
        Ok(command)
    }

    /// A shim. What it says to people goes to a log of its own.
    pub(crate) fn shim(&self) -> io::Result<Command> {
        let log = OpenOptions::new().create(true).append(true).open(self.root().join("shims.log"))?;
        let mut command = self.command(&self.programs.shim);
        command.stderr(log);
        Ok(command)
    }

    /// `bridgectl`.
    pub(crate) fn bridgectl(&self) -> Command {
        self.command(&self.programs.ctl)
    }

    /// The path of `bridgectl`.
    pub(crate) fn bridgectl_path(&self) -> &Path {
        &self.programs.ctl
    }

    /// A program that sees nothing but this home.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.root()).stdin(Stdio::null());
        command
    }

    /// The pid in the lock file, which is the last daemon's.
    pub(crate) fn locked_by(&self) -> Option<i32> {
        fs::read_to_string(self.paths.lock()).ok()?.trim().parse().ok()
    }

    /// The last lines of the daemon's log.
    pub(crate) fn log_tail(&self) -> String {
        let log = String::from_utf8_lossy(&fs::read(self.paths.log()).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// Keeps the directory for a look at it; returns where it is.
    pub(crate) fn keep(&self) -> &Path {
        self.kept.store(true, Ordering::SeqCst);
        self.root()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A process that is being started while others are killed is found in the next round.
        while processes::kill_all(self.root()) > 0 {
            std::thread::yield_now();
        }
        self.dir.disable_cleanup(self.kept.load(Ordering::SeqCst));
    }
}
