//! What an agent is told when a call fails: the cause, and what it can do next.

use std::time::Duration;

use bridge_guard::GuardError;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::domain::bucket::{Refused, Remaining, Window};
use crate::domain::command::MAX_PENDING;
use crate::domain::id::IdError;
use crate::live::{MAX_SESSIONS, Unattached};
use crate::store::StoreError;

/// A failed call.
#[derive(Debug, Clone, Error)]
pub enum OpError {
    /// An argument is missing or wrong.
    #[error("{field}: {problem}")]
    Input {
        /// The argument.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// The caller is not who it must be.
    #[error("{}", .0.message())]
    Refused(Refusal),
    /// A limit is exhausted.
    #[error("limit of {} sends and other writes per {} reached; wait retry_after_ms, and put what belongs together into one message", .0.limit, .0.window.word())]
    WriteLimit(Refused),
    /// The read limit is exhausted.
    #[error("limit of {} reads per {} reached; wait retry_after_ms, and use check_messages with wait_seconds instead of polling", .0.limit, .0.window.word())]
    ReadLimit(Refused),
    /// The process did too much without an identity.
    #[error("too many {what} from this process; wait retry_after_ms, then try again")]
    ProcessLimit {
        /// Of what there was too much.
        what: &'static str,
        /// How long to wait.
        retry_after: Duration,
    },
    /// Too many open long polls.
    #[error("this connection already has 8 waiting check_messages calls; let one of them end first")]
    TooManyWaits,
    /// Too many sessions by one connection.
    #[error("this connection speaks for {MAX_SESSIONS} sessions already; use another connection for more")]
    TooManySessions,
    /// The partner has finished and left.
    #[error(
        "the partner (session {session}) has reported complete and is no longer connected, so nobody would read this; create a new conversation if there is more to do"
    )]
    PartnerEnded {
        /// Its label.
        session: String,
    },
    /// A message id that is not the caller's to ask about.
    #[error("this session has sent no message {id}; use the ids that send_to_partner answered")]
    UnknownMessage {
        /// The id.
        id: String,
    },
    /// The answer to a message that does not exist.
    #[error("reply_to: there is no message {id} in this conversation; use an id from check_messages")]
    UnknownReply {
        /// The id.
        id: String,
    },
    /// No person has let this conversation propose commands.
    #[error(
        "commands are not enabled for this conversation; call enable_yolo_mode, and ask your user to run `bridgectl yolo enable {conversation}`"
    )]
    ModeNotEnabled {
        /// Its id.
        conversation: String,
    },
    /// The command is not allowed.
    #[error("{reason}")]
    Blocked {
        /// The rule that it breaks.
        rule: &'static str,
        /// What is not allowed, and what would be.
        reason: String,
    },
    /// The command cannot be run here, or be held.
    #[error("{0}")]
    NotRunnable(String),
    /// A secret would be on record and before a person's eyes.
    #[error(
        "the command has a secret in it, or what looks like one; let the program read it from a file of the workspace"
    )]
    SecretInCommand,
    /// A person has enough to decide.
    #[error(
        "{MAX_PENDING} commands of this conversation wait for your user already; wait until some are decided"
    )]
    TooManyProposals,
    /// The approval does not release this command.
    #[error("{}", .0.message())]
    Approval(ApprovalRefusal),
    /// Nobody waits for the answer.
    #[error("the call was cancelled; the command goes on, and its result comes as a message")]
    Cancelled,
    /// The database could not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A fault of the bridge.
    #[error("the bridge failed at {what}: {detail}; this is a bug, please report it")]
    Internal {
        /// At what.
        what: &'static str,
        /// How.
        detail: String,
    },
}

/// Why an approval does not release a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalRefusal {
    /// It is not for this command of this session.
    Unknown,
    /// It was used before.
    Used,
    /// It is too old, or was taken back.
    Stale,
}

