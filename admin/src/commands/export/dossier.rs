//! Everything there is about one conversation.

use bridge_daemon::domain::time::Timestamp;
use bridge_proto::admin::archive::{FORMAT, Header, Record};
use bridge_proto::admin::yolo::{CommandView, GrantView};
use bridge_proto::admin::{AuditFilter, AuditRow, ConversationSummary, MessageView, VerifyReport};

use crate::failure::Failure;
use crate::source::Source;

/// Everything there is about one conversation.
#[derive(Debug)]
pub(super) struct Dossier {
    pub(super) header: Header,
    pub(super) conversation: ConversationSummary,
    pub(super) messages: Vec<MessageView>,
    pub(super) mode: Option<GrantView>,
    pub(super) commands: Vec<CommandView>,
    pub(super) audit: Vec<AuditRow>,
    pub(super) verdict: VerifyReport,
    /// The lines it was imported in, where it did not happen here.
    pub(super) lines: Vec<String>,
    /// When it was imported.
    pub(super) imported_at: Option<String>,
}

impl Dossier {
    /// Collects it from the daemon or its database.
    pub(super) fn gather(source: &mut Source, id: &str, now: Timestamp) -> Result<Self, Failure> {
        let detail = source.conversation(id, u32::MAX)?;
        let lines = source.lines(id)?;
        if !lines.is_empty() {
            return Self::from_lines(lines, detail.conversation.imported_at);
        }
        let filter = AuditFilter { conversation: Some(id.to_owned()), ..AuditFilter::default() };
        let commands = source.commands(id)?;
        Ok(Self {
            header: Header {
                format: FORMAT,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                exported_at: now.to_string(),
            },
            conversation: detail.conversation,
            messages: detail.messages,
            mode: commands.mode,
            commands: commands.commands,
            audit: source.whole_audit(&filter)?,
            verdict: source.verify(None)?,
            lines,
            imported_at: None,
        })
    }

    /// From the lines of an imported conversation.
    pub(super) fn from_lines(lines: Vec<String>, imported_at: Option<String>) -> Result<Self, Failure> {
        let (mut header, mut conversation, mut verdict, mut mode) = (None, None, None, None);
        let (mut messages, mut commands, mut audit) = (Vec::new(), Vec::new(), Vec::new());
        for line in &lines {
            let record = serde_json::from_str(line)
                .map_err(|error| Failure::failed("the imported conversation cannot be read", error))?;
            match record {
                Record::Export(read) => header = Some(read),
                Record::Conversation(read) => conversation = Some(read),
                Record::Message(read) => messages.push(read),
                Record::Mode(read) => mode = Some(read),
                Record::Command(read) => commands.push(*read),
                Record::Audit(read) => audit.push(read),
                Record::Verdict(read) => verdict = Some(read),
            }
        }
        let (Some(header), Some(conversation), Some(verdict)) = (header, conversation, verdict) else {
            return Err(Failure::Failed("the imported conversation is not whole".to_owned()));
        };
        Ok(Self { header, conversation, messages, mode, commands, audit, verdict, lines, imported_at })
    }

    /// Secrets that were replaced in its messages.
    pub(super) fn redactions(&self) -> u64 {
        self.messages.iter().map(|message| u64::from(message.redactions)).sum()
    }

    /// Calls that were refused.
    pub(super) fn refusals(&self) -> usize {
        self.audit.iter().filter(|row| row.outcome != "ok").count()
    }

    /// What the session is for.
    pub(super) fn role(&self, session: &str) -> &str {
        let sessions = &self.conversation.sessions;
        sessions.iter().find(|view| view.session_id == session).map_or("", |view| &view.role)
    }
}
