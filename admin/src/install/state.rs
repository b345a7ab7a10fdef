//! What was installed: `install.json` and the backups, in the daemon's state directory, for the user alone (0600).

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::file::{FileError, Found, io_error, make_directories, remove_empty};

const VERSION: u32 = 1;
const PRIVATE: u32 = 0o600;

/// Why the record cannot be used.
#[derive(Debug, Error)]
pub(crate) enum StateError {
    /// The system refuses.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged, or of a newer version.
    #[error("{}: {message}; move it away to start anew (the backups beside it stay)", path.display())]
    Unreadable {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

/// A file that install has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The client's id.
    pub(crate) client: String,
    /// The file, as the client names it.
    pub(crate) file: PathBuf,
    /// Whether it belongs to a project.
    pub(crate) project: bool,
    /// SHA-256 of what install wrote, in hexadecimal.
    pub(crate) written: String,
    /// What was there before.
    pub(crate) before: Before,
    /// Directories that were made for it, outermost first.
    pub(crate) directories: Vec<PathBuf>,
    /// Whether the object or table of all servers was made for the entry.
    pub(crate) made_servers: bool,
}

/// What was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Before {
    /// No file.
    Nothing,
    /// What is in the backup of that name.
    Backup(String),
    /// An entry of ours, and changes by others since it was made: there is no state to go back to.
    Ours,
}

/// The service that install has set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServiceRecord {
    /// Its files, with the SHA-256 of what was written.
    pub(crate) files: Vec<(PathBuf, String)>,
    /// Directories that were made for them, outermost first.
    pub(crate) directories: Vec<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    records: Vec<Record>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<ServiceRecord>,
    /// Directories that were made for this record itself, outermost first.
    directories: Vec<PathBuf>,
}

/// The record, locked against a second bridgectl as long as this lives.
#[derive(Debug)]
pub(crate) struct State {
    root: PathBuf,
    manifest: Manifest,
    _lock: Option<File>,
}

impl State {
    /// Reads the record to look at it; makes nothing.
    pub(crate) fn peek(state: &Path) -> Result<Self, StateError> {
        Ok(Self { root: state.to_owned(), manifest: read(&state.join("install.json"))?, _lock: None })
    }

    /// Opens the record to change it.
    pub(crate) fn open(state: &Path) -> Result<Self, StateError> {
        let made = make_directories(&state.join("install/backups"), 0o700)?;
        let directory = state.join("install");
        let lock = File::open(&directory).and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(io_error("locking", &directory))?;
        let mut manifest = read(&state.join("install.json"))?;
        manifest.directories.extend(made);
        Ok(Self { root: state.to_owned(), manifest, _lock: Some(lock) })
    }

    /// All files that install has changed.
    pub(crate) fn records(&self) -> &[Record] {
        &self.manifest.records
    }

    /// What was done to a file.
    pub(crate) fn record(&self, file: &Path) -> Option<&Record> {
        self.manifest.records.iter().find(|record| record.file == file)
    }

    /// Notes what is about to be done to a file.
    pub(crate) fn note(&mut self, record: Record) -> Result<(), StateError> {
        self.manifest.records.retain(|other| other.file != record.file);
        self.manifest.records.push(record);
        self.write()
    }

    /// Forgets a file and its backup.
    pub(crate) fn forget(&mut self, file: &Path) -> Result<(), StateError> {
        let (gone, kept): (Vec<_>, Vec<_>) =
            self.manifest.records.drain(..).partition(|record| record.file == file);
        self.manifest.records = kept;
        self.write()?;
        for before in gone.iter().map(|record| &record.before) {
            let Before::Backup(name) = before else { continue };
            // Two files with the same contents share one.
            if !self.manifest.records.iter().any(|other| other.before == *before) {
                let backup = self.backup_path(name);
                fs::remove_file(&backup).map_err(io_error("removing", &backup))?;
            }
        }
        Ok(())
    }

    /// The service that install has set up.
    pub(crate) fn service(&self) -> Option<&ServiceRecord> {
        self.manifest.service.as_ref()
    }

    /// Notes or forgets the service.
    pub(crate) fn set_service(&mut self, service: Option<ServiceRecord>) -> Result<(), StateError> {
        self.manifest.service = service;
        self.write()
    }

