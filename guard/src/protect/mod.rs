//! What a command must not change, because it makes a person's own programs run something later: hooks and settings of
//! git, configuration of agents and editors.
//!
//! The sandbox keeps [`Protected::paths`] from being written where it can. It cannot everywhere, and never keeps new
//! things from being created, so the workspace is compared after the run, and what differs is put back.

pub(crate) mod beneath;
mod git_config;
mod quarantine;
mod restore;
mod scan;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use thiserror::Error;

pub use quarantine::Quarantine;
pub(crate) use table::covers;

use restore::Restorer;
use scan::{Kind, MOST_BYTES, MOST_DEPTH, Scan};

/// Remarks that a person would read.
const MOST_REMARKS: usize = 20;

/// A workspace whose protected things cannot be recorded.
#[derive(Debug, Error)]
pub enum ProtectError {
    /// It cannot be looked at.
    #[error("the protected files of {workspace} cannot be recorded: {source}")]
    Unusable {
        /// Which.
        workspace: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is too much of it.
    #[error(
        "the protected files of {workspace} have {bytes} bytes, more than the {MOST_BYTES} that are kept while a command \
         runs; move what is large out of the directories of agents and hooks"
    )]
    TooMuch {
        /// Which.
        workspace: PathBuf,
        /// How much.
        bytes: u64,
    },
    /// Directories lie too deep.
    #[error("{path} lies more than {MOST_DEPTH} directories deep in the workspace; move or remove it")]
    TooDeep {
        /// Which.
        path: PathBuf,
    },
}

/// The protected things of a workspace, as they were.
#[derive(Debug)]
pub struct Protected {
    workspace: PathBuf,
    root: Dir,
    before: Scan,
}

impl Protected {
    /// Looks at every directory of the workspace and remembers what is protected.
    ///
    /// # Errors
    /// [`ProtectError`].
    pub fn record(workspace: &Path) -> Result<Self, ProtectError> {
        let unusable = |source| ProtectError::Unusable { workspace: workspace.to_owned(), source };
        let root = beneath::open(workspace).map_err(unusable)?;
        let before = Scan::of(&root, |_| false).map_err(unusable)?;
        if before.bytes > MOST_BYTES {
            return Err(ProtectError::TooMuch { workspace: workspace.to_owned(), bytes: before.bytes });
        }
        if let Some(deep) = before.closed.iter().find(|path| path.components().count() > MOST_DEPTH) {
            return Err(ProtectError::TooDeep { path: workspace.join(deep) });
        }
        Ok(Self { workspace: workspace.to_owned(), root, before })
    }

    /// What exists and is to be kept from being written, without symbolic links.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        let bindable = |kind: &Kind| matches!(kind, Kind::Directory { .. } | Kind::File { .. });
        let roots = self.before.items.iter().filter(|(_, item)| item.root && bindable(&item.kind));
        roots.map(|(path, _)| self.workspace.join(path)).collect()
    }

    /// Puts everything back as it was and takes away what was created, into quarantine. Says what it did, for people.
    #[must_use]
    pub fn restore(self, mut quarantine: Quarantine) -> Vec<String> {
        let mut restorer = Restorer {
            root: &self.root,
            before: &self.before,
            quarantine: &mut quarantine,
            remarks: BTreeMap::new(),
            settled_git: BTreeSet::new(),
        };
        let settled = restorer.settle();
        let mut remarks: Vec<String> = restorer.remarks.into_values().collect();
        if remarks.len() > MOST_REMARKS {
            let more = remarks.split_off(MOST_REMARKS).len();
            remarks.push(format!("… and {more} more"));
        }
        if let Err(error) = settled {
            remarks.push(format!("whether anything protected was changed could not be found out: {error}"));
        }
        remarks
    }

    /// Whether something at a path relative to the workspace is protected, or would be if it were there.
    pub(crate) fn covers(&self, path: &Path) -> bool {
        self.before.items.contains_key(path) || table::covers(path)
    }
}
