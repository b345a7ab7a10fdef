//! How a command ends, as words for people and as an exit code for programs.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use bridge_proto::admin::{AdminError, AdminErrorCode};
use thiserror::Error;

use crate::text::safe_text;

/// Shown below `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  it went well
  1  it failed, also for one client of several (install), or something was found (audit verify,
     db check, redact --check, config check)
  2  the command line cannot be understood
  3  the daemon is not running
  4  refused: only a person may do that, not a process below a connected agent";

/// A command that did what it was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// And all is well.
    Well,
    /// And has reported that something is not as it should be.
    Found,
    /// And has reported that the daemon is not running.
    NotRunning,
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> Self {
        match done {
            Done::Well => Self::SUCCESS,
            Done::Found => Self::from(1),
            Done::NotRunning => Self::from(3),
        }
    }
}

/// Why a command could not do what it was asked to do. Ends with what to do next.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// Nobody listens on the socket.
    #[error(
        "the daemon is not running (nobody answers on {}); start it with `systemctl --user start bridged` or `bridged --detach`, \
         or let an agent's bridge-shim start it",
        socket.display()
    )]
    NotRunning {
        /// The socket that was tried.
        socket: PathBuf,
    },
    /// Neither a daemon nor a database.
    #[error(
        "the daemon is not running and there is no database at {} yet; the first agent's bridge-shim starts one, \
         or start it with `bridged --detach`",
        database.display()
    )]
    NothingYet {
        /// Where the database would be.
        database: PathBuf,
    },
    /// Only a person may do that.
    #[error("{0}")]
    HumanOnly(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
    /// A signal asked the program to stop.
    #[error("interrupted; nothing is left behind")]
    Interrupted(u8),
    /// Whoever read our output has gone.
    #[error("nobody reads the output any more")]
    ReaderGone,
}

impl Failure {
    /// A failure with words of its own.
    pub(crate) fn failed(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {why}"))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotRunning { .. } | Self::NothingYet { .. } => 3,
            Self::HumanOnly(_) => 4,
            // As shells report it.
            Self::Interrupted(signal) => 128_u8.saturating_add(*signal),
        }
    }

    /// An error while writing to standard output.
    pub(crate) fn from_output(error: &io::Error) -> Self {
        Self::from_io("writing the output", error)
    }

    /// An error of something that also writes to standard output.
    pub(crate) fn from_io(what: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::failed(what, error) }
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        // The daemon's words may quote what an agent wrote.
        let message = safe_text(&error.message).into_owned();
        match error.code {
            AdminErrorCode::HumanOnly => Self::HumanOnly(message),
            AdminErrorCode::BadRequest
            | AdminErrorCode::NotFound
            | AdminErrorCode::Store
            | AdminErrorCode::Config
            | AdminErrorCode::Unavailable
            | AdminErrorCode::Unproven => Self::Failed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_help() {
        let refused = AdminError { code: AdminErrorCode::HumanOnly, message: "no".into() };
        assert_eq!(Failure::from(refused).exit_code(), 4);
        assert_eq!(Failure::NotRunning { socket: "/s".into() }.exit_code(), 3);
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
        assert_eq!(Failure::Interrupted(2).exit_code(), 130);
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from_output(&gone).exit_code(), 0);
    }

    #[test]
    fn a_daemons_words_cannot_drive_the_terminal() {
        let error = AdminError { code: AdminErrorCode::NotFound, message: "no \x1b[2J".into() };
        assert_eq!(Failure::from(error).to_string(), r"no \x1b[2J");
    }
}
