//! The relay while daemons come and go.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed step is a failed test

mod common;

use std::io::Write as _;

use bridge_proto::control::Control;
use bridge_proto::hello::RefusalCode;
use common::{Client, Daemon, answer, call, failure};
use serde_json::json;

const INITIALIZE: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const LISTEN: &str =
    r#"{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{}}}"#;
const ACKNOWLEDGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"l"},"notifications":{}}}"#;

#[test]
fn a_restart_costs_only_the_call_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let mut client = Client::start(dir.path(), None);
    let (mut first, _) = daemon.welcome();
    client.write(INITIALIZE);
    assert_eq!(first.read_text(), INITIALIZE);
    first.write(&answer(0));
    assert_eq!(client.read(), answer(0));
    client.write(INITIALIZED);
    assert_eq!(first.read_text(), INITIALIZED);
    for key in ["k1", "k2", "k1"] {
        first.control(&Control::Bound { resume: key.into() });
    }
    client.write(&call(1));
    client.write(&call(2));
    assert_eq!((first.read_text(), first.read_text()), (call(1), call(2)));
    // One answer arrives whole, the other is cut off by the daemon's death.
    first.write(&answer(1));
    first.stream.write_all(&[0, 0, 0, 50, b'{']).unwrap();
    drop((first, daemon));
    assert_eq!(client.read(), answer(1));
    let lost = client.read_json();
    assert_eq!((&lost["id"], &lost["error"]["code"]), (&json!(2), &json!(-32001)));
    assert_eq!(lost["error"]["data"], json!({"retryable": true, "reason": "daemon_restarted"}));

    client.write(&call(3));
    let daemon = Daemon::start(dir.path());
    let (mut second, hello) = daemon.welcome();
    assert!(hello.reconnect);
    assert_eq!(
        hello.resume,
        ["k2", "k1"],
        "a key that comes again is the latest: it becomes the default again"
    );
    assert_eq!(
        [second.read_text(), second.read_text(), second.read_text()],
        [INITIALIZE, INITIALIZED, &call(3)]
    );
    second.write(&answer(0));
    second.write(&answer(3));
    assert_eq!(client.read(), answer(3), "the second answer to initialize is not for the client");
}

#[test]
fn an_initialize_under_way_survives_and_is_answered_once() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let mut client = Client::start(dir.path(), None);
    let (mut first, _) = daemon.welcome();
    client.write(INITIALIZE);
    assert_eq!(first.read_text(), INITIALIZE);
    drop(first);
    let (mut second, _) = daemon.welcome();
    assert_eq!(second.read_text(), INITIALIZE);
    second.write(&answer(0));
    assert_eq!(client.read(), answer(0));
}

#[test]
fn a_call_made_before_any_daemon_runs_is_sent_once_to_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Client::start(dir.path(), None);
    client.write(INITIALIZE);
    client.write(INITIALIZED);
    client.write(&call(1));
    let daemon = Daemon::start(dir.path());
    // A daemon that dies before it welcomes has executed nothing either.
    drop(daemon.accept());
    let (mut connection, hello) = daemon.welcome();
    assert!(!hello.reconnect);
    let seen = [connection.read_text(), connection.read_text(), connection.read_text()];
    assert_eq!(seen, [INITIALIZE, INITIALIZED, &call(1)]);
    connection.write(&answer(1));
    assert_eq!(client.read(), answer(1));
}

#[test]
fn an_open_listen_is_renewed_silently() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let mut client = Client::start(dir.path(), None);
    let (mut first, _) = daemon.welcome();
    client.write(LISTEN);
    assert_eq!(first.read_text(), LISTEN);
    first.write(ACKNOWLEDGED);
    assert_eq!(client.read(), ACKNOWLEDGED);
    drop(first);
    let (mut second, _) = daemon.welcome();
    assert_eq!(second.read_text(), LISTEN);
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    second.write(ACKNOWLEDGED);
    second.write(changed);
    assert_eq!(client.read(), changed, "the second acknowledgement is not for the client");

    client.write(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"l"}}"#);
    second.read_text();
    drop(second);
    client.write(&call(1));
    let (mut third, _) = daemon.welcome();
    // Not one byte of the call reached the dead daemon, so it was not lost either.
    assert_eq!(third.read_text(), call(1), "a cancelled listen is not renewed");
}

#[test]
fn a_refusal_is_told_to_the_client_and_ends_the_shim() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let mut client = Client::start(dir.path(), None);
    let (mut connection, _) = daemon.accept();
    connection.refuse(RefusalCode::ProtocolMismatch, "reinstall bridge-shim");
    client.write(INITIALIZE);
    let answer = client.read_json();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(0), &json!(-32000)));
    assert!(answer["error"]["message"].as_str().unwrap().contains("reinstall bridge-shim"));
    assert_eq!(client.wait(), (String::new(), failure()));
}

#[test]
fn a_daemon_that_is_shutting_down_is_waited_out() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let mut client = Client::start(dir.path(), None);
    client.write(&call(1));
    let (mut connection, _) = daemon.accept();
    connection.refuse(RefusalCode::ShuttingDown, "later");
    drop(connection);
    let (mut connection, _) = daemon.welcome();
    assert_eq!(connection.read_text(), call(1));
}

#[test]
fn a_daemon_that_breaks_the_protocol_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let mut client = Client::start(dir.path(), None);
    let (mut connection, _) = daemon.welcome();
    client.write(&call(1));
    connection.read_text();
    connection.stream.write_all(&[0xff; 64]).unwrap();
    assert_eq!(client.read_error(&json!(1)), -32001);
    let (mut connection, hello) = daemon.welcome();
    assert!(hello.reconnect);
    client.write(&call(2));
    assert_eq!(connection.read_text(), call(2));
}

#[test]
fn requests_piped_in_without_a_daemon_are_explained_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut client = Client::start(dir.path(), None);
    client.write(&call(1));
    let (rest, _) = client.finish();
    let answer: serde_json::Value = serde_json::from_str(&rest).unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32002)));
}
