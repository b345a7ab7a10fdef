//! How this user's clients are to launch the shim.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bridge_proto::paths::SOCKET_VARIABLE;
use thiserror::Error;

use super::client::{Launch, find_program};

/// Variables that decide where the daemon and its state are. The shim must see what this program sees, and clients
/// pass on only part of their own environment.
const PLACES: [&str; 4] = [SOCKET_VARIABLE, "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"];

/// Why clients cannot be told how to launch the shim.
#[derive(Debug, Error)]
pub(crate) enum LaunchError {
    /// There is no shim.
    #[error("there is no bridge-shim beside this program ({}) nor on PATH; install all of bridged", beside.display())]
    NoShim {
        /// Where this program is.
        beside: PathBuf,
    },
    /// JSON and TOML hold text.
    #[error("{what} is not valid UTF-8, which configuration files cannot hold")]
    NotText {
        /// The path or variable.
        what: String,
    },
    /// The shim would refuse it.
    #[error("the agent's name is empty")]
    NoName,
}

/// The shim beside this program, else on `PATH`, with what it needs of the environment.
pub(crate) fn launch(
    agent: Option<&str>,
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<Launch, LaunchError> {
    if agent.is_some_and(|name| name.trim().is_empty()) {
        return Err(LaunchError::NoName);
    }
    let program = find_beside("bridge-shim", &lookup)?;
    let not_text = |what: &str| LaunchError::NotText { what: what.to_owned() };
    let program = program.into_os_string().into_string().map_err(|path| not_text(&path.to_string_lossy()))?;
    let home = lookup("HOME").map(PathBuf::from);
    let mut variables = BTreeMap::new();
    for name in PLACES {
        if let Some(value) = lookup(name).filter(|value| !is_default(name, Path::new(value), home.as_deref()))
        {
            variables.insert(name.to_owned(), value.into_string().map_err(|_| not_text(name))?);
        }
    }
    Ok(Launch { program, agent: agent.map(str::to_owned), variables })
}

/// A program beside this one, as it is named there, else on `PATH`.
pub(crate) fn find_beside(
    name: &str,
    lookup: &impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, LaunchError> {
    let here = std::env::current_exe().ok().and_then(|file| file.parent().map(Path::to_owned));
    let here = here.unwrap_or_default();
    let beside = find_program(name, &here.clone().into_os_string());
    let on_path = || find_program(name, &lookup("PATH").unwrap_or_default());
    beside.or_else(on_path).ok_or(LaunchError::NoShim { beside: here })
}

/// Whether the shim would come to the same place without the variable.
fn is_default(name: &str, value: &Path, home: Option<&Path>) -> bool {
    let below_home = match name {
        "XDG_STATE_HOME" => ".local/state",
        "XDG_CONFIG_HOME" => ".config",
        _ => return value.as_os_str().is_empty(),
    };
    value.as_os_str().is_empty() || home.is_some_and(|home| home.join(below_home) == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_that_differ_are_passed_on() {
        for (name, value, passed) in [
            ("BRIDGED_SOCKET", "/s", true),
            ("XDG_RUNTIME_DIR", "/run/user/1", true),
            ("XDG_STATE_HOME", "/h/.local/state", false),
            ("XDG_STATE_HOME", "/elsewhere", true),
            ("XDG_CONFIG_HOME", "/h/.config", false),
            ("XDG_CONFIG_HOME", "", false),
        ] {
            assert_eq!(is_default(name, Path::new(value), Some(Path::new("/h"))), !passed, "{name}={value}");
        }
    }
}
