//! What outlives a connection to the daemon: the requests under way and the handshake to replay.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Instant;

use bridge_proto::peek::Peek;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Requests under way beyond which the client is not read from.
pub(crate) const MAX_IN_FLIGHT: usize = 4096;

/// Bytes of ids and kept requests beyond which the client is not read from.
const MAX_BYTES: usize = 4 << 20;

/// Keys of bound sessions that a hello carries at most; the oldest are dropped.
const MAX_RESUME: usize = 16;

/// The client's side of the conversation, as far as a relay must know it.
#[derive(Debug, Default)]
pub(crate) struct Session {
    requests: VecDeque<Request>,
    bytes: usize,
    initialize: Option<Kept>,
    initialized: Option<Kept>,
    /// The id under which a replayed `initialize` will be answered though the client has its answer.
    swallow: Option<Box<str>>,
    resume: VecDeque<String>,
}

#[derive(Debug)]
struct Request {
    id: Box<str>,
    kind: Kind,
    position: u64,
    since: Instant,
}

#[derive(Debug)]
enum Kind {
    Call,
    Initialize,
    Listen(Box<Listen>),
}

/// An open `subscriptions/listen`: it lives as long as the client wants, across daemons.
#[derive(Debug)]
struct Listen {
    kept: Kept,
    acknowledged: bool,
    swallow: bool,
}

/// A line of the handshake, kept to be sent again.
#[derive(Debug)]
struct Kept {
    id: Option<Box<str>>,
    line: Box<[u8]>,
    position: u64,
    replay: bool,
}

impl Kept {
    fn new(id: Option<&str>, line: &[u8], position: u64) -> Self {
        Self { id: id.map(Into::into), line: line.into(), position, replay: false }
    }
}

impl Session {
    /// Notes a relayed line whose frame has its place at `position`.
    pub(crate) fn track(&mut self, seen: &Peek<'_>, line: &[u8], position: u64, now: Instant) {
        match (seen.id, seen.method.as_deref()) {
            (Some(id), Some(method)) => {
                let id = canonical(id);
                let kind = match method {
                    "initialize" => {
                        self.initialize = Some(Kept::new(Some(&id), line, position));
                        self.initialized = None;
                        Kind::Initialize
                    }
                    "subscriptions/listen" => {
                        let kept = Kept::new(Some(&id), line, position);
                        Kind::Listen(Box::new(Listen { kept, acknowledged: false, swallow: false }))
                    }
                    _ => Kind::Call,
                };
                let request = Request { id: id.into(), kind, position, since: now };
                self.bytes += request.size();
                self.requests.push_back(request);
            }
            (None, Some("notifications/initialized")) => {
                self.initialized = Some(Kept::new(None, line, position));
            }
            (None, Some("notifications/cancelled")) => {
                if let Some(id) = cancelled_request(line) {
                    self.remove(&id);
                }
            }
            _ => {}
        }
    }

    /// Notes an answer of the daemon. False when the client must not see it: it answers a replay.
    pub(crate) fn answered(&mut self, id: &str) -> bool {
        let id = canonical(id);
        if self.swallow.as_deref() == Some(&*id) {
            self.swallow = None;
            return false;
        }
        self.remove(&id);
        true
    }

    /// Notes a `notifications/subscriptions/acknowledged`. False when the client has had it before.
    pub(crate) fn acknowledged(&mut self, payload: &[u8]) -> bool {
        let named = acknowledged_request(payload);
        let mut listens = self.requests.iter_mut().filter_map(Request::listen);
        let listen = match named {
            Some(id) => listens.find(|listen| listen.kept.id.as_deref() == Some(&*id)),
            None => listens.find(|listen| listen.swallow),
        };
        listen.is_none_or(|listen| {
            listen.acknowledged = true;
            !std::mem::take(&mut listen.swallow)
        })
    }

    /// Remembers the key of a session that the connection was bound to.
    pub(crate) fn bound(&mut self, resume: String) {
        // The daemon binds in this order and takes the last one for the default: a key that comes again is the latest.
        self.resume.retain(|known| *known != resume);
        self.resume.push_back(resume);
        while self.resume.len() > MAX_RESUME {
            self.resume.pop_front();
        }
    }

    /// The keys for the next hello, in binding order.
    pub(crate) fn resume(&self) -> Vec<String> {
        self.resume.iter().cloned().collect()
    }

    /// The connection broke after everything before `written` had been written at least in part. Returns the calls
    /// that may have taken effect and must be answered with an error. The unwritten ones are forgotten: they will be
    /// relayed anew.
    pub(crate) fn lost(&mut self, written: u64, now: Instant) -> Vec<Box<str>> {
        self.swallow = None;
        let mut failed = Vec::new();
        self.requests.retain_mut(|request| {
            request.since = now;
            let begun = request.position < written;
            if begun && matches!(request.kind, Kind::Call) {
                failed.push(std::mem::take(&mut request.id));
                return false;
            }
            if let Kind::Listen(listen) = &mut request.kind {
                listen.kept.replay = begun;
            }
            begun
        });
        for slot in [&mut self.initialize, &mut self.initialized] {
            match slot {
                Some(kept) if kept.position < written => kept.replay = true,
                _ => *slot = None,
            }
        }
        self.recount();
        failed
    }

