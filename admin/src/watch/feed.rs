//! The thread that asks the daemon: twice a second how things are, and whatever the person wants done.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use bridge_proto::admin::yolo::{
    Approval, Decision, GrantView, Prepared, Proof, YoloList, YoloRequest, YoloResponse,
};
use bridge_proto::admin::{
    AuditFilter, AuditRow, ConversationDetail, ConversationSummary, MessageView, Request, Response, SaidView,
    StatusReport,
};

use super::cursor::Cursor;
use crate::client::Client;
use crate::failure::Failure;
use crate::source::{PAGE, unexpected};

/// How often the daemon is asked.
const EVERY: Duration = Duration::from_millis(500);
/// A round that took long is followed by a pause of that many times its length: watching must not be a load.
const REST: u32 = 2;
/// Pages of conversations that are asked for at most.
const LIST_PAGES: usize = 5;
/// Messages whose states are looked at in one round.
const LOOKED_AT: u32 = 50;

/// What the person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// See the messages of that conversation.
    Watch(String),
    /// See messages before that number.
    Older { conversation: String, before: i64 },
    /// See expired conversations too, or no longer.
    Expired(bool),
    /// Know what a decision means.
    Prepare(Decision),
    /// Decide.
    Decide { decision: Decision, proof: Proof },
    /// Refuse a command.
    Deny { command: String },
    /// Let a conversation propose no more commands.
    Disable { conversation: String },
    /// Say something to the agents of a conversation.
    Say { conversation: String, to: Option<String>, message: String },
}

/// What the daemon answered.
#[derive(Debug)]
pub(super) enum Update {
    /// How things are.
    Round(Box<Round>),
    /// It does not answer, for that reason unless it just does not run.
    Gone(Option<String>),
    /// To [`Ask::Older`].
    Older { conversation: String, messages: Vec<MessageView> },
    /// To [`Ask::Prepare`].
    Prepared { decision: Decision, prepared: Result<Box<Prepared>, String> },
    /// To every other wish.
    Done(Result<Outcome, String>),
}

/// What became of a wish.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A conversation may propose commands.
    Enabled(GrantView),
    /// A command is released.
    Approved(Approval),
    /// A command is refused, or a conversation may propose no more.
    Refused,
    /// A message is stored.
    Said(SaidView),
}

/// One look at everything.
#[derive(Debug)]
pub(super) struct Round {
    /// Nothing of what was known before counts any more: the connection is new.
    pub(super) fresh: bool,
    /// How the daemon is.
    pub(super) status: StatusReport,
    /// Conversations, newest first.
    pub(super) conversations: Vec<ConversationSummary>,
    /// Id of the conversation that was looked at.
    pub(super) asked: Option<String>,
    /// That conversation with messages that are new or have changed; nothing if there is none.
    pub(super) watched: Option<ConversationDetail>,
    /// Commands and modes.
    pub(super) yolo: YoloList,
    /// Rows that are new.
    pub(super) audit: Vec<AuditRow>,
}

/// Starts the thread. It ends when nobody asks any more.
pub(super) fn start(socket: PathBuf) -> Result<(Sender<Ask>, Receiver<Update>), Failure> {
    let (asks, asked) = channel();
    let (updates, updated) = channel();
    let feed = Feed {
        socket,
        client: None,
        with_expired: false,
        watched: None,
        cursor: Cursor::default(),
        audit: 0,
    };
    thread::Builder::new()
        .name("feed".to_owned())
        .spawn(move || feed.run(&asked, &updates))
        .map_err(|error| Failure::failed("starting a thread", error))?;
    Ok((asks, updated))
}

struct Feed {
    socket: PathBuf,
    client: Option<Client>,
    with_expired: bool,
    watched: Option<String>,
    cursor: Cursor,
    /// Number of the newest audit row that was seen.
    audit: i64,
}

