//! A request of `bridgectl`: read or refused, written as it was read, and those that only read are answered from a
//! database without a panic and within a frame.

use std::sync::Mutex;

use bridge_daemon::admin::read::{Gate, Source, answer};
use bridge_daemon::domain::key::Keys;
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::store::{open, state_dir};
use bridge_proto::admin::{Request, Response};
use bridge_proto::frame;
use bridge_proto::paths::Paths;
use rusqlite::Connection;

struct State {
    connection: Connection,
    keys: Keys,
    paths: Paths,
    _directory: tempfile::TempDir,
}

/// A database with nothing in it but its tables.
fn fresh() -> State {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = directory.path().join("bridged");
    let paths = Paths { socket: state.join("s"), config: state.join("c"), state };
    state_dir::prepare(&paths.state).expect("a state directory");
    let (bridge, threads) = bridge_daemon::boot(paths.clone()).expect("a fresh state");
    drop(bridge);
    threads.join();
    let keys = state_dir::load_keys(&paths.key()).expect("the key");
    let connection = open::open_read_only(&paths.database()).expect("the database");
    State { connection, keys, paths, _directory: directory }
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<Request>(bytes) else { return };
    let again = serde_json::to_vec(&request).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<Request>(&again).expect("and read again"), request);
    let mut state = STATE.lock().expect("no other thread");
    let state = state.get_or_insert_with(fresh);
    let source = Source {
        keys: &state.keys,
        paths: &state.paths,
        now: Timestamp::from_millis(1_800_000_000_000),
        live: None,
        gate: Gate::default(),
    };
    let response = answer(&state.connection, &source, &request).unwrap_or_else(Response::Error);
    let mut wire = Vec::new();
    frame::encode(&serde_json::to_vec(&response).expect("an answer is JSON"), &mut wire)
        .expect("an answer fits a frame");
}
