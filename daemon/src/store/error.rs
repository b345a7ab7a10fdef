//! What can go wrong between the daemon and its database.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A failed store operation. Nothing of the failed work is in the database.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// No space left, or the database may not grow further.
    #[error("the disk that holds the bridge's database is full; free some space, then call again")]
    DiskFull,
    /// The file system refuses writes or reports errors.
    #[error("the bridge's database cannot be written ({detail}); check the disk, then call again")]
    Unwritable {
        /// SQLite's words.
        detail: String,
    },
    /// More work is queued than the disk takes.
    #[error("the bridge is overloaded: the write queue is full; call again in a moment")]
    Overloaded,
    /// The daemon is shutting down.
    #[error("the bridge is shutting down; call again, it comes back")]
    Closing,
    /// The database contradicts itself.
    #[error(
        "the bridge's database is damaged ({detail}); `bridgectl db check` says how far, `bridgectl restore FILE` puts a backup in its place"
    )]
    Damaged {
        /// What was found.
        detail: String,
    },
    /// Any other answer of SQLite.
    #[error("the bridge's database refused an operation ({detail})")]
    Refused {
        /// SQLite's words.
        detail: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody changing it.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::DiskFull | Self::Unwritable { .. } | Self::Overloaded | Self::Closing)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly, SystemIoFailure,
        };
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(DiskFull) => Self::DiskFull,
            Some(SystemIoFailure | ReadOnly | CannotOpen) => Self::Unwritable { detail },
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged { detail },
            _ => Self::Refused { detail },
        }
    }
}

/// Why the store could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A file or directory of the state could not be used.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file of the state has an unsafe owner or mode.
    #[error("{} {problem}; fix it with: {remedy}", path.display())]
    Unsafe {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// The command that mends it.
        remedy: String,
    },
    /// Another daemon owns the state.
    #[error("another bridged (pid {pid}) already serves {}; stop it first or use another XDG_STATE_HOME", state.display())]
    AlreadyRunning {
        /// Process id of the other daemon, as it wrote it into the lock file.
        pid: String,
        /// The state directory.
        state: PathBuf,
    },
    /// The database was written by a newer build.
    #[error("{} has schema version {found}, this build knows {known}: install the newer bridged again", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: usize,
        /// The newest version known here.
        known: usize,
    },
    /// The database contradicts itself, or is none.
    #[error(
        "{} is damaged ({source}); nothing was changed: `bridgectl db check` says how far, `bridgectl restore FILE` puts a \
         backup in its place and keeps the damaged one",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        source: Box<rusqlite::Error>,
    },
    /// SQLite could not open or migrate it.
    #[error("{action} {}: {source}", path.display())]
    Sqlite {
        /// What was tried, as a verb.
        action: &'static str,
        /// The database.
        path: PathBuf,
        /// Why it failed.
        source: Box<rusqlite::Error>,
    },
    /// A migration failed; the database is as it was.
    #[error("migrating {}: {source} (the copy made before is {})", path.display(), backup.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// The verified copy.
        backup: PathBuf,
        /// Why it failed.
        source: Box<rusqlite_migration::Error>,
    },
    /// The writer thread could not be started.
    #[error("starting the writer thread: {0}")]
    Thread(io::Error),
}