impl Feed {
    fn run(mut self, asks: &Receiver<Ask>, updates: &Sender<Update>) {
        loop {
            let start = Instant::now();
            let update = match self.round() {
                Ok(round) => Update::Round(Box::new(round)),
                Err(failure) => {
                    self.client = None;
                    Update::Gone(reason(&failure))
                }
            };
            if updates.send(update).is_err() {
                return;
            }
            let rest = EVERY.max(start.elapsed() * REST);
            match asks.recv_timeout(rest) {
                Ok(ask) => {
                    if let Some(update) = self.obey(ask)
                        && updates.send(update).is_err()
                    {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn round(&mut self) -> Result<Round, Failure> {
        let fresh = self.client.is_none();
        if fresh {
            self.client = Some(Client::connect(&self.socket)?);
            (self.cursor, self.audit) = (Cursor::default(), 0);
        }
        let status = match self.ask(&Request::Status)? {
            Response::Status(status) => *status,
            other => return Err(unexpected(&other)),
        };
        Ok(Round {
            fresh,
            status,
            conversations: self.conversations()?,
            asked: self.watched.clone(),
            watched: self.messages()?,
            yolo: self.yolo()?,
            audit: self.rows()?,
        })
    }

    fn ask(&mut self, request: &Request) -> Result<Response, Failure> {
        let gone = || Failure::Failed("the daemon is gone; wait until it is back, and try again".to_owned());
        self.client.as_mut().ok_or_else(gone)?.exchange(request)
    }

    fn conversations(&mut self) -> Result<Vec<ConversationSummary>, Failure> {
        let mut all: Vec<ConversationSummary> = Vec::new();
        for _ in 0..LIST_PAGES {
            let after = all.last().map(|last| last.conversation_id.clone());
            match self.ask(&Request::List { with_expired: self.with_expired, after })? {
                Response::List(page) if page.is_empty() => break,
                Response::List(page) => all.extend(page),
                // The list changed while it was read: the rest comes with the next round.
                Response::Error(_) => break,
                other => return Err(unexpected(&other)),
            }
        }
        Ok(all)
    }

    /// New messages, and those whose states may have changed. Nothing when the conversation is gone.
    fn messages(&mut self) -> Result<Option<ConversationDetail>, Failure> {
        let Some(conversation) = self.watched.clone() else { return Ok(None) };
        let (after, first) = (self.cursor.newest(), self.cursor.newest() == 0);
        let unsettled = self.cursor.unsettled();
        let new = Request::Show {
            conversation: conversation.clone(),
            after,
            before: None,
            limit: PAGE,
            last: first,
        };
        let Some(mut detail) = self.show(&new)? else { return Ok(None) };
        self.cursor.saw(&detail.messages);
        if let Some((after, before)) = unsettled {
            let again =
                Request::Show { conversation, after, before: Some(before), limit: LOOKED_AT, last: false };
            let looked = self.show(&again)?.map(|detail| detail.messages).unwrap_or_default();
            self.cursor.looked(&looked);
            detail.messages.splice(0..0, looked);
        }
        Ok(Some(detail))
    }

    fn show(&mut self, request: &Request) -> Result<Option<ConversationDetail>, Failure> {
        match self.ask(request)? {
            Response::Show(detail) => Ok(Some(*detail)),
            Response::Error(_) => Ok(None),
            other => Err(unexpected(&other)),
        }
    }

    fn yolo(&mut self) -> Result<YoloList, Failure> {
        match self.ask(&Request::Yolo { request: YoloRequest::List { all: false } })? {
            Response::Yolo(YoloResponse::List(list)) => Ok(list),
            Response::Error(error) => Err(error.into()),
            other => Err(unexpected(&other)),
        }
    }

    fn rows(&mut self) -> Result<Vec<AuditRow>, Failure> {
        let filter =
            AuditFilter { after: self.audit, limit: PAGE, last: self.audit == 0, ..AuditFilter::default() };
        match self.ask(&Request::Audit(filter))? {
            Response::Audit(rows) => {
                self.audit = rows.last().map_or(self.audit, |row| row.seq);
                Ok(rows)
            }
            Response::Error(error) => Err(error.into()),
            other => Err(unexpected(&other)),
        }
    }

    fn obey(&mut self, ask: Ask) -> Option<Update> {
        match ask {
            Ask::Watch(conversation) => {
                (self.watched, self.cursor) = (Some(conversation), Cursor::default());
                None
            }
            Ask::Expired(with_expired) => {
                self.with_expired = with_expired;
                None
            }
            Ask::Older { conversation, before } => {
                let request = Request::Show {
                    conversation: conversation.clone(),
                    after: 0,
                    before: Some(before),
                    limit: PAGE,
                    last: true,
                };
                let messages = self.show(&request).ok().flatten().map(|detail| detail.messages);
                Some(Update::Older { conversation, messages: messages.unwrap_or_default() })
            }
            Ask::Prepare(decision) => {
                let prepared = match self.decide(YoloRequest::Prepare(decision.clone())) {
                    Ok(YoloResponse::Prepared(prepared)) => Ok(prepared),
                    Ok(other) => Err(unexpected(&Response::Yolo(other)).to_string()),
                    Err(failure) => Err(failure.to_string()),
                };
                Some(Update::Prepared { decision, prepared })
            }
            Ask::Decide { decision, proof } => Some(self.done(YoloRequest::Decide { decision, proof })),
            Ask::Deny { command } => Some(self.done(YoloRequest::Deny { command })),
            Ask::Disable { conversation } => Some(self.done(YoloRequest::Disable { conversation })),
            Ask::Say { conversation, to, message } => {
                let said = match self.ask(&Request::Say { conversation, to, message }) {
                    Ok(Response::Said(said)) => Ok(Outcome::Said(said)),
                    Ok(Response::Error(error)) => Err(Failure::from(error).to_string()),
                    Ok(other) => Err(unexpected(&other).to_string()),
                    Err(failure) => Err(failure.to_string()),
                };
                Some(Update::Done(said))
            }
        }
    }

    fn decide(&mut self, request: YoloRequest) -> Result<YoloResponse, Failure> {
        match self.ask(&Request::Yolo { request })? {
            Response::Yolo(response) => Ok(response),
            Response::Error(error) => Err(error.into()),
            other => Err(unexpected(&other)),
        }
    }

    fn done(&mut self, request: YoloRequest) -> Update {
        Update::Done(match self.decide(request) {
            Ok(YoloResponse::Enabled(grant)) => Ok(Outcome::Enabled(grant)),
            Ok(YoloResponse::Approved(approval)) => Ok(Outcome::Approved(approval)),
            Ok(YoloResponse::Done) => Ok(Outcome::Refused),
            Ok(other) => Err(unexpected(&Response::Yolo(other)).to_string()),
            Err(failure) => Err(failure.to_string()),
        })
    }
}

/// Why the daemon does not answer, unless it is simply not there.
fn reason(failure: &Failure) -> Option<String> {
    (!matches!(failure, Failure::NotRunning { .. })).then(|| failure.to_string())
}
