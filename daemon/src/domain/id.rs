//! Identifiers as people and agents see them.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// A conversation: `conv_` and 16 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(u64);

/// A session's label within its conversation: `a`, `b`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionLabel(u8);

/// Who sent a message: a session, or the person in charge. No session can have the person's name: a label is one
/// letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// An agent, by the label of its session.
    Session(SessionLabel),
    /// A person at a terminal.
    Human,
}

/// A message: `msg_` and a number that grows with every message of this installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(i64);

/// Text that is no identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdError {
    /// Not `conv_` and 16 lower-case hex digits.
    #[error("a conversation id is conv_ and 16 lower-case hex digits")]
    Conversation,
    /// Not one lower-case letter.
    #[error("a session id is one lower-case letter: a or b")]
    Session,
    /// Not `msg_` and digits.
    #[error("a message id is msg_ and digits, as send_to_partner and check_messages gave it")]
    Message,
}

impl ConversationId {
    /// From 8 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// Parses the outside form.
    ///
    /// # Errors
    /// [`IdError::Conversation`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix("conv_").ok_or(IdError::Conversation)?;
        let plain = digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !plain {
            return Err(IdError::Conversation);
        }
        u64::from_str_radix(digits, 16).map(Self).map_err(|_| IdError::Conversation)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "conv_{:016x}", self.0)
    }
}

impl SessionLabel {
    /// The session that creates a conversation.
    pub const A: Self = Self(b'a');
    /// The first session that joins one.
    pub const B: Self = Self(b'b');

    /// Parses the outside form.
    ///
    /// # Errors
    /// [`IdError::Session`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match text.as_bytes() {
            [letter @ b'a'..=b'z'] => Ok(Self(*letter)),
            _ => Err(IdError::Session),
        }
    }
}

impl fmt::Display for SessionLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", char::from(self.0))
    }
}

impl Sender {
    /// The person's name, and the role that agents are told.
    pub const HUMAN: &'static str = "human";

    /// Parses the outside form.
    ///
    /// # Errors
    /// [`IdError::Session`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match text {
            Self::HUMAN => Ok(Self::Human),
            label => SessionLabel::parse(label).map(Self::Session),
        }
    }
}

impl From<SessionLabel> for Sender {
    fn from(label: SessionLabel) -> Self {
        Self::Session(label)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(label) => label.fmt(formatter),
            Self::Human => formatter.write_str(Self::HUMAN),
        }
    }
}

impl MessageId {
    /// From the store's row number.
    #[must_use]
    pub const fn from_row(row: i64) -> Self {
        Self(row)
    }

    /// The store's row number.
    #[must_use]
    pub const fn row(self) -> i64 {
        self.0
    }

    /// Parses the outside form.
    ///
    /// # Errors
    /// [`IdError::Message`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix("msg_").ok_or(IdError::Message)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdError::Message);
        }
        digits.parse().map(Self).map_err(|_| IdError::Message)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "msg_{}", self.0)
    }
}

macro_rules! serialize_as_text {
    ($($id:ty),*) => {$(
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}
serialize_as_text!(ConversationId, SessionLabel, MessageId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        let id = ConversationId::from_random([0, 1, 2, 3, 4, 5, 6, 0xff]);
        assert_eq!(id.to_string(), "conv_00010203040506ff");
        assert_eq!(ConversationId::parse(&id.to_string()), Ok(id));
        assert_eq!(MessageId::parse("msg_17").unwrap().to_string(), "msg_17");
        assert_eq!(SessionLabel::parse("b"), Ok(SessionLabel::B));
        for sender in [Sender::Human, SessionLabel::B.into()] {
            assert_eq!(Sender::parse(&sender.to_string()), Ok(sender));
        }
    }

    #[test]
    fn no_session_can_be_called_as_the_person_is() {
        assert_eq!(SessionLabel::parse(Sender::HUMAN), Err(IdError::Session));
        assert_eq!(Sender::parse("Human"), Err(IdError::Session));
    }

    #[test]
    fn near_misses_are_refused() {
        for text in [
            "",
            "conv_",
            "conv_00010203040506fF",
            "conv_00010203040506f",
            "conv_00010203040506ffa",
            "conv_+0010203040506ff",
        ] {
            assert_eq!(ConversationId::parse(text), Err(IdError::Conversation), "{text}");
        }
        for text in ["", "msg_", "msg_+1", "msg_-1", "17", "msg_99999999999999999999"] {
            assert_eq!(MessageId::parse(text), Err(IdError::Message), "{text}");
        }
        for text in ["", "A", "ab", "1", "ä"] {
            assert_eq!(SessionLabel::parse(text), Err(IdError::Session), "{text}");
        }
    }
}
