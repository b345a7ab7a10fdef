//! What was done to a client's configuration, for people and for programs.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::client::Client;

/// What was done, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// The entry was added.
    Added,
    /// It was there and is as it should be now.
    Updated,
    /// There was nothing to do.
    Unchanged,
    /// The entry was taken out.
    Removed,
    /// It could not be done; nothing was written.
    Failed,
    /// Without `--dry-run` it would be added.
    WouldAdd,
    /// Without `--dry-run` it would be updated.
    WouldUpdate,
    /// Without `--dry-run` it would be taken out.
    WouldRemove,
}

impl Action {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::Failed => "failed",
            Self::WouldAdd => "would be added",
            Self::WouldUpdate => "would be updated",
            Self::WouldRemove => "would be removed",
        }
    }

    /// The same of something that is not done.
    pub(crate) fn in_prospect(self) -> Self {
        match self {
            Self::Added => Self::WouldAdd,
            Self::Updated => Self::WouldUpdate,
            Self::Removed => Self::WouldRemove,
            other => other,
        }
    }
}

/// One client's result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// The client's id.
    pub(crate) client: String,
    /// Its configuration file.
    pub(crate) file: PathBuf,
    /// What was done to it.
    pub(crate) action: Action,
    /// The change, as a unified diff without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    /// Where the file's former contents are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup: Option<PathBuf>,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Report {
    /// A result without more to say.
    pub(crate) fn of(client: &Client, file: &Path, action: Action) -> Self {
        let client = client.id.to_owned();
        Self { client, file: file.to_owned(), action, diff: None, backup: None, error: None }
    }

    /// A failure.
    pub(crate) fn failed(client: &Client, file: &Path, error: impl std::fmt::Display) -> Self {
        Self { error: Some(error.to_string()), ..Self::of(client, file, Action::Failed) }
    }
}
