//! A conversation outside the bridge: the records of an export, one JSON object per line, and how it comes back in.
//!
//! The first line is the [`Header`], the second the conversation. Messages, the mode, commands and audit rows follow in
//! that order, each oldest first. The verdict on the audit trail is the last line, so that a file that was cut off is
//! seen to be.

use serde::{Deserialize, Serialize};

use super::yolo::{CommandView, GrantView};
use super::{AuditRow, ConversationSummary, MessageView, VerifyReport};

/// Version of the format; another one cannot be read.
pub const FORMAT: u32 = 1;

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// What this file is.
    Export(Header),
    /// The conversation with its sessions, as they were.
    Conversation(ConversationSummary),
    /// A message.
    Message(MessageView),
    /// What the conversation could propose.
    Mode(GrantView),
    /// A command that was proposed.
    Command(Box<CommandView>),
    /// A row of the audit trail.
    Audit(AuditRow),
    /// What the proof of the whole audit trail had found.
    Verdict(VerifyReport),
}

impl Record {
    /// Where its kind stands in a file, from 0.
    #[must_use]
    pub const fn place(&self) -> u8 {
        match self {
            Self::Export(_) => 0,
            Self::Conversation(_) => 1,
            Self::Message(_) => 2,
            Self::Mode(_) => 3,
            Self::Command(_) => 4,
            Self::Audit(_) => 5,
            Self::Verdict(_) => 6,
        }
    }
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// When it was written.
    pub exported_at: String,
}

/// A step of an import. A connection that ends before the last step has imported nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStep {
    /// The next lines of the file, without their line ends.
    Lines(Vec<String>),
    /// That was all.
    Finish,
}

/// Where an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// The conversation, once it is stored.
    pub conversation_id: Option<String>,
    /// Lines so far.
    pub lines: u64,
    /// Messages among them, once it is stored.
    pub messages: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_lines() {
        let header = Header {
            format: FORMAT,
            version: "0.1.0".into(),
            exported_at: "2026-11-21T06:00:00.000Z".into(),
        };
        let line =
            r#"{"kind":"export","format":1,"version":"0.1.0","exported_at":"2026-11-21T06:00:00.000Z"}"#;
        assert_eq!(serde_json::to_string(&Record::Export(header.clone())).unwrap(), line);
        assert_eq!(serde_json::from_str::<Record>(line).unwrap(), Record::Export(header));
        let step = serde_json::to_string(&ImportStep::Lines(vec!["{}".into()])).unwrap();
        assert_eq!(step, r#"{"lines":["{}"]}"#);
        assert_eq!(serde_json::to_string(&ImportStep::Finish).unwrap(), r#""finish""#);
    }
}
