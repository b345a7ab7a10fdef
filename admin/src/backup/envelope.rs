//! The age envelope of an archive under a passphrase.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};

use super::{ArchiveError, io_error};

/// How every age file begins (<https://age-encryption.org/v1>).
const MAGIC: &[u8] = b"age-encryption.org/v1";
/// log₂ of the most work a passphrase may take: the machine that wrote the backup may have been a fast one.
const MOST_WORK: u8 = 22;

/// Whether the file is encrypted.
pub(crate) fn is_encrypted(path: &Path) -> Result<bool, ArchiveError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(io_error("opening", path))?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(io_error("reading", path))?;
    Ok(start == MAGIC)
}

/// Lets `fill` write through an envelope, if there is a passphrase.
pub(super) fn through<W: Write>(
    mut output: W,
    passphrase: Option<&SecretString>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<W> {
    let Some(passphrase) = passphrase else {
        fill(&mut output)?;
        return Ok(output);
    };
    let mut sealed = Encryptor::with_user_passphrase(passphrase.clone()).wrap_output(output)?;
    fill(&mut sealed)?;
    sealed.finish()
}

/// What is inside the envelope, if there is one.
pub(super) fn open(
    input: File,
    path: &Path,
    passphrase: Option<&SecretString>,
) -> Result<Box<dyn Read>, ArchiveError> {
    let input = io::BufReader::new(input);
    let Some(passphrase) = passphrase else { return Ok(Box::new(input)) };
    let mut identity = scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(MOST_WORK);
    let locked = |error: DecryptError| match error {
        DecryptError::Io(source) => io_error("reading", path)(source),
        other => ArchiveError::Locked { path: path.to_owned(), problem: other.to_string() },
    };
    let opened = Decryptor::new_buffered(input).map_err(locked)?;
    let inside = opened.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(locked)?;
    Ok(Box::new(inside))
}