    /// Gives up on the requests that have waited for a daemon since `limit` or longer. Returns them and the place of
    /// the last one whose frame is to be dropped.
    pub(crate) fn expired(&mut self, limit: Instant) -> (Vec<Box<str>>, Option<u64>) {
        let (mut ids, mut last, mut handshake) = (Vec::new(), None, false);
        self.requests.retain_mut(|request| {
            if !request.waits() || request.since > limit {
                return true;
            }
            handshake |= matches!(request.kind, Kind::Initialize);
            last = Some(request.position);
            ids.push(std::mem::take(&mut request.id));
            false
        });
        if handshake {
            // The client was told that it failed.
            (self.initialize, self.initialized) = (None, None);
        }
        // A line of the handshake that is dropped with its neighbours joins the replay.
        if let Some(kept) = &mut self.initialized {
            kept.replay |= last.is_some_and(|last| kept.position <= last);
        }
        self.recount();
        (ids, last)
    }

    /// When the oldest request that waits for a daemon began to.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        self.requests.iter().filter(|request| request.waits()).map(|request| request.since).min()
    }

    /// The lines to send on a new connection before anything else.
    pub(crate) fn replay(&mut self) -> Vec<&[u8]> {
        if let Some(kept) = self.initialize.as_ref().filter(|kept| kept.replay) {
            let open = self.requests.iter().any(|request| matches!(request.kind, Kind::Initialize));
            self.swallow = kept.id.clone().filter(|_| !open);
        }
        for listen in self.requests.iter_mut().filter_map(Request::listen) {
            listen.swallow = listen.kept.replay && listen.acknowledged;
        }
        let listens = self.requests.iter().filter_map(|request| match &request.kind {
            Kind::Listen(listen) => Some(&listen.kept),
            _ => None,
        });
        let handshake = self.initialize.iter().chain(&self.initialized);
        handshake.chain(listens).filter(|kept| kept.replay).map(|kept| &*kept.line).collect()
    }

    /// Whether the client's next request has to wait until some are answered.
    pub(crate) fn is_full(&self) -> bool {
        self.requests.len() > MAX_IN_FLIGHT || self.bytes > MAX_BYTES
    }

    /// Whether an answer is still to come. An open subscription never ends by itself and does not count.
    pub(crate) fn awaits_answers(&self) -> bool {
        self.requests.iter().any(|request| !matches!(request.kind, Kind::Listen(_)))
    }

    /// Takes all requests out, to be answered by the shim itself.
    pub(crate) fn take_all(&mut self) -> Vec<Box<str>> {
        self.bytes = 0;
        std::mem::take(&mut self.requests).into_iter().map(|request| request.id).collect()
    }

    fn remove(&mut self, id: &str) {
        if let Some(index) = self.requests.iter().position(|request| &*request.id == id) {
            if let Some(request) = self.requests.remove(index) {
                self.bytes -= request.size();
            }
            if self.requests.is_empty() {
                self.requests.shrink_to(16);
            }
        }
    }

    fn recount(&mut self) {
        self.bytes = self.requests.iter().map(Request::size).sum();
        self.requests.shrink_to(16);
    }
}

impl Request {
    fn size(&self) -> usize {
        let kept = if let Kind::Listen(listen) = &self.kind { listen.kept.line.len() } else { 0 };
        self.id.len() + kept
    }

    fn listen(&mut self) -> Option<&mut Listen> {
        if let Kind::Listen(listen) = &mut self.kind { Some(listen) } else { None }
    }

    /// Whether the client waits for the daemon to hear of it. An open subscription that a daemon has heard of just
    /// stays open.
    fn waits(&self) -> bool {
        if let Kind::Listen(listen) = &self.kind { !listen.kept.replay } else { true }
    }
}

/// One spelling of an id: the daemon parses and rewrites ids, which may change how a string is escaped.
fn canonical(id: &str) -> Cow<'_, str> {
    if !id.contains('\\') {
        return id.into();
    }
    serde_json::from_str::<String>(id)
        .and_then(|text| serde_json::to_string(&text))
        .map_or(Cow::Borrowed(id), Cow::Owned)
}

/// The parts of a notification's `params` that name a request.
#[derive(Deserialize)]
struct Naming<'a> {
    #[serde(borrow)]
    params: NamingParams<'a>,
}

#[derive(Deserialize)]
struct NamingParams<'a> {
    #[serde(borrow, rename = "requestId", default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta", default)]
    meta: Option<NamingMeta<'a>>,
}

#[derive(Deserialize)]
struct NamingMeta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/subscriptionId", default)]
    subscription: Option<&'a RawValue>,
}

fn cancelled_request(line: &[u8]) -> Option<Cow<'_, str>> {
    let naming: Naming<'_> = serde_json::from_slice(line).ok()?;
    naming.params.request.map(|raw| canonical(raw.get()))
}

fn acknowledged_request(payload: &[u8]) -> Option<Cow<'_, str>> {
    let naming: Naming<'_> = serde_json::from_slice(payload).ok()?;
    naming.params.meta?.subscription.map(|raw| canonical(raw.get()))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
