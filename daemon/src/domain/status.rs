//! What a session says of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Age in seconds up to which a session counts as alive after its last call.
pub const ALIVE_WITHIN_SECONDS: u64 = 120;

/// A session's own word on what it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "")]
pub enum Status {
    /// At work.
    Working,
    /// Waiting for the partner.
    Waiting,
    /// Cannot go on without help.
    Blocked,
    /// Done.
    Complete,
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "")]
pub enum ActionType {
    /// Asks for an answer.
    Question,
    /// Tells something.
    #[default]
    Info,
    /// Suggests something to agree on.
    Proposal,
    /// Reports an obstacle.
    Blocked,
    /// Reports the end of a piece of work.
    Complete,
    /// What a command did: sent by the bridge alone.
    #[serde(skip_deserializing)]
    #[schemars(skip)]
    CommandResult,
}

macro_rules! words {
    ($kind:ty { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $kind {
            /// The word on the wire and in the store.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// Reads the word of the store.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
words!(Status { Working = "working", Waiting = "waiting", Blocked = "blocked", Complete = "complete" });
words!(ActionType {
    Question = "question",
    Info = "info",
    Proposal = "proposal",
    Blocked = "blocked",
    Complete = "complete",
    CommandResult = "command_result",
});
