//! The audit trail's end, sealed outside the database.
//!
//! Deleting the last rows leaves a chain that still verifies; the seal remembers how long it was. It is written
//! after every commit without a flush of its own: it survives the daemon's death, and after a power loss it may be
//! older than the database, never newer.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::domain::audit::{Head, seal};
use crate::domain::key::{Keys, digest_from_hex, hex};
use crate::domain::time::Timestamp;

/// Length of a seal: sequence number, MAC of the row, MAC of both, in text, padded to a fixed width.
const LENGTH: usize = 20 + 1 + 64 + 1 + 64 + 1;

/// What a seal file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// There is no seal file.
    Missing,
    /// The file is not a seal of this installation.
    Broken,
    /// The trail was at least this long.
    At(Head),
}

/// The seal file, open for writing.
#[derive(Debug)]
pub(super) struct SealFile {
    file: File,
}

impl SealFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        Ok(Self { file })
    }

    pub(super) fn write(&self, keys: &Keys, head: &Head) -> io::Result<()> {
        let text = format!("{:020} {} {}\n", head.seq, hex(&head.mac), hex(&seal(keys, head)));
        self.file.write_all_at(text.as_bytes(), 0)
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Reads a seal file.
///
/// # Errors
/// When it exists but cannot be read.
pub fn read(path: &Path, keys: &Keys) -> io::Result<Seal> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text, keys).map_or(Seal::Broken, Seal::At)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Seal::Missing),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Seal::Broken),
        Err(error) => Err(error),
    }
}

/// Keeps what the seal said, and in what it was contradicted, as evidence under another name.
pub(super) fn set_aside(path: &Path, at: Timestamp, contradiction: &str) -> io::Result<PathBuf> {
    let kept = path.with_extension(format!("seal.contradicted-{}", at.millis()));
    let found = match fs::read(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => b"(no seal)\n".to_vec(),
        Err(error) => return Err(error),
    };
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&kept)?;
    file.write_all(&found)?;
    writeln!(file, "{contradiction}")?;
    file.sync_all()?;
    Ok(kept)
}

/// Seals that were set aside, oldest first.
///
/// # Errors
/// When the directory cannot be read.
pub fn contradicted(path: &Path) -> io::Result<Vec<PathBuf>> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(".seal.contradicted-") {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn parse(text: &str, keys: &Keys) -> Option<Head> {
    if text.len() != LENGTH {
        return None;
    }
    let mut words = text.split_whitespace();
    let head = Head { seq: words.next()?.parse().ok()?, mac: digest_from_hex(words.next()?)? };
    let expected = Head { seq: head.seq, mac: seal(keys, &head) };
    let found = Head { seq: head.seq, mac: digest_from_hex(words.next()?)? };
    expected.matches(&found).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_reads_back_and_a_forged_one_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.seal");
        let keys = Keys::derive(&[1; 32]);
        assert_eq!(read(&path, &keys).unwrap(), Seal::Missing);
        let file = SealFile::open(&path).unwrap();
        for seq in [7, 123_456] {
            let head = Head { seq, mac: [seq as u8; 32] };
            file.write(&keys, &head).unwrap();
            assert_eq!(read(&path, &keys).unwrap(), Seal::At(head));
        }
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.len(), LENGTH);
        fs::write(&path, text.replace("123456", "000007")).unwrap();
        assert_eq!(read(&path, &keys).unwrap(), Seal::Broken);
        assert_eq!(read(&path, &Keys::derive(&[2; 32])).unwrap(), Seal::Broken);
    }
}
