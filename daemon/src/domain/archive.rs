//! A conversation as the lines of an export: what makes a file of them whole.

use bridge_proto::admin::archive::{FORMAT, Record};
use bridge_proto::admin::{ConversationSummary, MessageView};
use thiserror::Error;

use super::id::{ConversationId, IdError, MessageId, SessionLabel};
use super::time::Timestamp;

/// The parts of an export that the store keeps beside its lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Archive {
    /// The conversation.
    pub id: ConversationId,
    /// The same in words.
    pub conversation: ConversationSummary,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was to end.
    pub expires_at: Timestamp,
    /// For each line the number of the message on it, if it is one.
    pub messages: Vec<Option<MessageId>>,
}

/// Why lines are no whole export.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct ArchiveError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Not one of the records.
    #[error("no record of an export ({0})")]
    NoRecord(String),
    /// The file does not begin as an export does.
    #[error("an export begins with a line of kind `export` and one of kind `conversation`")]
    NoBeginning,
    /// Written by another version.
    #[error("format {0} cannot be read here, only format {FORMAT}: use the bridgectl that wrote it")]
    Format(u32),
    /// Out of order, or a second one of what there is one of.
    #[error("a record of this kind cannot stand here")]
    Misplaced,
    /// Of another conversation.
    #[error("it belongs to another conversation, {0}")]
    Stranger(String),
    /// An id is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A time is none.
    #[error("{0:?} is no time as 2026-11-21T06:00:00.000Z")]
    Time(String),
    /// Messages are not numbered upwards.
    #[error("its number is not greater than that of the message before")]
    Order,
    /// The last line is missing.
    #[error("the file ends without its verdict: it was cut off")]
    CutOff,
}

/// Reads the lines of an export.
///
/// # Errors
/// [`ArchiveError`] naming the first line that is not as it should be.
pub fn read<'l>(lines: impl IntoIterator<Item = &'l str>) -> Result<Archive, ArchiveError> {
    let mut reader = Reader::default();
    let mut count = 0;
    for line in lines {
        count += 1;
        reader.line(line).map_err(|problem| ArchiveError { line: count, problem })?;
    }
    reader.finish().map_err(|problem| ArchiveError { line: count + 1, problem })
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    archive: Option<Archive>,
    last: Option<Record>,
    messages: Vec<Option<MessageId>>,
}

impl Reader {
    fn line(&mut self, text: &str) -> Result<(), Problem> {
        let record: Record =
            serde_json::from_str(text).map_err(|error| Problem::NoRecord(error.to_string()))?;
        let mut message = None;
        match (&self.last, &record) {
            (None, Record::Export(header)) if header.format == FORMAT => {}
            (None, Record::Export(header)) => return Err(Problem::Format(header.format)),
            (Some(Record::Export(_)), Record::Conversation(conversation)) => {
                self.archive = Some(begin(conversation)?);
            }
            (None | Some(Record::Export(_)), _) => return Err(Problem::NoBeginning),
            (Some(last), _) if !follows(last, &record) => return Err(Problem::Misplaced),
            (Some(last), Record::Message(view)) => message = Some(self.message(last, view)?),
            (Some(_), Record::Mode(mode)) => self.belongs(&mode.conversation_id)?,
            (Some(_), Record::Command(command)) => self.belongs(&command.conversation_id)?,
            (Some(_), Record::Audit(row)) => {
                self.belongs(row.conversation_id.as_deref().unwrap_or_default())?
            }
            (Some(_), Record::Verdict(_) | Record::Export(_) | Record::Conversation(_)) => {}
        }
        self.messages.push(message);
        self.last = Some(record);
        Ok(())
    }

    fn message(&self, last: &Record, view: &MessageView) -> Result<MessageId, Problem> {
        let id = MessageId::parse(&view.id)?;
        time(&view.sent_at)?;
        match last {
            Record::Message(before) if MessageId::parse(&before.id)? >= id => Err(Problem::Order),
            _ => Ok(id),
        }
    }

    fn belongs(&self, id: &str) -> Result<(), Problem> {
        match &self.archive {
            Some(archive) if archive.conversation.conversation_id == id => Ok(()),
            _ => Err(Problem::Stranger(id.to_owned())),
        }
    }

    fn finish(self) -> Result<Archive, Problem> {
        match (self.archive, self.last) {
            (Some(archive), Some(Record::Verdict(_))) => Ok(Archive { messages: self.messages, ..archive }),
            _ => Err(Problem::CutOff),
        }
    }
}

fn begin(conversation: &ConversationSummary) -> Result<Archive, Problem> {
    for session in &conversation.sessions {
        SessionLabel::parse(&session.session_id)?;
        for moment in [&session.joined_at, &session.last_seen].into_iter().flatten() {
            time(moment)?;
        }
    }
    Ok(Archive {
        id: ConversationId::parse(&conversation.conversation_id)?,
        created_at: time(&conversation.created_at)?,
        expires_at: time(&conversation.expires_at)?,
        conversation: conversation.clone(),
        messages: Vec::new(),
    })
}

