//! What `bridgectl` asks and the daemon answers: one request frame, one response frame, in turn.
//!
//! Times are RFC 3339 with `Z`.

pub mod archive;
pub mod stats;
pub mod yolo;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use archive::{ImportReport, ImportStep};
use stats::StatsReport;
use yolo::{CommandsPage, YoloRequest, YoloResponse};

/// A question of `bridgectl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Request {
    /// How the daemon is.
    Status,
    /// Conversations, newest first, one page at a time; an empty page is the end.
    List {
        /// Expired ones too.
        #[serde(default)]
        with_expired: bool,
        /// Only those behind this one, the last of the page before.
        #[serde(default)]
        after: Option<String>,
    },
    /// One conversation with messages.
    Show {
        /// Its id.
        conversation: String,
        /// Only messages with a greater number.
        #[serde(default)]
        after: i64,
        /// Only messages with a smaller number.
        #[serde(default)]
        before: Option<i64>,
        /// At most that many messages; large ones make the page shorter, an empty page is the end.
        limit: u32,
        /// The newest messages rather than the oldest (still oldest first).
        #[serde(default)]
        last: bool,
    },
    /// The session tokens of a conversation.
    Tokens {
        /// Its id.
        conversation: String,
    },
    /// A new one-time invite for a session of a conversation.
    Invite {
        /// Its id.
        conversation: String,
        /// The session's label, `b` unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// A new conversation with an invite for each of its two sessions.
    Pair {
        /// What the agents of the sessions `a` and `b` do.
        roles: [String; 2],
        /// Minutes until it expires, if not as configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lifetime_minutes: Option<u32>,
    },
    /// A person's own message into a conversation.
    Say {
        /// Its id.
        conversation: String,
        /// The label of the session that gets it; every session's unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Its text.
        message: String,
    },
    /// Rows of the audit trail.
    Audit(AuditFilter),
    /// A proof of the audit trail.
    Verify {
        /// MAC of a row that was kept elsewhere.
        #[serde(default)]
        anchor: Option<String>,
    },
    /// Remove expired conversations.
    Cleanup {
        /// Only say which.
        dry_run: bool,
    },
    /// Whether a copy of everything, keys included, may be taken from the files beside the daemon.
    Backup {
        /// Whether it is encrypted under a passphrase.
        encrypted: bool,
    },
    /// Proposed commands of a conversation, oldest first, one page at a time; an empty page is the end.
    Commands {
        /// Its id.
        conversation: String,
        /// How many came before.
        #[serde(default)]
        skip: u32,
    },
    /// The lines of an imported conversation, one page at a time; an empty page is the end, and all there is of a
    /// conversation that was not imported.
    Lines {
        /// Its id.
        conversation: String,
        /// How many came before.
        #[serde(default)]
        skip: u32,
    },
    /// A conversation from elsewhere, to be kept here.
    Import {
        /// The next step.
        step: ImportStep,
    },
    /// Counts of everything.
    Stats,
    /// Read configuration and rules again.
    Reload,
    /// Messages that wait for the agent below whose client the asking process runs.
    Mail {
        /// The agent of that name instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// Only if some have come since this was asked last.
        #[serde(default)]
        news: bool,
    },
    /// Answers once a message waits for a session, or after a while.
    Wait {
        /// The conversation.
        conversation: String,
        /// The session's label.
        session: String,
        /// Seconds to wait at most.
        seconds: u32,
    },
    /// About commands that people release.
    Yolo {
        /// What about them.
        #[serde(flatten)]
        request: YoloRequest,
    },
}

/// Which rows of the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// Only rows with a greater sequence number.
    #[serde(default)]
    pub after: i64,
    /// Only rows with a smaller sequence number.
    #[serde(default)]
    pub before: Option<i64>,
    /// Only rows of this conversation.
    #[serde(default)]
    pub conversation: Option<String>,
    /// Only rows with this action.
    #[serde(default)]
    pub action: Option<String>,
    /// Only rows with this outcome; `denied` stands for every outcome but `ok`.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Only rows since then, in UTC milliseconds.
    #[serde(default)]
    pub since_ms: Option<i64>,
    /// At most that many rows.
    pub limit: u32,
    /// The newest rows rather than the oldest.
    #[serde(default)]
    pub last: bool,
}

