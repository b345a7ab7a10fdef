//! JSON-RPC messages over frames.
//!
//! Three things that the library's ready-made adapters do not do: a frame that is no message is answered with an
//! error that names it, every call gets its turn when it is read, and a client that does not read its answers is not
//! read from any further.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridge_failpoints::{Point, pass};
use bridge_proto::control::Control;
use bridge_proto::frame::{self, HEADER};
use bridge_proto::peek::peek;
use rmcp::RoleServer;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, JsonRpcMessage, RequestId, ServerJsonRpcMessage,
};
use rmcp::transport::Transport;
use serde_json::json;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::parse;
use crate::bridge::Bridge;
use crate::domain::mailbox::LeaseNumber;
use crate::live::{Connection, Outlet};
use crate::ops::{Turn, TurnQueue, delivery};
use crate::wire::Peer;
use crate::wire::frames::{FrameReader, FrameWriter, ReadError};

/// Requests of one connection that are worked on at once; beyond that it is not read from.
const MAX_REQUESTS: usize = 64;
/// Bytes for which an answer has room without growing.
const USUAL_ANSWER: usize = 2 * 1024;
/// How long a client may take to read its last answers when the daemon ends.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Bytes of answers that a client may leave unread before it is not read from.
const MAX_UNREAD: usize = 256 * 1024;