fn time(text: &str) -> Result<Timestamp, Problem> {
    Timestamp::parse(text).ok_or_else(|| Problem::Time(text.to_owned()))
}

/// Whether `next` may stand behind `last`: kinds in their order, and several only of those that can be several.
fn follows(last: &Record, next: &Record) -> bool {
    let several = matches!(next, Record::Message(_) | Record::Command(_) | Record::Audit(_));
    last.place() < next.place() || (several && last.place() == next.place())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEADER: &str =
        r#"{"kind":"export","format":1,"version":"0.1.0","exported_at":"2026-11-21T06:00:00.000Z"}"#;
    const CONVERSATION: &str = r#"{"kind":"conversation","conversation_id":"conv_00000000000000a1","created_at":"2026-11-21T05:00:00.000Z","expires_at":"2026-11-21T08:00:00.000Z","expired":false,"messages":2,"sessions":[]}"#;
    const VERDICT: &str =
        r#"{"kind":"verdict","whole":true,"rows":2,"head":"00","sealed_rows":2,"findings":[]}"#;

    fn message(number: i64) -> String {
        format!(
            r#"{{"kind":"message","id":"msg_{number}","from":"a","sent_at":"2026-11-21T05:01:00.000Z","action_type":"info","message":"x","files_involved":[],"reply_to":null,"redactions":0,"deliveries":[]}}"#
        )
    }

    fn audit(conversation: &str) -> String {
        format!(
            r#"{{"kind":"audit","seq":1,"at":"t","conversation_id":"{conversation}","actor":"a","action":"x","outcome":"ok","details":{{}},"mac":"00"}}"#
        )
    }

    fn problem(lines: &[&str]) -> (usize, Problem) {
        let error = read(lines.iter().copied()).unwrap_err();
        (error.line, error.problem)
    }

    #[test]
    fn a_whole_export_is_read() {
        let (seven, nine, row) = (message(7), message(9), audit("conv_00000000000000a1"));
        let archive = read([HEADER, CONVERSATION, &seven, &nine, &row, VERDICT]).unwrap();
        assert_eq!(archive.id.to_string(), "conv_00000000000000a1");
        let numbers: Vec<_> = archive.messages.iter().flatten().map(|id| id.row()).collect();
        assert_eq!((archive.messages.len(), numbers), (6, vec![7, 9]));
    }

    #[test]
    fn the_first_bad_line_is_named() {
        let (seven, stranger) = (message(7), audit("conv_00000000000000a2"));
        assert_eq!(problem(&[]), (1, Problem::CutOff));
        assert_eq!(problem(&[HEADER, CONVERSATION, &seven]), (4, Problem::CutOff));
        assert_eq!(problem(&[CONVERSATION, HEADER, VERDICT]), (1, Problem::NoBeginning));
        assert_eq!(problem(&[HEADER, &seven, VERDICT]), (2, Problem::NoBeginning));
        assert_eq!(problem(&[&HEADER.replace(":1,", ":2,")]), (1, Problem::Format(2)));
        assert_eq!(problem(&[HEADER, CONVERSATION, &seven, &seven, VERDICT]), (4, Problem::Order));
        assert_eq!(problem(&[HEADER, CONVERSATION, CONVERSATION, VERDICT]), (3, Problem::Misplaced));
        assert_eq!(problem(&[HEADER, CONVERSATION, VERDICT, &seven]), (4, Problem::Misplaced));
        assert_eq!(
            problem(&[HEADER, CONVERSATION, &stranger, VERDICT]),
            (3, Problem::Stranger("conv_00000000000000a2".into()))
        );
        assert!(matches!(
            problem(&[HEADER, CONVERSATION, "{\"kind\":\"mess", VERDICT]).1,
            Problem::NoRecord(_)
        ));
        let bad = CONVERSATION.replace("05:00:00", "25:00:00");
        assert!(matches!(problem(&[HEADER, &bad]), (2, Problem::Time(_))));
        let bad = CONVERSATION.replace("conv_00000000000000a1", "conv_1");
        assert_eq!(problem(&[HEADER, &bad]), (2, Problem::Id(IdError::Conversation)));
    }

    proptest! {
        #[test]
        fn a_line_lost_anywhere_but_among_messages_and_rows_is_noticed(at in 0_usize..6) {
            let (seven, row) = (message(7), audit("conv_00000000000000a1"));
            let mut lines = vec![HEADER, CONVERSATION, &seven, &row, VERDICT];
            let optional = matches!(at, 2 | 3 | 5);
            if at < lines.len() {
                lines.remove(at);
            }
            prop_assert_eq!(read(lines).is_ok(), optional);
        }

        #[test]
        fn no_text_makes_the_reader_panic(lines in prop::collection::vec(".{0,40}", 0..4)) {
            prop_assert!(read(lines.iter().map(String::as_str)).is_err());
        }
    }
}
