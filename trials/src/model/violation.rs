//! Promises that were broken.

use serde::Serialize;
use thiserror::Error;

use super::State;

/// A contradiction between what was promised and what was observed. Messages are named by the number that their sender
/// gave them within its channel.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[serde(tag = "violation", rename_all = "snake_case")]
pub enum Violation {
    /// An answered send never arrived.
    #[error("message {number} ({id}) was answered and never arrived")]
    Lost {
        /// Of the message.
        number: u64,
        /// Its id.
        id: String,
    },
    /// A message came a second time and did not say that it might.
    #[error("message {number} ({id}) came again without being marked")]
    UnmarkedDuplicate {
        /// Of the message.
        number: u64,
        /// Its id.
        id: String,
    },
    /// One send was stored under two ids.
    #[error("message {number} was stored twice, as {first} and as {second}")]
    StoredTwice {
        /// Of the message.
        number: u64,
        /// One id.
        first: String,
        /// The other.
        second: String,
    },
    /// A message came before one that had been sent before it.
    #[error("message {number} came after message {later}, which was sent later")]
    OutOfOrder {
        /// Of the message that was overtaken.
        number: u64,
        /// Of the one that overtook it.
        later: u64,
    },
    /// A message came that nobody sent.
    #[error("message {number} ({id}) was never sent")]
    Invented {
        /// What it claims to be.
        number: u64,
        /// Its id.
        id: String,
    },
    /// A message came with another text than was sent.
    #[error("message {number} ({id}) came with another text")]
    Altered {
        /// Of the message.
        number: u64,
        /// Its id.
        id: String,
    },
    /// A state went back that may not.
    #[error("{id} was {before} and then {after}")]
    StateWentBack {
        /// The message's id.
        id: String,
        /// What it was.
        before: State,
        /// What it was later.
        after: State,
    },
    /// A message counts as acted upon that the recipient has not had.
    #[error("{id} is acknowledged, but the recipient has not had it")]
    AcknowledgedUnread {
        /// The message's id.
        id: String,
    },
    /// An acknowledged message came again.
    #[error("message {number} ({id}) came again after it had been acknowledged")]
    CameAfterAcknowledged {
        /// Of the message.
        number: u64,
        /// Its id.
        id: String,
    },
    /// A message that arrived and was acted upon does not count as acknowledged in the end.
    #[error("{id} arrived and was acted upon, and is {state} in the end")]
    NotAcknowledged {
        /// The message's id.
        id: String,
        /// What it is.
        state: State,
    },
    /// More was let through than the limit allows.
    #[error("{taken} sends were let through within {within_ms} ms, {allowed} are allowed")]
    LimitExceeded {
        /// Sends that were answered.
        taken: u64,
        /// Milliseconds from before the first to after the last of them.
        within_ms: u64,
        /// What limit and refill allow in that time.
        allowed: u64,
    },
    /// A send was refused though the limit left room.
    #[error("a send was refused although at most {spent} of {limit} were spent")]
    LimitTightened {
        /// Sends that may have been charged and not refilled.
        spent: u64,
        /// How many may be.
        limit: u64,
    },
    /// The database or the audit trail is not whole.
    #[error("{what}: {finding}")]
    NotWhole {
        /// What was verified.
        what: &'static str,
        /// What was found.
        finding: String,
    },
    /// A call that was never answered, or answered with what is no answer to it.
    #[error("{agent}: {problem}")]
    Misanswered {
        /// Whose call.
        agent: String,
        /// What happened.
        problem: String,
    },
    /// A program did not end, or did not come up.
    #[error("{what}")]
    Stuck {
        /// Which and how.
        what: String,
    },
}