/// The daemon's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// To [`Request::Status`].
    Status(Box<StatusReport>),
    /// To [`Request::List`].
    List(Vec<ConversationSummary>),
    /// To [`Request::Show`].
    Show(Box<ConversationDetail>),
    /// To [`Request::Tokens`].
    Tokens(Vec<SessionToken>),
    /// To [`Request::Invite`].
    Invite(InviteView),
    /// To [`Request::Pair`].
    Pair(PairView),
    /// To [`Request::Say`].
    Said(SaidView),
    /// To [`Request::Audit`].
    Audit(Vec<AuditRow>),
    /// To [`Request::Verify`].
    Verify(VerifyReport),
    /// To [`Request::Cleanup`].
    Cleanup(CleanupReport),
    /// To [`Request::Backup`]: it may, and that is on record.
    BackupGranted {
        /// The state directory.
        state: String,
    },
    /// To [`Request::Commands`].
    Commands(Box<CommandsPage>),
    /// To [`Request::Lines`].
    Lines(Vec<String>),
    /// To [`Request::Import`].
    Import(ImportReport),
    /// To [`Request::Stats`].
    Stats(Box<StatsReport>),
    /// To [`Request::Reload`].
    Reloaded {
        /// Rules in force now.
        rules: usize,
    },
    /// To [`Request::Mail`] and [`Request::Wait`].
    Mail(Vec<MailView>),
    /// To [`Request::Yolo`].
    Yolo(YoloResponse),
    /// The request failed.
    Error(AdminError),
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminError {
    /// Stable word for programs.
    pub code: AdminErrorCode,
    /// What happened and what to do next, for people.
    pub message: String,
}

/// Stable words of [`AdminError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminErrorCode {
    /// The request cannot be understood.
    BadRequest,
    /// There is no such conversation.
    NotFound,
    /// Only a person at a terminal may ask that.
    HumanOnly,
    /// The store failed.
    Store,
    /// The configuration is not valid.
    Config,
    /// The daemon was started without `YOLO_MODE=1`, or nothing can hold a command.
    Unavailable,
    /// What was typed to confirm is wrong.
    Unproven,
}

/// How the daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Its process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Protocol number of the socket.
    pub protocol: u32,
    /// When it started.
    pub started_at: String,
    /// The socket it serves.
    pub socket: String,
    /// The database it owns.
    pub database: String,
    /// Bytes of the database and its WAL.
    pub database_bytes: u64,
    /// How many shims are connected.
    pub connected: u64,
    /// Connected shims; of very many only the first.
    pub agents: Vec<AgentView>,
    /// Conversations that have not expired.
    pub conversations: u64,
    /// Redaction rules in force.
    pub rules: usize,
    /// Rows of the audit trail.
    pub audit_rows: i64,
    /// MAC of its last row: note it elsewhere and check it with `audit verify --anchor`.
    pub audit_head: String,
}

/// A connected shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// Process id of the shim.
    pub pid: Option<i32>,
    /// Durable name of the agent, if it has one.
    pub name: Option<String>,
    /// What the MCP client calls itself.
    pub client: Option<String>,
    /// The sessions it speaks for, as `conversation/session`.
    pub sessions: Vec<String>,
    /// When it connected.
    pub connected_at: String,
}

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationSummary {
    /// Its id.
    pub conversation_id: String,
    /// When it was created.
    pub created_at: String,
    /// When it ends.
    pub expires_at: String,
    /// Whether that was before now.
    pub expired: bool,
    /// When it was imported, where it did not happen here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_at: Option<String>,
    /// Messages in it.
    pub messages: u64,
    /// Its sessions.
    pub sessions: Vec<SessionView>,
}

/// A session in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its label.
    pub session_id: String,
    /// What it is for.
    pub role: String,
    /// When somebody first took it.
    pub joined_at: Option<String>,
    /// When it last called.
    pub last_seen: Option<String>,
    /// What it says of itself.
    pub status: Option<String>,
    /// Its note on that.
    pub note: Option<String>,
    /// Messages for it that it has not acknowledged.
    pub unread: u64,
    /// Whether a shim is connected for it; unknown while the daemon is down.
    pub connected: Option<bool>,
    /// What is left of its write limits; unknown while the session is not in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<WritesView>,
}

/// What a session may still write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WritesView {
    /// Within a minute.
    pub minute: AllowanceView,
    /// Within an hour.
    pub hour: AllowanceView,
    /// Within a day.
    pub day: AllowanceView,
}

/// A token bucket as a person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowanceView {
    /// Calls left now.
    pub left: u32,
    /// Calls left when none was made for long.
    pub limit: u32,
}

/// A conversation with messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationDetail {
    /// The conversation.
    pub conversation: ConversationSummary,
    /// Its messages, oldest first.
    pub messages: Vec<MessageView>,
}

/// A message as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// The label of the session that sent it, or `human`.
    pub from: String,
    /// When.
    pub sent_at: String,
    /// Why.
    pub action_type: String,
    /// Its text, redacted.
    pub message: String,
    /// Files it is about.
    pub files_involved: Vec<String>,
    /// The message it answers.
    pub reply_to: Option<String>,
    /// Secrets that were replaced in it.
    pub redactions: u32,
    /// Where it is, per recipient.
    pub deliveries: Vec<DeliveryView>,
}

