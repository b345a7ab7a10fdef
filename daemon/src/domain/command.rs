//! Commands that agents propose and people release: their ids, approval tokens and life.
//!
//! ```text
//! pending ──approve──> approved ──redeem──> running ──> ended
//!    └────deny────> denied   └──5 minutes──> lapsed  └──daemon died──> lost
//! ```

use std::fmt;
use std::time::Duration;

use bridge_guard::Mode;
use serde::{Serialize, Serializer};

use super::id::{ConversationId, SessionLabel};
use super::key::{Digest, Keys, Purpose, hex};
use super::time::Timestamp;

/// How long an approval can be used.
pub const APPROVAL_LIFETIME: Duration = Duration::from_secs(300);
/// How long a proposal waits for a person.
pub const PROPOSAL_LIFETIME: Duration = Duration::from_secs(3_600);
/// Proposals of one conversation that may wait at once: more than a person can look at.
pub const MAX_PENDING: u32 = 20;

/// Random bytes of a command id.
const ID_BYTES: usize = 4;
/// Random bytes of an approval token.
pub const TOKEN_BYTES: usize = 16;
const TOKEN_PREFIX: &str = "bya_";

/// A proposed command: `cmd_` and 8 lower-case hex digits, short enough to retype.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId([u8; ID_BYTES]);

impl CommandId {
    /// From random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// Parses the outside form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("cmd_")?;
        let plain =
            digits.len() == ID_BYTES * 2 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !plain {
            return None;
        }
        u32::from_str_radix(digits, 16).ok().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cmd_{}", hex(&self.0))
    }
}

impl Serialize for CommandId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The token for 16 random bytes: `bya_` and 32 hex digits.
#[must_use]
pub fn approval_token(random: [u8; TOKEN_BYTES]) -> String {
    format!("{TOKEN_PREFIX}{}", hex(&random))
}

/// What is stored of an approval token: it opens only this command of this requester.
#[must_use]
pub fn approval_digest(
    keys: &Keys,
    token: &str,
    conversation: ConversationId,
    requester: SessionLabel,
    plan: &[u8],
) -> Digest {
    let (conversation, requester) = (conversation.to_string(), requester.to_string());
    keys.digest(Purpose::Approval, &[token.as_bytes(), conversation.as_bytes(), requester.as_bytes(), plan])
}

/// What a person lets the agents of a conversation propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How much a command may do.
    pub mode: Mode,
    /// The real path of the directory that commands run in.
    pub workspace: String,
    /// Milliseconds after which a command is killed.
    pub timeout_ms: u32,
    /// Whether commands run in a container.
    pub container: bool,
    /// Whether commands may use the network.
    pub network: bool,
}

impl Grant {
    /// Whether everything that `asked` would allow is allowed already.
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        asked.mode <= self.mode
            && asked.workspace == self.workspace
            && asked.timeout_ms <= self.timeout_ms
            && asked.container == self.container
            && asked.network <= self.network
    }
}

/// Where a command is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// Waits for a person.
    Pending,
    /// Released, not yet run.
    Approved,
    /// Refused by a person.
    Denied,
    /// Runs.
    Running,
    /// Has run.
    Ended,
    /// Nobody decided, or nobody used the approval, in time.
    Lapsed,
    /// The daemon ended while it ran, or it could not be run.
    Lost,
}

impl CommandState {
    /// Every state.
    const ALL: [Self; 7] =
        [Self::Pending, Self::Approved, Self::Denied, Self::Running, Self::Ended, Self::Lapsed, Self::Lost];

    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Lapsed => "lapsed",
            Self::Lost => "lost",
        }
    }

    /// Reads the word of the store.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// The state at `now` of a command that was stored in this one and, in it, is good until `until`.
    #[must_use]
    pub fn at(self, until: Timestamp, now: Timestamp) -> Self {
        match self {
            Self::Pending | Self::Approved if now >= until => Self::Lapsed,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_near_misses_do_not() {
        let id = CommandId::from_random([0, 0x1a, 0xff, 7]);
        assert_eq!(id.to_string(), "cmd_001aff07");
        assert_eq!(CommandId::parse("cmd_001aff07"), Some(id));
        for text in ["", "cmd_", "cmd_001aff0", "cmd_001AFF07", "cmd_001aff077", "cmd_+01aff07", "001aff07"] {
            assert_eq!(CommandId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_approval_opens_one_command_of_one_requester() {
        let keys = Keys::derive(&[3; 32]);
        let (one, other) = (ConversationId::from_random([1; 8]), ConversationId::from_random([2; 8]));
        let token = approval_token([7; TOKEN_BYTES]);
        assert_eq!(token.len(), 36);
        let digest = |token: &str, conversation, requester, plan: &[u8]| {
            approval_digest(&keys, token, conversation, requester, plan)
        };
        let right = digest(&token, one, SessionLabel::A, b"plan");
        for wrong in [
            digest(&token, other, SessionLabel::A, b"plan"),
            digest(&token, one, SessionLabel::B, b"plan"),
            digest(&token, one, SessionLabel::A, b"plam"),
            digest(&token[1..], one, SessionLabel::A, b"plan"),
        ] {
            assert_ne!(wrong, right);
        }
    }

    #[test]
    fn only_what_waits_can_lapse() {
        let (early, late) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        for state in CommandState::ALL {
            assert_eq!(CommandState::from_word(state.word()), Some(state));
            assert_eq!(state.at(late, early), state);
            let waits = matches!(state, CommandState::Pending | CommandState::Approved);
            assert_eq!(state.at(late, late), if waits { CommandState::Lapsed } else { state });
        }
    }
}
