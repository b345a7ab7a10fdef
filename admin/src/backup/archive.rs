//! Writing and reading the archive itself.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use age::secrecy::SecretString;
use bridge_daemon::domain::key::hex;
use sha2::{Digest as _, Sha256};

use super::{ArchiveError, FORMAT, MANIFEST, MOST_MANIFEST, Manifest, Member, envelope, io_error, is_known};

/// Writes the members, files of `directory`, behind the manifest.
pub(crate) fn write(
    output: &File,
    path: &Path,
    manifest: &Manifest,
    directory: &Path,
    passphrase: Option<&SecretString>,
) -> Result<(), ArchiveError> {
    let failed = io_error("writing", path);
    let fill = |sink: &mut dyn Write| {
        let mut tar = tar::Builder::new(sink);
        let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other)?;
        tar.append_data(&mut header(text.len() as u64), MANIFEST, &*text)?;
        for member in &manifest.files {
            let file = File::open(directory.join(&member.name))?;
            tar.append_data(&mut header(member.bytes), &member.name, file)?;
        }
        tar.into_inner()?.flush()
    };
    let buffered = envelope::through(io::BufWriter::new(output), passphrase, fill).map_err(&failed)?;
    let file = buffered.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

/// The name, length and digest of a file, as they stand in a manifest.
pub(crate) fn describe(directory: &Path, name: &str) -> Result<Member, ArchiveError> {
    let path = directory.join(name);
    let file = File::open(&path).map_err(io_error("opening", &path))?;
    let (bytes, sha256) = copy(file, &mut io::sink()).map_err(io_error("reading", &path))?;
    Ok(Member { name: name.to_owned(), bytes, sha256 })
}

/// Reads an archive to its end and proves that it holds what its manifest says.
pub(crate) fn verify(path: &Path, passphrase: Option<&SecretString>) -> Result<Manifest, ArchiveError> {
    read(path, passphrase, |_, content| copy(content, &mut io::sink()))
}

/// The same, and puts the members into `directory` (mode 0600, flushed).
pub(crate) fn unpack(
    path: &Path,
    passphrase: Option<&SecretString>,
    directory: &Path,
) -> Result<Manifest, ArchiveError> {
    read(path, passphrase, |name, content| {
        let target = directory.join(name);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(target)?;
        let copied = copy(content, &mut file)?;
        file.sync_all()?;
        Ok(copied)
    })
}

/// Takes every member by its name and content, which gives back length and digest.
type Take<'t> = dyn FnMut(&str, &mut dyn Read) -> io::Result<(u64, String)> + 't;

fn read(
    path: &Path,
    passphrase: Option<&SecretString>,
    mut take: impl FnMut(&str, &mut dyn Read) -> io::Result<(u64, String)>,
) -> Result<Manifest, ArchiveError> {
    let file = File::open(path).map_err(io_error("opening", path))?;
    let mut tar = tar::Archive::new(envelope::open(file, path, passphrase)?);
    let foreign = |problem: String| ArchiveError::Foreign { path: path.to_owned(), problem };
    let mut entries = tar.entries().map_err(|error| foreign(error.to_string()))?;
    let first = entries.next().ok_or_else(|| foreign("it is empty".to_owned()))?;
    let manifest = read_manifest(first, path)?;
    members(entries, &manifest, path, &mut take)?;
    // An envelope proves its end only to whoever reads it to there.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(io_error("reading", path))?;
    Ok(manifest)
}

fn members(
    mut entries: tar::Entries<'_, Box<dyn Read>>,
    manifest: &Manifest,
    path: &Path,
    take: &mut Take<'_>,
) -> Result<(), ArchiveError> {
    let damaged = |problem: String| ArchiveError::Damaged { path: path.to_owned(), problem };
    for member in &manifest.files {
        let name = &member.name;
        let mut entry = match entries.next() {
            Some(entry) => entry.map_err(|error| damaged(error.to_string()))?,
            None => return Err(damaged(format!("{name} is missing"))),
        };
        let found = entry.path().map(|found| found.to_string_lossy().into_owned());
        let found = found.map_err(|error| damaged(error.to_string()))?;
        if found != *name || entry.header().entry_type() != tar::EntryType::Regular {
            return Err(damaged(format!("{found} stands where {name} should")));
        }
        let (bytes, sha256) = take(name, &mut entry).map_err(|source| ArchiveError::Io {
            action: "unpacking",
            path: path.join(name),
            source,
        })?;
        if (bytes, &sha256) != (member.bytes, &member.sha256) {
            return Err(damaged(format!("{name} is not what was written")));
        }
    }
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(damaged("it holds more than its manifest names".to_owned())),
    }
}

fn read_manifest(
    first: io::Result<tar::Entry<'_, Box<dyn Read>>>,
    path: &Path,
) -> Result<Manifest, ArchiveError> {
    let foreign = |problem: String| ArchiveError::Foreign { path: path.to_owned(), problem };
    let first = first.map_err(|error| foreign(error.to_string()))?;
    if first.path_bytes() != MANIFEST.as_bytes() {
        return Err(foreign(format!("its first member is not {MANIFEST}")));
    }
    let mut text = Vec::new();
    first.take(MOST_MANIFEST).read_to_end(&mut text).map_err(|error| foreign(error.to_string()))?;
    let format = serde_json::from_slice::<Format>(&text).map_err(|error| foreign(error.to_string()))?.format;
    if format > FORMAT {
        return Err(ArchiveError::Newer { path: path.to_owned(), found: format });
    }
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| foreign(error.to_string()))?;
    let names: std::collections::BTreeSet<_> = manifest.files.iter().map(|member| &member.name).collect();
    if names.len() != manifest.files.len() || !names.iter().all(|name| is_known(name)) {
        return Err(foreign("its manifest names files that are none of a bridge".to_owned()));
    }
    for needed in [super::DATABASE, super::KEY] {
        if !names.iter().any(|name| *name == needed) {
            return Err(foreign(format!("its manifest does not name {needed}")));
        }
    }
    Ok(manifest)
}

/// What every manifest says, of whatever format.
#[derive(serde::Deserialize)]
struct Format {
    format: u32,
}

fn copy(mut from: impl Read, to: &mut dyn Write) -> io::Result<(u64, String)> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex(&digest.finalize())));
        }
        digest.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        bytes += read as u64;
    }
}