impl ApprovalRefusal {
    const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "wrong_approval",
            Self::Used => "used_approval",
            Self::Stale => "stale_approval",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Unknown => {
                "this approval token does not release this command; an approval is for exactly one command, directory, mode \
                 and session. Call again without the token to propose it"
            }
            Self::Used => {
                "this approval was used already; each releases one run. Call again without the token to propose it"
            }
            Self::Stale => {
                "this approval is too old (they last five minutes) or was taken back; call again without the token to \
                 propose it"
            }
        }
    }
}

impl From<Unattached> for OpError {
    fn from(error: Unattached) -> Self {
        match error {
            Unattached::TooMany => Self::TooManySessions,
            Unattached::Closing => Self::Store(StoreError::Closing),
        }
    }
}

impl From<GuardError> for OpError {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::Refused(refusal) => Self::Blocked { rule: refusal.rule, reason: refusal.reason },
            other => Self::NotRunnable(other.to_string()),
        }
    }
}

/// Why somebody is not who it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing says who calls.
    NotBound,
    /// A credential is not even well-formed.
    Malformed(IdError),
    /// The token has the wrong length.
    TokenLength(usize),
    /// Conversation or session named, but no token, and the connection is not bound to it.
    TokenMissing,
    /// No such conversation.
    UnknownConversation,
    /// No such session in it.
    UnknownSession {
        /// The labels there are.
        known: String,
    },
    /// The token is another's.
    WrongToken,
    /// The token belongs to another session of the same conversation.
    SwappedToken {
        /// Whose it is.
        owner: String,
    },
    /// The conversation is over.
    Expired {
        /// Since when.
        since: String,
    },
    /// No such invite.
    UnknownInvite,
    /// The invite was used.
    UsedInvite,
    /// The invite is too old.
    StaleInvite,
}

impl Refusal {
    /// Stable word for programs and the audit trail.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotBound => "not_in_a_conversation",
            Self::Malformed(_) => "malformed_credentials",
            Self::TokenLength(_) => "malformed_token",
            Self::TokenMissing => "token_missing",
            Self::UnknownConversation => "unknown_conversation",
            Self::UnknownSession { .. } => "unknown_session",
            Self::WrongToken => "wrong_token",
            Self::SwappedToken { .. } => "swapped_token",
            Self::Expired { .. } => "conversation_expired",
            Self::UnknownInvite => "unknown_invite",
            Self::UsedInvite => "used_invite",
            Self::StaleInvite => "stale_invite",
        }
    }

    /// Whether it could be somebody trying out credentials, rather than having none or old ones.
    #[must_use]
    pub const fn is_guess(&self) -> bool {
        !matches!(self, Self::NotBound | Self::TokenMissing | Self::Expired { .. })
    }

    fn message(&self) -> String {
        match self {
            Self::NotBound => {
                "this connection is in no conversation; call create_conversation, or join_conversation \
                with an invite code, or pass conversation_id, session_id and token"
                    .to_owned()
            }
            Self::Malformed(error) => format!("{error}; use the value exactly as it was given to you"),
            Self::TokenLength(length) => {
                format!(
                    "a session token has 64 characters, this one has {length}; pass it exactly as it was given to you"
                )
            }
            Self::TokenMissing => {
                "this connection is not bound to that session; pass its token as well, or leave out \
                conversation_id and session_id"
                    .to_owned()
            }
            Self::UnknownConversation => {
                "there is no such conversation (it may have been cleaned up after it expired); \
                ask your partner for a new invite or create a conversation"
                    .to_owned()
            }
            Self::UnknownSession { known } => {
                format!("this conversation has no such session; it has {known}")
            }
            Self::WrongToken => {
                "the token is not that session's; ask your user to run `bridgectl tokens` if it is lost"
                    .to_owned()
            }
            Self::SwappedToken { owner } => {
                format!("the token belongs to session {owner}; pass the session_id that goes with it")
            }
            Self::Expired { since } => {
                format!("the conversation expired at {since}; create a new one with create_conversation")
            }
            Self::UnknownInvite => {
                "there is no such invite code; check its spelling or ask for a new invite".to_owned()
            }
            Self::UsedInvite => {
                "this invite code was used already (each works once); ask your user for a new one (bridgectl invite)".to_owned()
            }
            Self::StaleInvite => {
                "this invite code is too old (they last ten minutes); ask your user for a new one (bridgectl invite)".to_owned()
            }
        }
    }
}

