//! Where answers come from: the running daemon, or its database while none runs.

use bridge_daemon::admin::read;
use bridge_daemon::clock;
use bridge_daemon::domain::anchor::Anchor;
use bridge_daemon::domain::key::Keys;
use bridge_daemon::store::open::open_read_only;
use bridge_daemon::store::read::verify::{Noted, verify};
use bridge_daemon::store::state_dir::load_keys;
use bridge_proto::admin::yolo::CommandsPage;
use bridge_proto::admin::{
    AuditFilter, AuditRow, ConversationDetail, ConversationSummary, Request, Response, VerifyReport,
};
use bridge_proto::paths::Paths;
use bridge_shim_relay::{Launch, start_daemon};
use rusqlite::Connection;

use crate::client::Client;
use crate::failure::Failure;

/// Most rows asked for at once; the daemon may give fewer.
pub(crate) const PAGE: u32 = read::PAGE;

/// Answers requests that only read.
pub(crate) enum Source {
    /// The running daemon.
    Live(Client),
    /// Its database, opened by this process, which cannot write to it.
    Offline(Box<Offline>),
}

/// The state of a daemon that does not run.
pub(crate) struct Offline {
    connection: Connection,
    keys: Keys,
    paths: Paths,
}

/// All the places of this installation.
pub(crate) fn paths() -> Result<Paths, Failure> {
    Paths::from_env().map_err(|error| Failure::Failed(error.to_string()))
}

/// The running daemon, for what needs one.
pub(crate) fn daemon() -> Result<Client, Failure> {
    Client::connect(&paths()?.socket)
}

/// The running daemon, started if there is none.
pub(crate) fn daemon_or_start() -> Result<Client, Failure> {
    let paths = paths()?;
    match Client::connect(&paths.socket) {
        Err(Failure::NotRunning { .. }) => {
            start_daemon(&paths, Box::new(Launch::from_env))
                .map_err(|problem| Failure::Failed(format!("there is no daemon, and {problem}")))?;
            Client::connect(&paths.socket)
        }
        outcome => outcome,
    }
}

impl Source {
    /// The daemon if it runs, else the database.
    pub(crate) fn open() -> Result<Self, Failure> {
        let paths = paths()?;
        match Client::connect(&paths.socket) {
            Ok(client) => Ok(Self::Live(client)),
            Err(Failure::NotRunning { .. }) => Self::offline(paths),
            Err(other) => Err(other),
        }
    }

    /// The database of a daemon that does not run.
    pub(crate) fn offline(paths: Paths) -> Result<Self, Failure> {
        Offline::open(paths).map(|offline| Self::Offline(Box::new(offline)))
    }

