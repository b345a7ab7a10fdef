//! How much a command may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How much a command may do. Ordered: a later mode may do more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Look, and change nothing.
    Safe,
    /// A developer's everyday programs, writing only in the workspace.
    Restricted,
    /// A shell line.
    Yolo,
}

/// Not the name of a mode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no mode {0:?}; there are safe, restricted and yolo")]
pub struct UnknownMode(pub String);

impl Mode {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Safe, Self::Restricted, Self::Yolo];

    /// Whether a command of this mode may change the workspace.
    #[must_use]
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Safe)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Restricted => "restricted",
            Self::Yolo => "yolo",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| UnknownMode(text.to_owned()))
    }
}
