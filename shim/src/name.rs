//! A durable name: what lets an agent go on in its conversations after its client was restarted.
//!
//! The keys that the daemon gave for the sessions of a named agent are kept in a file of its own below the state
//! directory (0600), one a line, and sent in the next hello of that name. A lock beside it is held for as long as the shim
//! lives, so that a name never speaks with two voices.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use siphasher::sip128::SipHasher13;

/// How long a predecessor may take to be gone: a shim ends within a second of its client's end.
const PREDECESSOR: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The name that stands for one derived from client and project.
pub(crate) const DERIVED: &str = "auto";

/// A name that this shim holds.
#[derive(Debug)]
pub(crate) struct Name {
    shown: String,
    keys: PathBuf,
    /// What the file holds.
    kept: Vec<String>,
    // Held open for its lock.
    _lock: File,
}

/// Why a name cannot be had.
#[derive(Debug)]
pub(crate) enum Unavailable {
    /// Another shim holds it.
    InUse(String),
    /// The file system refuses.
    Failed(String),
}

impl Unavailable {
    /// For the agent and its user: what to do.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::InUse(message) | Self::Failed(message) => message,
        }
    }
}

impl Name {
    /// Takes a name, waiting a moment for a predecessor that is about to end. Answers the keys of its sessions, too.
    pub(crate) fn claim(state: &Path, name: &str) -> Result<(Self, Vec<String>), Unavailable> {
        Self::claim_as(state, name, name)
    }

    /// Takes the name that follows from the client's program and the directory it works in; `None` when another shim has
    /// it or it cannot be had, which for a name that nobody chose is no failure.
    pub(crate) fn claim_derived(state: &Path) -> Option<(Self, Vec<String>)> {
        let parent = std::os::unix::process::parent_id();
        let client = fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
        let project = std::env::current_dir().ok()?;
        let place = project.file_name()?.to_str()?;
        let shown = format!("{}@{place}", client.trim());
        let unique = format!("{}@{}", client.trim(), project.to_str()?);
        Self::claim_as(state, &shown, &unique).ok()
    }

    fn claim_as(state: &Path, shown: &str, unique: &str) -> Result<(Self, Vec<String>), Unavailable> {
        let failed = |path: &Path, error: &io::Error| {
            Unavailable::Failed(format!(
                "the agent name {shown:?} cannot be kept: {}: {error}",
                path.display()
            ))
        };
        let directory = state.join("agents");
        private_directories().create(&directory).map_err(|error| failed(&directory, &error))?;
        let file = file_name(unique);
        let lock_path = directory.join(format!("{file}.lock"));
        let mut lock =
            private_file().read(true).create(true).open(&lock_path).map_err(|e| failed(&lock_path, &e))?;
        take(&lock, &lock_path, shown)?;
        // Only for the words of whoever wants the name next.
        lock.set_len(0)
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(|e| failed(&lock_path, &e))?;
        let keys = directory.join(format!("{file}.keys"));
        let known = read_keys(&keys).map_err(|error| failed(&keys, &error))?;
        Ok((Self { shown: shown.to_owned(), keys, kept: known.clone(), _lock: lock }, known))
    }

    /// The name as people see it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Keeps the keys of the sessions it speaks for now.
    pub(crate) fn remember(&mut self, keys: Vec<String>) -> io::Result<()> {
        if keys == self.kept {
            return Ok(());
        }
        let new = self.keys.with_extension("keys.new");
        let mut file = private_file().create(true).truncate(true).open(&new)?;
        file.write_all(keys.join("\n").as_bytes())?;
        file.sync_data()?;
        fs::rename(&new, &self.keys)?;
        self.kept = keys;
        Ok(())
    }
}

fn take(lock: &File, path: &Path, shown: &str) -> Result<(), Unavailable> {
    let deadline = Instant::now() + PREDECESSOR;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(path).unwrap_or_default();
                return Err(Unavailable::InUse(format!(
                    "the agent name {shown:?} is in use by process {}; end that agent, or give this one another name \
                     (--agent NAME or BRIDGE_AGENT)",
                    holder.trim()
                )));
            }
            Err(TryLockError::Error(error)) => {
                let text = format!("the agent name {shown:?} cannot be locked: {}: {error}", path.display());
                return Err(Unavailable::Failed(text));
            }
        }
    }
}

fn read_keys(path: &Path) -> io::Result<Vec<String>> {
    let mut text = String::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The name's hash: whatever the name is, it fits a file name, and nothing of it is on disk.
fn file_name(name: &str) -> String {
    format!("{:032x}", SipHasher13::new().hash(name.as_bytes()).as_u128())
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn private_directories() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_again_by_the_next_holder() {
        let state = tempfile::tempdir().unwrap();
        let (mut name, keys) = Name::claim(state.path(), "back/end").unwrap();
        assert!(keys.is_empty());
        name.remember(vec!["one".into(), "two".into()]).unwrap();
        drop(name);
        let (_name, keys) = Name::claim(state.path(), "back/end").unwrap();
        assert_eq!(keys, ["one", "two"]);
        let (_other, none) = Name::claim(state.path(), "back%2fend").unwrap();
        assert!(none.is_empty(), "names that look alike as files are different");
    }

    #[test]
    fn a_name_in_use_is_refused_with_its_holder() {
        let state = tempfile::tempdir().unwrap();
        let _held = Name::claim(state.path(), "backend").unwrap();
        let refused = Name::claim(state.path(), "backend").unwrap_err();
        let message = refused.message();
        assert!(matches!(refused, Unavailable::InUse(_)));
        assert!(
            message.contains("backend") && message.contains(&std::process::id().to_string()),
            "{message}"
        );
    }

    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let state = tempfile::tempdir().unwrap();
        let (mut name, _) = Name::claim(state.path(), "x").unwrap();
        name.remember(vec!["key".into()]).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&name.keys), mode(name.keys.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn nothing_of_a_name_is_on_disk_and_none_is_too_long() {
        let state = tempfile::tempdir().unwrap();
        let _held = Name::claim(state.path(), &"secret/".repeat(100)).unwrap();
        for entry in fs::read_dir(state.path().join("agents")).unwrap() {
            assert!(!entry.unwrap().file_name().to_string_lossy().contains("secret"));
        }
    }
}
