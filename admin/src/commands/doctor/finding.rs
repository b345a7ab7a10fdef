//! What a check found.

use serde::Serialize;

use super::repair::Repair;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// To be mended.
    Wrong,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) text: String,
    /// What to do about it.
    pub(super) remedy: Option<String>,
    /// What `--fix` does about it.
    #[serde(skip)]
    pub(super) repair: Option<Repair>,
}

impl Finding {
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self { level: Level::Good, text: text.into(), remedy: None, repair: None }
    }

    pub(super) fn note(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Note, text: text.into(), remedy: Some(remedy.into()), repair: None }
    }

    pub(super) fn wrong(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Wrong, ..Self::note(text, remedy) }
    }

    /// Something that `--fix` can mend.
    pub(super) fn with(self, repair: Repair) -> Self {
        Self { repair: Some(repair), ..self }
    }
}
