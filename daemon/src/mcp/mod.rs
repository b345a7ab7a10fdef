//! The MCP side: one server of the MCP library per connection, over a transport of our own.

mod channel;
#[doc(hidden)] // for fuzz/
pub mod parse;
mod server;
mod transport;

use std::sync::Arc;

use rmcp::ServiceExt as _;

use crate::bridge::Bridge;
use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::id::{ConversationId, SessionLabel};
use crate::live::{Binding, Connection, PeerVerdict};
use crate::ops::delivery;
use crate::wire::Peer;
use server::BridgeServer;
use transport::{FrameTransport, ShimOutlet};

pub use server::tool_definitions;

/// Sessions that one shim may reclaim; it remembers no more than that.
const MAX_RESUMED: usize = 16;
/// Characters of a name that a client or agent gives itself.
const NAME_LENGTH: usize = 100;

/// A name that a client or agent gives itself, fit to be shown and stored.
fn displayable(bridge: &Bridge, name: &str) -> String {
    let short: String = name.chars().filter(|c| !c.is_control()).take(NAME_LENGTH).collect();
    bridge.clean(None, &short).to_string()
}

/// Serves one shim until it is gone.
pub async fn serve(bridge: Arc<Bridge>, peer: Peer) {
    let number = bridge.registry.connection_number();
    let outlet = Box::new(ShimOutlet::new(peer.writer.clone()));
    let mut connection = Connection::new(number, peer.pid, clock::now(), outlet);
    connection.agent = peer.hello.agent.as_deref().map(|name| displayable(&bridge, name));
    connection.reconnect = peer.hello.reconnect;
    let connection = Arc::new(connection);
    bridge.registry.connected(&connection);
    for key in peer.hello.resume.iter().take(MAX_RESUMED) {
        resume(&bridge, &connection, key);
    }
    let server = BridgeServer::new(Arc::clone(&bridge), Arc::clone(&connection));
    let transport = FrameTransport::new(Arc::clone(&bridge), Arc::clone(&connection), peer);
    match server.serve(transport).await {
        Ok(running) => {
            if let Err(error) = running.waiting().await {
                tracing::error!(%error, connection = number, "a connection's task failed");
            }
        }
        // A shim that goes before it has said anything is no event.
        Err(error) => {
            tracing::debug!(connection = number, error = %handshake_failure(&error), "no MCP session came about")
        }
    }
    delivery::release(&bridge, &connection);
    bridge.registry.disconnected(number);
}

/// The kind of failure only: the library's words may quote what the client wrote.
fn handshake_failure(error: &rmcp::service::ServerInitializeError) -> &'static str {
    use rmcp::service::ServerInitializeError as E;
    match error {
        E::ConnectionClosed(_) => "connection closed",
        E::ExpectedInitializeRequest(_) => "no request first",
        E::InitializeFailed(_) => "initialize failed",
        E::TransportError { .. } => "transport failed",
        E::Cancelled => "cancelled",
        _ => "unexpected",
    }
}

/// Binds the connection again to a session that the shim spoke for before.
fn resume(bridge: &Bridge, connection: &Connection, key: &str) {
    let mut parts = key.splitn(3, '.');
    let ids = (parts.next().map(ConversationId::parse), parts.next().map(SessionLabel::parse));
    let (Some(Ok(id)), Some(Ok(label))) = ids else { return };
    let conversation = match bridge.registry.conversation(id) {
        Ok(Some(conversation)) => conversation,
        Ok(None) => return,
        Err(error) => return tracing::warn!(%error, "a session could not be resumed"),
    };
    let Some(session) = conversation.session(label) else { return };
    let genuine = bridge.keys.is_resume_key(key, id, label, &session.nonce);
    let outcome = match (genuine, conversation.is_over(clock::now())) {
        (true, false) => "ok",
        (true, true) => "conversation_expired",
        (false, _) => "wrong_key",
    };
    let rates = bridge.tuning().config.limits.failed_auth.rates();
    let quiet = outcome != "ok"
        && matches!(
            bridge.refusals.take(connection.pid, &rates, clock::now()),
            PeerVerdict::Refused { first: false, .. }
        );
    if !quiet {
        record_resumption(bridge, connection, id, label, outcome);
    }
    // Also when the conversation is over: every call checks that, and says so.
    if genuine {
        let binding = Binding { session: Arc::clone(session), conversation: Arc::clone(&conversation) };
        if let Err(error) = connection.bind(binding, key.to_owned()) {
            tracing::warn!(connection = connection.number, %error, "a session could not be reclaimed");
        }
    }
}

fn record_resumption(
    bridge: &Bridge,
    connection: &Connection,
    id: ConversationId,
    label: SessionLabel,
    outcome: &'static str,
) {
    let actor = connection.actor();
    let recorded = bridge.store.try_submit(move |tx| {
        tx.append_audit(Entry {
            at: tx.now(),
            conversation: Some(id.to_string()),
            actor,
            action: "resume_session".to_owned(),
            outcome: outcome.to_owned(),
            details: serde_json::json!({"session": label}).to_string(),
        })
    });
    if !recorded {
        tracing::warn!("a resumed session could not be recorded: the write queue is full");
    }
}
