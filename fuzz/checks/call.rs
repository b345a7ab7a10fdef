//! The whole way of a tool call: lines of JSON-RPC as a client writes them, parsed, dispatched and stored in a real
//! database. Every call ends, with a result or with a refusal that says what to do, and nothing a caller writes is an
//! internal error.

use std::cell::RefCell;
use std::sync::Arc;

use bridge_daemon::bridge::Bridge;
use bridge_daemon::clock;
use bridge_daemon::live::{Connection, Outlet};
use bridge_daemon::mcp::parse::client_message;
use bridge_daemon::ops::delivery;
use bridge_daemon::ops::dispatch::{self, Request};
use bridge_daemon::store::{StoreThreads, state_dir};
use bridge_proto::control::Control;
use bridge_proto::paths::Paths;
use rmcp::model::{ClientRequest, JsonRpcMessage};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const CONFIG: &str = "
store.synchronous = 'normal'
limits.write = { per_minute = 4000000, per_hour = 4000000, per_day = 4000000 }
limits.read = { per_minute = 4000000, per_hour = 4000000, per_day = 4000000 }
limits.create = { per_minute = 4000000, per_hour = 4000000, per_day = 4000000 }
limits.failed_auth = { per_minute = 4000000, per_hour = 4000000, per_day = 4000000 }
";

/// A daemon without a socket.
struct Rig {
    bridge: Arc<Bridge>,
    runtime: Runtime,
    _threads: StoreThreads,
    _directory: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let state = directory.path().join("bridged");
        let paths = Paths { socket: state.join("s"), config: state.join("config.toml"), state };
        state_dir::prepare(&paths.state).expect("a state directory");
        std::fs::write(&paths.config, CONFIG).expect("a configuration");
        let (bridge, threads) = bridge_daemon::boot(paths).expect("a fresh state");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { bridge, runtime, _threads: threads, _directory: directory }
    }

    fn connect(&self) -> Arc<Connection> {
        let number = self.bridge.registry.connection_number();
        let connection = Arc::new(Connection::new(number, None, clock::now(), Box::new(Nowhere)));
        self.bridge.registry.connected(&connection);
        connection
    }
}

/// Where control frames go when there is no shim.
struct Nowhere;

impl Outlet for Nowhere {
    fn control(&self, _control: &Control) {}
}

thread_local! {
    static RIG: RefCell<Option<Rig>> = const { RefCell::new(None) };
}

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    RIG.with_borrow_mut(|rig| {
        let rig = rig.get_or_insert_with(Rig::new);
        let connection = rig.connect();
        for line in bytes.split(|byte| *byte == b'\n').take(8) {
            let Ok(JsonRpcMessage::Request(message)) = client_message(line) else { continue };
            let ClientRequest::CallToolRequest(call) = message.request else { continue };
            let Some(operation) = dispatch::find(&rig.bridge, &call.params.name) else { continue };
            // Whoever waits for mail has lost interest already.
            let cancelled = CancellationToken::new();
            cancelled.cancel();
            let arguments = call.params.arguments.unwrap_or_default();
            let request = Request { arguments, turn: None, cancelled, progress: None };
            let answer =
                rig.runtime.block_on(dispatch::dispatch(&rig.bridge, &connection, operation, request));
            if let Err(error) = answer.result {
                let refusal = error.to_json();
                assert!(refusal["error"].is_string() && refusal["message"].is_string(), "{refusal}");
                assert!(refusal["error"] != "internal" && refusal["error"] != "store_failed", "{refusal}");
            }
        }
        delivery::release(&rig.bridge, &connection);
        rig.bridge.registry.disconnected(connection.number);
    });
}