/// The connection broke while something was written.
#[derive(Debug, Error)]
#[error("writing to the shim: {0}")]
pub(super) struct WriteError(#[from] std::io::Error);

/// What travels with a request from the frame to its handler.
pub(super) struct Arrival {
    turn: Mutex<Option<Turn>>,
    id: String,
    connection: Arc<Connection>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Arrival {
    /// The request's turn; the first caller gets it.
    pub(super) fn take_turn(&self) -> Option<Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The request's id as JSON.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.connection.request_handled(&self.id);
    }
}

/// Sends control frames to the shim.
pub(super) struct ShimOutlet {
    writer: FrameWriter,
}

impl ShimOutlet {
    pub(super) fn new(writer: FrameWriter) -> Self {
        Self { writer }
    }
}

impl Outlet for ShimOutlet {
    fn control(&self, control: &Control) {
        let mut wire = Vec::new();
        if frame::encode(&control.to_payload(), &mut wire).is_ok() {
            self.writer.push(&wire);
            flush_behind(&self.writer);
        }
    }
}

/// Lets a task of its own write what the socket did not take at once.
fn flush_behind(writer: &FrameWriter) {
    if writer.pending() > 0 {
        let writer = writer.clone();
        tokio::spawn(async move {
            if let Err(error) = writer.flush().await {
                tracing::debug!(%error, "a shim was gone before it had read everything");
            }
        });
    }
}

/// The transport of one connection.
pub(super) struct FrameTransport {
    bridge: Arc<Bridge>,
    connection: Arc<Connection>,
    reader: FrameReader,
    writer: FrameWriter,
    turns: TurnQueue,
    places: Arc<Semaphore>,
    place: Option<OwnedSemaphorePermit>,
    shutdown: CancellationToken,
    opened: bool,
}

impl FrameTransport {
    pub(super) fn new(bridge: Arc<Bridge>, connection: Arc<Connection>, peer: Peer) -> Self {
        Self {
            bridge,
            connection,
            reader: peer.reader,
            writer: peer.writer,
            turns: TurnQueue::default(),
            places: Arc::new(Semaphore::new(MAX_REQUESTS)),
            place: None,
            shutdown: peer.shutdown,
            opened: false,
        }
    }

    /// Waits until the client may be listened to again: it reads its answers, and not too many requests are open.
    async fn ready_for_more(&mut self) -> Result<(), WriteError> {
        if self.writer.pending() > MAX_UNREAD {
            self.writer.flush().await?;
        }
        if self.place.is_none() {
            // The semaphore is never closed.
            self.place = Arc::clone(&self.places).acquire_owned().await.ok();
        }
        Ok(())
    }

    /// The next message of the client; `None` when there will be none.
    async fn next_message(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if self.ready_for_more().await.is_err() {
                return None;
            }
            let payload = match self.reader.next().await {
                Ok(Some(payload)) => payload,
                Ok(None) => return None,
                Err(error) => {
                    self.refuse_stream(&error).await;
                    return None;
                }
            };
            if Control::is_control(payload) {
                let control = Control::parse(payload);
                self.obey(control);
                continue;
            }
            match parse::client_message(payload) {
                Ok(message) => {
                    if let Some(message) = self.admit(message) {
                        return Some(message);
                    }
                }
                Err(error) => {
                    if let Some(answer) = refusal(payload, &error) {
                        self.writer.push(&answer);
                        flush_behind(&self.writer);
                    }
                }
            }
        }
    }

    /// Gives a request its turn and notes a cancellation.
    fn admit(&mut self, mut message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match &mut message {
            JsonRpcMessage::Request(request) => {
                // Neither opens a session: the library waits for what comes after them.
                self.opened |= !matches!(
                    request.request,
                    ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_)
                );
                let id = id_text(&request.id);
                if !self.connection.request_arrived(&id) {
                    self.writer.push(&error_frame(
                        &id,
                        -32_600,
                        "a request with this id is still under way; use another id",
                    ));
                    flush_behind(&self.writer);
                    return None;
                }
                let is_call = matches!(request.request, ClientRequest::CallToolRequest(_));
                let mut place = self.place.take();
                // A subscription stays open for as long as the connection: it must not keep others out.
                if matches!(request.request, ClientRequest::SubscriptionsListenRequest(_)) {
                    place = None;
                }
                let arrival = Arrival {
                    turn: Mutex::new(is_call.then(|| self.turns.next_turn())),
                    id,
                    connection: Arc::clone(&self.connection),
                    _place: place,
                };
                extensions(&mut request.request).insert(Arc::new(arrival));
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                    && let Some((session, lease)) = self.connection.request_cancelled(&id_text(id))
                {
                    delivery::withdraw(&self.bridge, &session, lease);
                }
                // The library takes a notification before the first request for the end of the session.
                return self.opened.then_some(message);
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => return self.opened.then_some(message),
        }
        Some(message)
    }

    fn obey(&self, control: Result<Control, serde_json::Error>) {
        match control {
            Ok(Control::Delivered { lease }) => delivery::confirm(&self.bridge, &self.connection, lease),
            Ok(_) => tracing::debug!(
                connection = self.connection.number,
                "a shim sent a control frame that is ours to send"
            ),
            Err(error) => {
                tracing::debug!(connection = self.connection.number, error = %position(&error), "a control frame cannot be read")
            }
        }
    }

    /// The stream is no sequence of frames any more: say so and give up on it.
    async fn refuse_stream(&self, error: &ReadError) {
        tracing::info!(connection = self.connection.number, %error, "a connection was closed");
        if let ReadError::Frame(too_large) = error {
            let answer = error_frame("null", -32_600, &format!("{too_large}; the connection is closed"));
            self.writer.push(&answer);
            if self.writer.flush().await.is_err() {
                tracing::debug!(connection = self.connection.number, "the peer was gone already");
            }
        }
    }
}

