//! Where the daemon, its clients and its state meet: environment and XDG rules in one place.
//!
//! The environment is passed in, so that the rules can be tested; nothing here touches the file system.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Environment variable that names the socket outright.
pub const SOCKET_VARIABLE: &str = "BRIDGED_SOCKET";

/// Why no path could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// Neither the XDG variable nor `HOME` is set to an absolute path.
    #[error("cannot place {what}: set {variable} or HOME to an absolute path")]
    NoHome {
        /// What was to be placed.
        what: &'static str,
        /// The XDG variable that would decide.
        variable: &'static str,
    },
    /// A variable holds a relative path; following it would depend on where the process was started.
    #[error("{variable} must be an absolute path, but is {}", path.display())]
    Relative {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
}

/// All the places of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The Unix socket.
    pub socket: PathBuf,
    /// Database, key, lock, audit seal and the log of an autostarted daemon.
    pub state: PathBuf,
    /// `config.toml`.
    pub config: PathBuf,
}

impl Paths {
    /// Applies the rules to the process's environment.
    ///
    /// # Errors
    /// [`PathError`] when no absolute place can be found.
    pub fn from_env() -> Result<Self, PathError> {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// Applies the rules to any environment.
    ///
    /// # Errors
    /// [`PathError`] when no absolute place can be found.
    pub fn from_lookup(get: impl Fn(&str) -> Option<OsString>) -> Result<Self, PathError> {
        let state = xdg(&get, "XDG_STATE_HOME", ".local/state", "the state directory")?.join("bridged");
        let config =
            xdg(&get, "XDG_CONFIG_HOME", ".config", "the configuration")?.join("bridged/config.toml");
        let socket = match absolute(&get, SOCKET_VARIABLE)? {
            Some(path) => path,
            None => match absolute(&get, "XDG_RUNTIME_DIR")? {
                Some(runtime) => runtime.join("bridged/bridged.sock"),
                None => state.join("run/bridged.sock"),
            },
        };
        Ok(Self { socket, state, config })
    }

    /// The SQLite database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.state.join("bridge.db")
    }

    /// The master key (32 bytes, mode 0600).
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.state.join("master.key")
    }

    /// The exclusive lock that makes a second daemon refuse.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state.join("bridged.lock")
    }

    /// The sealed count and head of the audit trail.
    #[must_use]
    pub fn seal(&self) -> PathBuf {
        self.state.join("audit.seal")
    }

    /// Heads of the audit trail, noted as it grows, unless the configuration places them elsewhere.
    #[must_use]
    pub fn anchors(&self) -> PathBuf {
        self.state.join("audit.anchors")
    }

    /// Where a daemon that a shim started writes its log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("bridged.log")
    }

    /// Lock that makes many shims start one daemon.
    #[must_use]
    pub fn start_lock(&self) -> PathBuf {
        self.state.join("start.lock")
    }

    /// Directory that holds the socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.socket.parent().unwrap_or(Path::new("/"))
    }
}

fn absolute(
    get: &impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
) -> Result<Option<PathBuf>, PathError> {
    match get(variable).filter(|value| !value.is_empty()).map(PathBuf::from) {
        None => Ok(None),
        Some(path) if path.is_absolute() => Ok(Some(path)),
        Some(path) => Err(PathError::Relative { variable, path }),
    }
}

fn xdg(
    get: &impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
    below_home: &str,
    what: &'static str,
) -> Result<PathBuf, PathError> {
    if let Some(path) = absolute(get, variable)? {
        return Ok(path);
    }
    match absolute(get, "HOME")? {
        Some(home) => Ok(home.join(below_home)),
        None => Err(PathError::NoHome { what, variable }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Paths, PathError> {
        Paths::from_lookup(|name| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| OsString::from(v)))
    }

    #[test]
    fn home_alone_is_enough() {
        let paths = with(&[("HOME", "/h")]).unwrap();
        assert_eq!(paths.state, Path::new("/h/.local/state/bridged"));
        assert_eq!(paths.socket, Path::new("/h/.local/state/bridged/run/bridged.sock"));
        assert_eq!(paths.config, Path::new("/h/.config/bridged/config.toml"));
    }

    #[test]
    fn xdg_and_the_socket_variable_win() {
        let env = [("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/user/1"), ("XDG_STATE_HOME", "/s")];
        let paths = with(&env).unwrap();
        assert_eq!(paths.socket, Path::new("/run/user/1/bridged/bridged.sock"));
        assert_eq!(paths.database(), Path::new("/s/bridged/bridge.db"));
        let paths = with(&[("HOME", "/h"), ("BRIDGED_SOCKET", "/x/b.sock")]).unwrap();
        assert_eq!(paths.socket, Path::new("/x/b.sock"));
    }

    #[test]
    fn relative_or_missing_places_are_named() {
        assert!(with(&[]).unwrap_err().to_string().contains("XDG_STATE_HOME"));
        assert!(
            with(&[("HOME", "/h"), ("BRIDGED_SOCKET", "b.sock")])
                .unwrap_err()
                .to_string()
                .contains("BRIDGED_SOCKET")
        );
    }
}
