//! The file that `bridgectl backup` writes and `bridgectl restore` reads.
//!
//! A tar archive (POSIX ustar), under a passphrase inside an age envelope (<https://age-encryption.org/v1>). Its first
//! member is `manifest.json`; the others, each with its length and SHA-256 in the manifest, are the files of a state
//! directory that make it up: database, master key, audit seal, and seals that were set aside as evidence.

mod archive;
mod envelope;
pub(crate) mod passphrase;
pub(crate) mod swap;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use archive::{describe, unpack, verify, write};
pub(crate) use envelope::is_encrypted;

/// The version of the archive this build writes, and the newest it reads.
pub(crate) const FORMAT: u32 = 1;
/// First member of every archive.
const MANIFEST: &str = "manifest.json";
/// No manifest is longer.
const MOST_MANIFEST: u64 = 1 << 20;

/// The database's name in a state directory and in an archive.
pub(crate) const DATABASE: &str = "bridge.db";
/// The master key's.
pub(crate) const KEY: &str = "master.key";
/// The audit seal's.
pub(crate) const SEAL: &str = "audit.seal";
/// How the names of seals begin that were set aside.
const EVIDENCE: &str = "audit.seal.contradicted-";

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Version of the archive.
    pub(crate) format: u32,
    /// Version of the program that wrote it.
    pub(crate) made_by: String,
    /// When, RFC 3339 with `Z`.
    pub(crate) created_at: String,
    /// Schema version of the database.
    pub(crate) schema: usize,
    /// Rows of each table.
    pub(crate) rows: BTreeMap<String, i64>,
    /// Where the audit trail ends.
    pub(crate) audit: AuditEnd,
    /// The other members.
    pub(crate) files: Vec<Member>,
}

/// The audit trail of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuditEnd {
    /// Number of the last row.
    pub(crate) seq: i64,
    /// Its MAC.
    pub(crate) head: String,
    /// What was wrong with the trail when the backup was made.
    pub(crate) findings: Vec<String>,
}

/// A member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// Its name, that of a file in the state directory.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its SHA-256, in hex.
    pub(crate) sha256: String,
}

/// Why an archive could not be written or read.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    /// A file could not be used.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no backup of bridgectl ({problem})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How that shows.
        problem: String,
    },
    /// A later build wrote it.
    #[error("{} is a backup of format {found}, this build knows {FORMAT}: use the newer bridgectl", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It is not what was written.
    #[error("the backup {} is damaged: {problem}; use another one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It cannot be opened with that passphrase.
    #[error("{} cannot be opened with this passphrase: {problem}", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The library's words.
        problem: String,
    },
}

pub(crate) fn io_error<'p>(action: &'static str, path: &'p Path) -> impl Fn(io::Error) -> ArchiveError + 'p {
    move |source| ArchiveError::Io { action, path: path.to_owned(), source }
}

/// Whether a member may have that name: nothing else is ever written into a state directory.
fn is_known(name: &str) -> bool {
    let evidence = name.strip_prefix(EVIDENCE);
    [DATABASE, KEY, SEAL].contains(&name)
        || evidence.is_some_and(|time| !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A directory for nobody else, removed on drop.
pub(crate) fn private_directory(prefix: &str, parent: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

/// The files of a state directory that belong into a backup beside the database, those that exist.
pub(crate) fn small_files(state: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(state)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_known(&name) && name != DATABASE {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_a_state_directory_are_members() {
        for name in ["bridge.db", "master.key", "audit.seal", "audit.seal.contradicted-1793000000123"] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "../bridge.db",
            "/etc/passwd",
            "bridge.db-wal",
            "audit.seal.contradicted-",
            "audit.seal.contradicted-1/../x",
            "",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
