//! Accepting connections: the kernel's word on who it is, then a hello under a deadline, then its role.

use std::sync::Arc;
use std::time::Duration;

use bridge_proto::PROTOCOL;
use bridge_proto::frame;
use bridge_proto::hello::{
    Announcement, ClientHello, Refusal, RefusalCode, Role, ServerHello, Welcome, protocol_mismatch,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bridge::Bridge;
use crate::wire::Peer;
use crate::wire::frames::{FrameReader, FrameWriter};
use crate::{admin, mcp};

/// How long a connection may take to say hello.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// How long open calls may take to end once the daemon is to end.
const DRAIN_DEADLINE: Duration = Duration::from_secs(8);
/// Pause after an accept that failed for lack of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until `shutdown`, then waits for every connection to end.
pub async fn serve(bridge: Arc<Bridge>, listener: UnixListener, shutdown: CancellationToken) {
    let places = Arc::new(Semaphore::new(bridge.tuning().config.daemon.max_connections));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let place = Arc::clone(&places).try_acquire_owned().ok();
                connections.spawn(serve_connection(Arc::clone(&bridge), stream, place, shutdown.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Whoever comes now is to be refused by the system, not to wait for a daemon that does not accept any more.
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_DEADLINE, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "some connections did not end in time");
    }
}

async fn serve_connection(
    bridge: Arc<Bridge>,
    stream: UnixStream,
    place: Option<OwnedSemaphorePermit>,
    shutdown: CancellationToken,
) {
    let pid = match stream.peer_cred() {
        Ok(peer) if peer.uid() == nix::unistd::geteuid().as_raw() => peer.pid(),
        Ok(peer) => {
            tracing::warn!(uid = peer.uid(), pid = peer.pid(), "refused a connection of another user");
            return;
        }
        Err(error) => {
            tracing::warn!(%error, "refused a connection whose peer the kernel does not name");
            return;
        }
    };
    let stream = Arc::new(stream);
    let (mut reader, writer) = (FrameReader::new(Arc::clone(&stream)), FrameWriter::new(stream));
    let greeting = tokio::time::timeout(HELLO_DEADLINE, read_hello(&mut reader));
    let hello = tokio::select! {
        greeting = greeting => match greeting {
            Ok(hello) => hello,
            // Whoever says nothing gets no answer; its descriptor is what it wanted to hold.
            Err(_) => return tracing::debug!(pid, "a connection said no hello in time"),
        },
        () = shutdown.cancelled() => Err(refusal(RefusalCode::ShuttingDown, "the daemon is shutting down; it comes back")),
    };
    let hello = match (hello, place.is_some()) {
        (Ok(hello), true) => hello,
        (Ok(_), false) => {
            let text = "too many connections; raise daemon.max_connections or end some agents";
            return refuse(&writer, refusal(RefusalCode::TooManyConnections, text)).await;
        }
        (Err(refusal), _) => return refuse(&writer, refusal).await,
    };
    answer(&writer, &ServerHello::Welcome(welcome())).await;
    let role = hello.role;
    let peer = Peer { reader, writer, pid, hello, shutdown };
    match role {
        Role::Mcp => mcp::serve(bridge, peer).await,
        Role::Admin => admin::serve(bridge, peer).await,
    }
    drop(place);
}

async fn read_hello(reader: &mut FrameReader) -> Result<ClientHello, Refusal> {
    let bad = |detail: String| {
        refusal(
            RefusalCode::BadHello,
            &format!("the first frame is no hello ({detail}); is this bridge-shim or bridgectl?"),
        )
    };
    let payload = match reader.next().await {
        Ok(Some(payload)) => payload,
        Ok(None) => return Err(bad("the connection was closed".to_owned())),
        Err(error) => return Err(bad(error.to_string())),
    };
    // The number first: what else stands in a hello of another one need not make sense here.
    let announced: Announcement = serde_json::from_slice(payload).map_err(|error| bad(error.to_string()))?;
    if announced.protocol != PROTOCOL {
        return Err(protocol_mismatch(&announced, env!("CARGO_PKG_VERSION")));
    }
    serde_json::from_slice(payload).map_err(|error| bad(error.to_string()))
}

fn welcome() -> Welcome {
    Welcome { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned(), pid: std::process::id() }
}

fn refusal(code: RefusalCode, message: &str) -> Refusal {
    Refusal { code, message: message.to_owned() }
}

async fn refuse(writer: &FrameWriter, refused: Refusal) {
    tracing::info!(code = ?refused.code, "refused a connection");
    answer(writer, &ServerHello::Refused { refused }).await;
}

async fn answer(writer: &FrameWriter, hello: &ServerHello) {
    let mut wire = Vec::new();
    let encoded = serde_json::to_vec(hello).map(|payload| frame::encode(&payload, &mut wire));
    if matches!(encoded, Ok(Ok(()))) {
        writer.push(&wire);
    }
    if let Err(error) = writer.flush().await {
        tracing::debug!(%error, "a peer was gone before its hello was answered");
    }
}