    /// Keeps a copy of a file's bytes; answers its name.
    pub(crate) fn back_up(&self, client: &str, bytes: &[u8]) -> Result<String, StateError> {
        let name = format!("{client}-{}", &hash(bytes)[..16]);
        let found = Found::read(&self.backup_path(&name))?;
        if found.bytes() != Some(bytes) {
            found.replace(bytes, PRIVATE)?;
        }
        Ok(name)
    }

    /// The bytes of a backup.
    pub(crate) fn backup(&self, name: &str) -> Result<Vec<u8>, StateError> {
        let path = self.backup_path(name);
        Ok(fs::read(&path).map_err(io_error("reading the backup", &path))?)
    }

    /// Where a backup is.
    pub(crate) fn backup_path(&self, name: &str) -> PathBuf {
        self.root.join("install/backups").join(name)
    }

    /// Takes the record away when nothing is recorded any more, with the directories that were made for it.
    pub(crate) fn close(self) -> Result<(), StateError> {
        if !self.manifest.records.is_empty() || self.manifest.service.is_some() {
            return Ok(());
        }
        let path = self.root.join("install.json");
        if path.exists() {
            fs::remove_file(&path).map_err(io_error("removing", &path))?;
        }
        remove_empty(&[self.root.join("install"), self.root.join("install/backups")]);
        let ours = |directory: &&PathBuf| !directory.starts_with(self.root.join("install"));
        remove_empty(&self.manifest.directories.iter().filter(ours).cloned().collect::<Vec<_>>());
        Ok(())
    }

    fn write(&self) -> Result<(), StateError> {
        let path = self.root.join("install.json");
        let unreadable = |error: serde_json::Error| unreadable(&path, error);
        let mut json = serde_json::to_vec_pretty(&self.manifest).map_err(unreadable)?;
        json.push(b'\n');
        Ok(Found::read(&path)?.replace(&json, PRIVATE)?)
    }
}

fn read(path: &Path) -> Result<Manifest, StateError> {
    let Some(bytes) = Found::read(path)?.bytes().map(<[u8]>::to_vec) else {
        return Ok(Manifest {
            version: VERSION,
            records: Vec::new(),
            service: None,
            directories: Vec::new(),
        });
    };
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| unreadable(path, error))?;
    if manifest.version > VERSION {
        return Err(unreadable(
            path,
            format_args!("version {} is newer than this bridgectl", manifest.version),
        ));
    }
    Ok(manifest)
}

fn unreadable(path: &Path, message: impl std::fmt::Display) -> StateError {
    StateError::Unreadable { path: path.to_owned(), message: message.to_string() }
}

/// SHA-256 of bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn record(file: &str, before: Before) -> Record {
        Record {
            client: "claude".into(),
            file: file.into(),
            project: false,
            written: hash(b"new"),
            before,
            directories: Vec::new(),
            made_servers: true,
        }
    }

    #[test]
    fn records_last_and_leave_nothing_when_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("state/bridged");
        let mut state = State::open(&root).unwrap();
        let name = state.back_up("claude", b"old").unwrap();
        let noted = record("/f", Before::Backup(name.clone()));
        state.note(noted.clone()).unwrap();
        state.close().unwrap();

        let mut state = State::open(&root).unwrap();
        assert_eq!(state.record(Path::new("/f")), Some(&noted));
        assert_eq!(state.backup(&name).unwrap(), b"old");
        for file in [root.join("install.json"), state.backup_path(&name)] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        state.forget(Path::new("/f")).unwrap();
        state.close().unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_state_directory_in_use_stays() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("bridge.db"), "").unwrap();
        State::open(home.path()).unwrap().close().unwrap();
        let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["bridge.db"]);
    }

    #[test]
    fn a_damaged_or_newer_record_is_named() {
        let home = tempfile::tempdir().unwrap();
        for text in ["{", r#"{"version":2,"records":[],"directories":[]}"#] {
            fs::write(home.path().join("install.json"), text).unwrap();
            let error = State::peek(home.path()).unwrap_err().to_string();
            assert!(error.contains("install.json") && error.contains("move it away"), "{error}");
        }
    }
}
