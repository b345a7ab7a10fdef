//! A private home for one test: its own state, socket and configuration.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bridge_proto::paths::Paths;
use tempfile::TempDir;

use super::processes;

/// The binaries under test.
pub(crate) const BRIDGED: &str = env!("CARGO_BIN_EXE_bridged");
pub(crate) const SHIM: &str = env!("CARGO_BIN_EXE_bridge-shim");
pub(crate) const BRIDGECTL: &str = env!("CARGO_BIN_EXE_bridgectl");

/// A private home. On drop every process that was started in it is killed.
pub(crate) struct Env {
    dir: TempDir,
    variables: Vec<(String, OsString)>,
}

impl Env {
    /// A home without configuration.
    pub(crate) fn new() -> Self {
        // A short path: a socket's may have 108 bytes, a Mac's temporary directory is long already.
        let dir = tempfile::Builder::new().prefix("br").tempdir_in("/tmp").unwrap();
        let mut variables: Vec<(String, OsString)> = [
            ("HOME", "."),
            ("XDG_RUNTIME_DIR", "r"),
            ("XDG_STATE_HOME", "s"),
            ("XDG_CONFIG_HOME", "c"),
            ("TMPDIR", "t"),
        ]
        .map(|(name, below)| (name.to_owned(), dir.path().join(below).into_os_string()))
        .to_vec();
        variables.push(("PATH".to_owned(), std::env::var_os("PATH").unwrap_or_default()));
        fs::DirBuilder::new().mode(0o700).create(dir.path().join("t")).unwrap();
        Self { dir, variables }
    }

    /// A home with that `config.toml`.
    pub(crate) fn with_config(text: &str) -> Self {
        let env = Self::new();
        env.write_config(text);
        env
    }

    /// Sets a variable for everything that is started from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Writes `config.toml`.
    pub(crate) fn write_config(&self, text: &str) {
        let path = self.paths().config;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Where the binaries find their files here.
    pub(crate) fn paths(&self) -> Paths {
        Paths::from_lookup(|name| {
            let found = self.variables.iter().rev().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    /// The directory of everything.
    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A program that sees nothing but this home.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.root()).stdin(Stdio::null());
        command
    }

    /// The log of the daemon: of those that shims start and, here, also of those that the harness starts.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.paths().log()).unwrap_or_default()).into_owned()
    }

    /// The processes of this home that run that program.
    pub(crate) fn processes(&self, program: &str) -> Vec<i32> {
        processes::running(program, self.root())
    }

    /// The pid in the lock file, which is the last daemon's.
    pub(crate) fn locked_by(&self) -> Option<i32> {
        fs::read_to_string(self.paths().lock()).ok()?.trim().parse().ok()
    }

    /// A copy of the state directory to do damage to.
    pub(crate) fn copy_state(&self, name: &str) -> PathBuf {
        let copy = self.root().join(name).join("bridged");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&copy).unwrap();
        for entry in fs::read_dir(self.paths().state).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
            }
        }
        copy
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        // A process that is being started while others are killed is found in the next round.
        while processes::kill_all(self.root()) > 0 {
            std::thread::yield_now();
        }
    }
}