impl OpError {
    /// A wrong argument.
    pub fn input(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Input { field: field.into(), problem: problem.into() }
    }

    /// A fault of the bridge.
    pub fn internal(what: &'static str, detail: &dyn std::fmt::Display) -> Self {
        Self::Internal { what, detail: detail.to_string() }
    }

    /// Stable word for programs and the audit trail.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Input { .. } => "invalid_argument",
            Self::Refused(refusal) => refusal.code(),
            Self::WriteLimit(_) | Self::ReadLimit(_) => "rate_limited",
            Self::ProcessLimit { .. } => "too_many_attempts",
            Self::TooManyWaits => "too_many_waits",
            Self::TooManySessions => "too_many_sessions",
            Self::PartnerEnded { .. } => "partner_ended",
            Self::UnknownMessage { .. } | Self::UnknownReply { .. } => "unknown_message",
            Self::ModeNotEnabled { .. } => "commands_not_enabled",
            Self::Blocked { .. } => "command_blocked",
            Self::NotRunnable(_) => "command_not_runnable",
            Self::SecretInCommand => "secret_in_command",
            Self::TooManyProposals => "too_many_proposals",
            Self::Approval(refusal) => refusal.code(),
            Self::Cancelled => "cancelled",
            Self::Store(StoreError::DiskFull) => "disk_full",
            Self::Store(StoreError::Overloaded) => "overloaded",
            Self::Store(StoreError::Closing) => "shutting_down",
            Self::Store(_) => "store_failed",
            Self::Internal { .. } => "internal",
        }
    }

    /// The error as the text block of a tool result.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("error".to_owned(), json!(self.code()));
        object.insert("message".to_owned(), json!(self.to_string()));
        match self {
            Self::WriteLimit(refused) | Self::ReadLimit(refused) => {
                insert_limit(
                    &mut object,
                    refused.retry_after,
                    refused.window,
                    refused.limit,
                    refused.remaining,
                );
            }
            Self::ProcessLimit { retry_after, .. } => {
                object.insert("retry_after_ms".to_owned(), json!(millis(*retry_after)));
            }
            Self::Store(error) if error.is_retryable() => {
                object.insert("retryable".to_owned(), json!(true));
                object.insert("retry_after_ms".to_owned(), json!(1_000));
            }
            Self::Blocked { rule, .. } => {
                object.insert("rule".to_owned(), json!(rule));
            }
            Self::Input { field, .. } => {
                object.insert("argument".to_owned(), json!(field));
            }
            _ => {}
        }
        Value::Object(object)
    }
}

fn insert_limit(
    object: &mut Map<String, Value>,
    wait: Duration,
    window: Window,
    limit: u32,
    left: Remaining,
) {
    object.insert("retry_after_ms".to_owned(), json!(millis(wait)));
    object.insert("limit".to_owned(), json!({"per": window.word(), "calls": limit}));
    object.insert("remaining".to_owned(), json!(left));
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_met_the_end_of_the_daemon_may_be_made_again() {
        let refused = OpError::from(Unattached::Closing).to_json();
        assert_eq!((&refused["error"], &refused["retryable"]), (&json!("shutting_down"), &json!(true)));
        let refused = OpError::from(Unattached::TooMany).to_json();
        assert_eq!((&refused["error"], refused.get("retryable")), (&json!("too_many_sessions"), None));
    }
}
