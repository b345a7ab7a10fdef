//! What is known about a snapshot beside what git keeps: git knows no empty directories and nearly no modes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Snapshot;

/// A path of any bytes, in JSON: text where it is text, else its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AnyPath(pub(super) PathBuf);

impl Serialize for AnyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => text.serialize(serializer),
            None => self.0.as_os_str().as_encoded_bytes().serialize(serializer),
        }
    }
}

impl<'d> Deserialize<'d> for AnyPath {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Text(PathBuf),
            Bytes(Vec<u8>),
        }
        Ok(Self(match Spelling::deserialize(deserializer)? {
            Spelling::Text(path) => path,
            Spelling::Bytes(bytes) => OsString::from_vec(bytes).into(),
        }))
    }
}

/// The record of a snapshot, two JSON files beside its repository: what is listed is short, and the rest may be long.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) snapshot: Snapshot,
    pub(super) details: Details,
}

/// What only restoring needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Details {
    /// Empty directories.
    pub(super) directories: Vec<AnyPath>,
    /// Permission bits of files and directories that git would not restore.
    pub(super) modes: Vec<(AnyPath, u32)>,
    /// What is not in the snapshot, by path.
    pub(super) absent: Vec<AnyPath>,
}

impl Details {
    pub(super) fn modes(&self) -> BTreeMap<&Path, u32> {
        self.modes.iter().map(|(path, mode)| (path.0.as_path(), *mode)).collect()
    }

    /// Whether the snapshot would not know of a path.
    pub(super) fn lacks(&self, path: &Path) -> bool {
        self.absent.iter().any(|absent| path.starts_with(&absent.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_survives_json() {
        for bytes in [&b"plain"[..], b"new\nline", b"\xff\xfe", "ä".as_bytes()] {
            let path = AnyPath(OsString::from_vec(bytes.to_vec()).into());
            let json = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<AnyPath>(&json).unwrap(), path);
        }
    }
}