    /// Whether the daemon itself answers.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Asks for one page.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Response, Failure> {
        match self {
            Self::Live(client) => client.ask(request),
            Self::Offline(offline) => offline.answer(request),
        }
    }

    /// All conversations, newest first.
    pub(crate) fn conversations(&mut self, with_expired: bool) -> Result<Vec<ConversationSummary>, Failure> {
        let mut all: Vec<ConversationSummary> = Vec::new();
        loop {
            let after = all.last().map(|last| last.conversation_id.clone());
            match self.ask(&Request::List { with_expired, after })? {
                Response::List(page) if page.is_empty() => return Ok(all),
                Response::List(page) => all.extend(page),
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// A conversation with its newest messages, at most `wanted`.
    pub(crate) fn conversation(&mut self, id: &str, wanted: u32) -> Result<ConversationDetail, Failure> {
        let mut detail: Option<ConversationDetail> = None;
        loop {
            let have = detail.as_ref().map_or(0, |detail| detail.messages.len());
            let left = wanted.saturating_sub(u32::try_from(have).unwrap_or(u32::MAX));
            let oldest = detail.as_ref().and_then(|detail| detail.messages.first());
            let before = oldest.map(|message| message_number(&message.id)).transpose()?;
            let (conversation, limit) = (id.to_owned(), left.min(PAGE));
            let page = match self.ask(&Request::Show { conversation, after: 0, before, limit, last: true })? {
                Response::Show(page) => *page,
                other => return Err(unexpected(&other)),
            };
            let over =
                page.messages.is_empty() || left <= u32::try_from(page.messages.len()).unwrap_or(u32::MAX);
            match &mut detail {
                None => detail = Some(page),
                Some(detail) => {
                    detail.messages.splice(0..0, page.messages);
                }
            }
            if over && let Some(detail) = detail {
                return Ok(detail);
            }
        }
    }

    /// All commands of a conversation, oldest first, and what it may propose.
    pub(crate) fn commands(&mut self, id: &str) -> Result<CommandsPage, Failure> {
        let mut all = CommandsPage::default();
        loop {
            let skip = u32::try_from(all.commands.len()).unwrap_or(u32::MAX);
            match self.ask(&Request::Commands { conversation: id.to_owned(), skip })? {
                Response::Commands(page) if page.commands.is_empty() => {
                    return Ok(CommandsPage { mode: page.mode, ..all });
                }
                Response::Commands(page) => all.commands.extend(page.commands),
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// The lines of an imported conversation; none of any other.
    pub(crate) fn lines(&mut self, id: &str) -> Result<Vec<String>, Failure> {
        let mut all = Vec::new();
        loop {
            let skip = u32::try_from(all.len()).unwrap_or(u32::MAX);
            match self.ask(&Request::Lines { conversation: id.to_owned(), skip })? {
                Response::Lines(page) if page.is_empty() => return Ok(all),
                Response::Lines(page) => all.extend(page),
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// Every row of the audit trail that passes the filter, oldest first.
    pub(crate) fn whole_audit(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>, Failure> {
        let mut filter = AuditFilter { limit: PAGE, ..filter.clone() };
        let mut rows: Vec<AuditRow> = Vec::new();
        loop {
            let page = self.audit(&filter)?;
            let Some(last) = page.last() else { return Ok(rows) };
            filter.after = last.seq;
            rows.extend(page);
        }
    }

    /// A proof of the audit trail.
    pub(crate) fn verify(&mut self, anchor: Option<String>) -> Result<VerifyReport, Failure> {
        match self.ask(&Request::Verify { anchor })? {
            Response::Verify(report) => Ok(report),
            other => Err(unexpected(&other)),
        }
    }

    /// One page of the audit trail.
    pub(crate) fn audit(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>, Failure> {
        match self.ask(&Request::Audit(filter.clone()))? {
            Response::Audit(rows) => Ok(rows),
            other => Err(unexpected(&other)),
        }
    }

    /// The newest rows that pass the filter, at most `wanted`, oldest first.
    pub(crate) fn newest_audit(
        &mut self,
        filter: &AuditFilter,
        wanted: u32,
    ) -> Result<Vec<AuditRow>, Failure> {
        let (mut pages, mut left) = (Vec::new(), wanted);
        let mut filter = AuditFilter { last: true, ..filter.clone() };
        while left > 0 {
            filter.limit = left.min(PAGE);
            let page = self.audit(&filter)?;
            let Some(oldest) = page.first() else { break };
            filter.before = Some(oldest.seq);
            left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
            pages.push(page);
        }
        Ok(pages.into_iter().rev().flatten().collect())
    }
}

impl Offline {
    /// Opens the database, which may be in use.
    pub(crate) fn open(paths: Paths) -> Result<Self, Failure> {
        let database = paths.database();
        if !database.exists() {
            return Err(Failure::NothingYet { database });
        }
        let keys = load_keys(&paths.key()).map_err(|error| Failure::Failed(error.to_string()))?;
        let connection = open_read_only(&database).map_err(|error| Failure::Failed(error.to_string()))?;
        Ok(Self { connection, keys, paths })
    }

    /// Proves the trail and compares it with anchors.
    pub(crate) fn verify_anchors(&self, anchors: &[Anchor]) -> Result<VerifyReport, Failure> {
        verify(&self.connection, &self.keys, &self.paths.seal(), Noted::Anchors(anchors))
            .map_err(|error| Failure::Failed(error.to_string()))
    }

    fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let source = read::Source {
            keys: &self.keys,
            paths: &self.paths,
            now: clock::now(),
            live: None,
            gate: read::Gate {
                open: false,
                sandbox: "the daemon is not running: no command can run".to_owned(),
                held: false,
            },
        };
        Ok(read::answer(&self.connection, &source, request)?)
    }
}

/// The number in `msg_17`.
fn message_number(id: &str) -> Result<i64, Failure> {
    let number = id.strip_prefix("msg_").and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Failure::Failed("a message of the daemon has an id that is none".to_owned()))
}

/// An answer to another question.
pub(crate) fn unexpected(response: &Response) -> Failure {
    let kind = serde_json::to_value(response).ok();
    let kind = kind.and_then(|value| value.as_object()?.keys().next().cloned()).unwrap_or_default();
    Failure::Failed(format!(
        "the daemon answered another question ({kind}); are bridgectl and bridged of one version?"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bridge_proto::admin::MessageView;
    use bridge_proto::frame;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    /// A daemon with 450 messages and rows whose pages hold 70 at most.
    fn source() -> Source {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        std::thread::spawn(move || {
            let mut length = [0; 4];
            while theirs.read_exact(&mut length).is_ok() {
                let mut payload = vec![0; u32::from_be_bytes(length) as usize];
                theirs.read_exact(&mut payload).unwrap();
                let answer = serde_json::to_vec(&answer(serde_json::from_slice(&payload).unwrap())).unwrap();
                let mut wire = Vec::new();
                frame::encode(&answer, &mut wire).unwrap();
                theirs.write_all(&wire).unwrap();
            }
        });
        Source::Live(Client::over(ours))
    }

    fn numbers(after: i64, before: Option<i64>, limit: u32, last: bool) -> Vec<i64> {
        let fits = (1..=450).filter(|n| *n > after && before.is_none_or(|before| *n < before));
        let limit = limit.min(70) as usize;
        if !last {
            return fits.take(limit).collect();
        }
        let mut newest: Vec<i64> = fits.rev().take(limit).collect();
        newest.reverse();
        newest
    }

    fn answer(request: Request) -> Response {
        match request {
            Request::Show { after, before, limit, last, .. } => {
                let messages = numbers(after, before, limit, last).into_iter().map(message).collect();
                Response::Show(Box::new(ConversationDetail { conversation: summary(0), messages }))
            }
            Request::Audit(f) => {
                Response::Audit(numbers(f.after, f.before, f.limit, f.last).into_iter().map(row).collect())
            }
            Request::List { after, .. } => {
                let after = after.map_or(0, |id| id.parse().unwrap());
                Response::List(numbers(after, None, 70, false).into_iter().map(summary).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    fn message(number: i64) -> MessageView {
        serde_json::from_value(serde_json::json!({
            "id": format!("msg_{number}"), "from": "a", "sent_at": "", "action_type": "info", "message": "",
            "files_involved": [], "redactions": 0, "deliveries": [],
        }))
        .unwrap()
    }

    fn row(seq: i64) -> AuditRow {
        serde_json::from_value(serde_json::json!({
            "seq": seq, "at": "", "actor": "a", "action": "x", "outcome": "ok", "details": {}, "mac": "",
        }))
        .unwrap()
    }

    fn summary(number: i64) -> ConversationSummary {
        serde_json::from_value(serde_json::json!({
            "conversation_id": number.to_string(), "created_at": "", "expires_at": "", "expired": false,
            "messages": 450, "sessions": [],
        }))
        .unwrap()
    }

    #[test]
    fn pages_add_up_in_order() {
        let ids = |wanted| -> Vec<i64> {
            let detail = source().conversation("c", wanted).unwrap();
            detail.messages.iter().map(|message| message_number(&message.id).unwrap()).collect()
        };
        assert!(ids(0).is_empty());
        assert_eq!(ids(20), (431..=450).collect::<Vec<_>>());
        assert_eq!(ids(300), (151..=450).collect::<Vec<_>>());
        assert_eq!(ids(u32::MAX), (1..=450).collect::<Vec<_>>());
        let rows = |wanted| -> Vec<i64> {
            source()
                .newest_audit(&AuditFilter::default(), wanted)
                .unwrap()
                .iter()
                .map(|row| row.seq)
                .collect()
        };
        assert_eq!(rows(140), (311..=450).collect::<Vec<_>>());
        assert_eq!(rows(1_000), (1..=450).collect::<Vec<_>>());
        assert_eq!(source().conversations(true).unwrap().len(), 450);
    }

    #[test]
    fn without_daemon_and_database_the_next_step_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("bridged");
        let paths = Paths { socket: state.join("s"), config: state.join("c"), state };
        let error = Source::offline(paths).err().unwrap();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains("bridged --detach"), "{error}");
    }
}
