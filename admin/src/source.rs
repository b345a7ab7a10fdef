//! Where answers come from: the running daemon, or its database while none runs.

use bridge_daemon::admin::read;
use bridge_daemon::clock;
use bridge_daemon::domain::key::Keys;
use bridge_daemon::store::open::open_read_only;
use bridge_daemon::store::state_dir::load_keys;
use bridge_proto::admin::{
    AuditFilter, AuditRow, ConversationDetail, ConversationSummary, Request, Response,
};
use bridge_proto::paths::Paths;
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
    fn open(paths: Paths) -> Result<Self, Failure> {
        let database = paths.database();
        if !database.exists() {
            return Err(Failure::NothingYet { database });
        }
        let keys = load_keys(&paths.key()).map_err(|error| Failure::Failed(error.to_string()))?;
        let connection = open_read_only(&database).map_err(|error| Failure::Failed(error.to_string()))?;
        Ok(Self { connection, keys, paths })
    }

    fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let source = read::Source { keys: &self.keys, paths: &self.paths, now: clock::now(), live: None };
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