/// Where a message is on its way to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// The session it goes to.
    pub recipient: String,
    /// stored, offered, delivered, acknowledged or expired.
    pub state: String,
    /// How many answers carried it.
    pub attempts: u32,
    /// When it was first written to the recipient's client.
    pub delivered_at: Option<String>,
    /// When the recipient acknowledged it.
    pub acknowledged_at: Option<String>,
}

/// A session's token. Never log one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionToken {
    /// The session.
    pub session_id: String,
    /// What it is for.
    pub role: String,
    /// Its token.
    pub token: String,
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SessionToken").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// A new conversation and the way into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairView {
    /// The conversation.
    pub conversation_id: String,
    /// When it ends.
    pub expires_at: String,
    /// The roles of the sessions, as stored.
    pub roles: [String; 2],
    /// An invite for each session, in the same order.
    pub invites: [InviteView; 2],
}

/// A one-time invite. Never log one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteView {
    /// The conversation it opens.
    pub conversation_id: String,
    /// The session it is for.
    pub session_id: String,
    /// The code for `join_conversation`.
    pub invite_code: String,
    /// Until when it can be used.
    pub expires_at: String,
}

impl std::fmt::Debug for InviteView {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("InviteView").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// A person's message, stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidView {
    /// Its id.
    pub message_id: String,
    /// When it was stored.
    pub sent_at: String,
    /// The sessions that get it.
    pub recipients: Vec<String>,
    /// Secrets that were replaced in it.
    pub redactions: u32,
}

/// Messages that wait for a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailView {
    /// The conversation.
    pub conversation_id: String,
    /// The session they are for.
    pub session_id: String,
    /// What its partner is for.
    pub from: String,
    /// How many.
    pub waiting: u64,
}

/// A row of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number, without gaps from 1.
    pub seq: i64,
    /// When.
    pub at: String,
    /// In which conversation.
    pub conversation_id: Option<String>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// `ok`, or why not.
    pub outcome: String,
    /// Particulars, redacted.
    pub details: Value,
    /// Hex MAC over this row and the MAC before it.
    pub mac: String,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Whether every row, the seal and the anchor agree.
    pub whole: bool,
    /// Rows that were proven.
    pub rows: i64,
    /// Rows before them that were removed when they had been kept long enough; a sealed anchor stands for them.
    #[serde(default)]
    pub removed_rows: i64,
    /// MAC of the last proven row.
    pub head: String,
    /// Rows that the seal beside the database vouches for.
    pub sealed_rows: Option<i64>,
    /// How the trail compares with anchors, when it was compared with some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchors: Option<AnchorTally>,
    /// What is wrong.
    pub findings: Vec<AuditFinding>,
}

/// Anchors of an audit trail that were compared with it; those that contradict it are findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorTally {
    /// Anchors whose rows are in the trail as they were.
    pub met: u64,
    /// Anchors of rows that were removed after their time: they could not be checked.
    pub removed: u64,
}

/// One thing that is wrong with the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFinding {
    /// Number of the row concerned; 0 when it is none in particular.
    pub seq: i64,
    /// What is wrong.
    pub problem: String,
}

/// What a cleanup removed, or would remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupReport {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The expired conversations.
    pub conversations: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_requests() {
        let invite = Request::Invite { conversation: "c".into(), session: None };
        assert_eq!(serde_json::to_string(&invite).unwrap(), r#"{"cmd":"invite","conversation":"c"}"#);
        let say = Request::Say { conversation: "c".into(), to: None, message: "m".into() };
        assert_eq!(serde_json::to_string(&say).unwrap(), r#"{"cmd":"say","conversation":"c","message":"m"}"#);
        // What may be left out.
        for (wire, request) in [
            (r#"{"cmd":"list"}"#, Request::List { with_expired: false, after: None }),
            (
                r#"{"cmd":"show","conversation":"c","limit":5}"#,
                Request::Show { conversation: "c".into(), after: 0, before: None, limit: 5, last: false },
            ),
            (
                r#"{"cmd":"audit","limit":5}"#,
                Request::Audit(AuditFilter { limit: 5, ..AuditFilter::default() }),
            ),
        ] {
            assert_eq!(serde_json::from_str::<Request>(wire).unwrap(), request);
        }
    }

    #[test]
    fn credentials_are_not_in_debug_output() {
        let token = SessionToken { session_id: "a".into(), role: "r".into(), token: "hidden".into() };
        let invite = InviteView {
            conversation_id: "c".into(),
            session_id: "b".into(),
            invite_code: "hidden".into(),
            expires_at: "t".into(),
        };
        assert!(!format!("{token:?}{invite:?}").contains("hidden"));
    }
}