impl Transport<RoleServer> for FrameTransport {
    type Error = WriteError;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), WriteError>> + Send + 'static {
        let id = match &message {
            JsonRpcMessage::Response(response) => Some(id_text(&response.id)),
            JsonRpcMessage::Error(error) => error.id.as_ref().map(id_text),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let lease = id.as_ref().and_then(|id| self.connection.answer_leaves(id));
        let wire = match (encode(&message), lease) {
            // In one piece with its answer: the shim confirms what stands before the request to confirm.
            (Ok(answer), Some(lease)) => with_confirmation(answer, lease),
            (Ok(answer), None) => answer,
            (Err(problem), _) => {
                // Nobody will see what it carried.
                if let Some((session, lease)) =
                    id.as_ref().and_then(|id| self.connection.request_cancelled(id))
                {
                    delivery::withdraw(&self.bridge, &session, lease);
                }
                error_frame(id.as_deref().unwrap_or("null"), -32_603, &problem)
            }
        };
        self.writer.push(&wire);
        let (writer, shutdown) = (self.writer.clone(), self.shutdown.clone());
        async move {
            tokio::select! {
                flushed = writer.flush() => {
                    pass(Point::AfterAnswer);
                    Ok(flushed?)
                }
                () = give_up(shutdown) => Ok(()),
            }
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        let shutdown = self.shutdown.clone();
        let message = tokio::select! {
            message = self.next_message() => message,
            () = shutdown.cancelled() => {
                self.connection.announce_shutdown();
                None
            }
        };
        if message.is_none() {
            // Ends the long polls of this connection now; the library would let them run on for seconds.
            self.connection.closed.cancel();
        }
        message
    }

    async fn close(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// Resolves when the daemon is to end and a client that does not read has had its time.
async fn give_up(shutdown: CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// An id as it stands in JSON, so that 1 and "1" differ.
fn id_text(id: &RequestId) -> String {
    match id {
        RequestId::Number(number) => number.to_string(),
        RequestId::String(text) => json!(text.as_ref()).to_string(),
    }
}

fn extensions(request: &mut ClientRequest) -> &mut rmcp::model::Extensions {
    use rmcp::model::GetExtensions as _;
    request.extensions_mut()
}

/// The message as a frame, or why it cannot be one.
fn encode(message: &ServerJsonRpcMessage) -> Result<Vec<u8>, String> {
    let mut wire = Vec::with_capacity(USUAL_ANSWER);
    wire.resize(HEADER, 0);
    serde_json::to_writer(&mut wire, message)
        .map_err(|error| format!("the answer cannot be written: {error}"))?;
    let header =
        frame::header(wire.len() - HEADER).map_err(|error| format!("the answer is too large: {error}"))?;
    wire[..HEADER].copy_from_slice(&header);
    Ok(wire)
}

/// An answer and, behind it, the request to confirm it.
fn with_confirmation(mut answer: Vec<u8>, lease: LeaseNumber) -> Vec<u8> {
    if let Err(error) = frame::encode(&Control::Confirm { lease }.to_payload(), &mut answer) {
        tracing::error!(%error, "a control frame does not fit its frame");
    }
    answer
}

/// What to answer to a frame that is no message; nothing when it was a notification.
fn refusal(payload: &[u8], error: &serde_json::Error) -> Option<Vec<u8>> {
    let seen = peek(payload);
    if seen.complete && seen.id.is_none() && seen.method.is_some() {
        return None;
    }
    let (code, problem) = match (error.classify(), seen.complete) {
        (serde_json::error::Category::Data, _) => (-32_600, "this is no valid JSON-RPC message"),
        (_, true) => (-32_700, "a value in this message cannot be read"),
        (_, false) => (-32_700, "this is not JSON"),
    };
    let hint = if error.to_string().contains("hex escape") {
        "; a lone \\u surrogate is no Unicode text, remove it"
    } else {
        ""
    };
    Some(error_frame(seen.id.unwrap_or("null"), code, &format!("{problem}: {}{hint}", position(error))))
}

/// The kind and place of a JSON error. Never serde's whole text, which may quote values.
fn position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let kind = text.split(" at line ").next().unwrap_or_default();
    let quotes_input = kind.contains('`') || kind.contains('"');
    let kind = if quotes_input { "invalid value" } else { kind };
    format!("{kind} at byte {}", error.column())
}

fn error_frame(id: &str, code: i32, message: &str) -> Vec<u8> {
    let text =
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{}}}}}"#, json!(message));
    let mut wire = Vec::new();
    match frame::encode(text.as_bytes(), &mut wire) {
        Ok(()) => wire,
        // Only an id of nearly a mebibyte can do that: answer without it.
        Err(_) if id != "null" => error_frame("null", code, message),
        Err(_) => Vec::new(),
    }
}
