//! Which commands each mode allows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::mode::Mode;

/// What an agent proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// One line: words in the lower modes, a shell line in `yolo`.
    Line(String),
    /// Words, taken as they are.
    Argv(Vec<String>),
}

/// What the policy makes of a command it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The program, by its full path.
    pub program: PathBuf,
    /// Its arguments, the name it is called by first.
    pub argv: Vec<String>,
    /// Variables that it needs on top of those that every command gets.
    pub environment: BTreeMap<String, String>,
}

/// Why a command is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Stable word for programs and the audit trail.
    pub rule: &'static str,
    /// For the agent: what is not allowed, and what would be.
    pub reason: String,
}

/// A policy file that is not valid.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

/// Which commands each mode allows: the built-in policy and what the user added.
#[derive(Debug, Clone, Default)]
pub struct Policy {}

impl Policy {
    /// The policy in this binary.
    ///
    /// # Errors
    /// [`PolicyError`] if it is not valid, which a test excludes.
    pub fn builtin() -> Result<Self, PolicyError> {
        Ok(Self::default())
    }

    /// The built-in policy and a user's additions (text of a TOML file). They can add programs and options, and cannot
    /// take a disaster off the list.
    ///
    /// # Errors
    /// [`PolicyError`] naming the line.
    pub fn with_user(_text: &str, _path: &Path) -> Result<Self, PolicyError> {
        Ok(Self::default())
    }

    /// Judges a command. Looks at the file system only to expand globs in the workspace and to find the program.
    ///
    /// # Errors
    /// [`Refusal`] saying what is not allowed.
    pub fn judge(&self, _mode: Mode, _command: &Command, _workspace: &Path) -> Result<Allowed, Refusal> {
        Err(Refusal { rule: "unknown_program", reason: "no program is allowed".to_owned() })
    }
}
