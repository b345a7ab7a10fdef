//! The relay with both ends alive.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a failed step is a failed test

mod common;

use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bridge_proto::control::Control;
use bridge_proto::frame::MAX_PAYLOAD;
use common::{Client, Daemon, answer, call, start_relay, success, until};
use serde_json::{Value, json};

/// A client and a daemon that have said hello.
fn pair(dir: &std::path::Path) -> (Client, Daemon, common::Connection) {
    let daemon = Daemon::start(dir);
    let client = Client::start(dir, None);
    let (connection, hello) = daemon.welcome();
    assert!(hello.agent.is_some_and(|name| name.starts_with("agent-")));
    assert_eq!((hello.reconnect, hello.resume.len()), (false, 0));
    (client, daemon, connection)
}

#[test]
fn bytes_pass_unchanged_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, mut daemon) = pair(dir.path());
    let up = [
        r#"{ "jsonrpc" : "2.0",  "id": 1, "method":"x", "params":{"é":"\ud83d\ude00 😀","n":1.0e5} }"#
            .to_owned(),
        format!(r#"{{"id":2,"method":"x","params":"{}"}}"#, "a".repeat(300_000)),
        format!(r#"{{"id":3,"method":"x","params":"{}"}}"#, "b".repeat(MAX_PAYLOAD - 34)),
        r#"{"jsonrpc":"2.0","id":"server-1","result":{}}"#.to_owned(),
    ];
    for line in &up {
        let mut bytes = line.clone().into_bytes();
        bytes.extend_from_slice(b"\r\n\n");
        let mut stdin = client.stdin.try_clone().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
        assert!(daemon.read_text() == *line);
        writer.join().unwrap();
    }
    let down = [
        r#"{"jsonrpc":"2.0", "id":1,  "result":"\u0000 é😀"}"#.to_owned(),
        format!(r#"{{"id":2,"result":"{}"}}"#, "c".repeat(MAX_PAYLOAD - 20)),
        r#"{"jsonrpc":"2.0","method":"notifications/message"}"#.to_owned(),
    ];
    for line in &down {
        let (payload, mut stream) = (line.clone(), daemon.stream.try_clone().unwrap());
        let writer = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            bridge_proto::frame::encode(payload.as_bytes(), &mut bytes).unwrap();
            stream.write_all(&bytes).unwrap();
        });
        assert!(client.read() == *line);
        writer.join().unwrap();
    }
}

#[test]
fn a_confirmed_delivery_comes_after_the_answer_and_before_the_next_call() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, mut daemon) = pair(dir.path());
    for lease in 0..200 {
        client.write(&call(lease));
        assert_eq!(daemon.read_text(), call(lease));
        daemon.write_all(&[answer(lease).as_bytes(), &Control::Confirm { lease }.to_payload()]);
        assert_eq!(client.read(), answer(lease));
        client.write(&call(1000 + lease));
        assert_eq!(Control::parse(&daemon.read().unwrap()).unwrap(), Control::Delivered { lease });
        assert_eq!(daemon.read_text(), call(1000 + lease));
        daemon.write(&answer(1000 + lease));
        assert_eq!(client.read(), answer(1000 + lease));
    }
}

#[test]
fn no_delivery_is_confirmed_while_the_client_has_not_taken_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let (stdin, mut client_in) = std::io::pipe().unwrap();
    let (mut client_out, stdout) = std::io::pipe().unwrap();
    let _relay = start_relay(dir.path(), stdin.into(), stdout.into(), None);
    let (mut daemon, _) = daemon.welcome();
    let long = format!(r#"{{"id":1,"result":"{}"}}"#, "x".repeat(500_000));
    daemon.write_all(&[long.as_bytes(), &Control::Confirm { lease: 5 }.to_payload()]);
    // The pipe holds 64 KiB of it: a call made now still overtakes the receipt.
    writeln!(client_in, "{}", call(2)).unwrap();
    assert_eq!(daemon.read_text(), call(2));
    let mut line = vec![0; long.len() + 1];
    client_out.read_exact(&mut line).unwrap();
    assert!(line.strip_suffix(b"\n").unwrap() == long.as_bytes());
    assert_eq!(Control::parse(&daemon.read().unwrap()).unwrap(), Control::Delivered { lease: 5 });
}

#[test]
fn lines_that_must_not_pass_are_answered_and_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, mut daemon) = pair(dir.path());
    let long = format!(r#"{{"id":1,"method":"x","params":"{}"}}"#, "y".repeat(2 * MAX_PAYLOAD));
    let deep = format!(r#"{{"id":9,"method":"x","params":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (line, id, code) in [
        (long.as_bytes(), json!(1), -32600),
        (br#"{"id":2,"method":"x","params":"#, json!(2), -32700),
        (b"no json at all", Value::Null, -32700),
        (b"{\"id\":3,\"method\":\"\xff\xfe\"}", json!(3), -32700),
        (br#"[{"id":4,"method":"x"}]"#, Value::Null, -32600),
        (br#"{"bridge":{"delivered":{"lease":1}},"id":"f"}"#, json!("f"), -32600),
        (br#" {"bridge":"going_away"}"#, Value::Null, -32600),
    ] {
        client.stdin.write_all(line).unwrap();
        client.stdin.write_all(b"\n").unwrap();
        assert_eq!(client.read_error(&id), code, "{}", String::from_utf8_lossy(&line[..20.min(line.len())]));
    }
    client.write(&deep);
    assert_eq!(daemon.read_text(), deep, "the daemon saw none of the others");
}

#[test]
fn ten_thousand_requests_without_reading_an_answer() {
    const COUNT: usize = 10_000;
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, mut daemon) = pair(dir.path());
    let written = Arc::new(AtomicUsize::new(0));
    let (mut stdin, counter) = (client.stdin.try_clone().unwrap(), Arc::clone(&written));
    let writer = std::thread::spawn(move || {
        for id in 0..COUNT {
            stdin.write_all(format!("{}\n", call(id)).as_bytes()).unwrap();
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let answers = std::thread::spawn(move || {
        let body = "z".repeat(2_000);
        for _ in 0..COUNT {
            let request: Value = serde_json::from_slice(&daemon.read().unwrap()).unwrap();
            daemon.write(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":"{body}"}}"#, request["id"]));
        }
        daemon
    });
    // 20 MB of answers for a client that does not read: the relay must stop somewhere, and go on later.
    until(|| written.load(Ordering::Relaxed) > 500);
    for id in 0..COUNT {
        assert_eq!(client.read_json()["id"], json!(id));
    }
    writer.join().unwrap();
    answers.join().unwrap();
}

#[test]
fn answers_under_way_are_still_shown_when_standard_input_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, mut daemon) = pair(dir.path());
    client.write(&call(1));
    client.stdin.write_all(call(2).as_bytes()).unwrap();
    let answers = std::thread::spawn(move || {
        for id in [1, 2] {
            assert_eq!(daemon.read_text(), call(id), "the last line needs no newline");
            daemon.write(&answer(id));
        }
        assert_eq!(daemon.read(), None, "then the shim is gone");
    });
    let (rest, code) = client.finish();
    assert_eq!(rest, format!("{}\n{}\n", answer(1), answer(2)));
    assert_eq!(code, success());
    answers.join().unwrap();
}

#[test]
fn time_spent_idle_is_not_counted_against_the_last_answers() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, mut daemon) = pair(dir.path());
    client.write(&call(1));
    assert_eq!(daemon.read_text(), call(1));
    // Not to wait for anything: longer than the time the relay stays after its client closed.
    std::thread::sleep(Duration::from_millis(800));
    client.stdin.shutdown(std::net::Shutdown::Write).unwrap();
    daemon.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let still_there = daemon.stream.read(&mut [0]).unwrap_err();
    assert_eq!(still_there.kind(), std::io::ErrorKind::WouldBlock);
    daemon.write(&answer(1));
    assert_eq!(client.wait(), (format!("{}\n", answer(1)), success()));
}

#[test]
fn a_cut_last_line_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _daemon, _connection) = pair(dir.path());
    client.stdin.write_all(br#"{"id":6,"method":"x","par"#).unwrap();
    let (rest, _) = client.finish();
    let answer: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(6), &json!(-32700)));
}

#[test]
fn gone_within_a_second_of_standard_input_closing_whatever_hangs() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let (stdin, client_in) = std::io::pipe().unwrap();
    let (client_out, stdout) = std::io::pipe().unwrap();
    let relay = start_relay(dir.path(), stdin.into(), stdout.into(), None);
    let (mut connection, _) = daemon.welcome();
    writeln!(&client_in, "{}", call(1)).unwrap();
    assert_eq!(connection.read_text(), call(1));
    // Nobody reads standard output, and its pipe is full.
    connection.write(&format!(r#"{{"method":"x","params":"{}"}}"#, "x".repeat(500_000)));
    let closed = Instant::now();
    drop(client_in);
    assert_eq!(relay.join().unwrap(), success());
    assert!(closed.elapsed() < Duration::from_secs(1), "{:?}", closed.elapsed());
    drop(client_out);
}

#[test]
fn gone_within_a_second_even_while_not_reading_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let (stdin, client_in) = std::io::pipe().unwrap();
    let (_client_out, stdout) = std::io::pipe().unwrap();
    let relay = start_relay(dir.path(), stdin.into(), stdout.into(), None);
    let (_hangs, _) = daemon.welcome();
    nix::fcntl::fcntl(client_in.as_fd(), nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))
        .unwrap();
    let line = format!("{}\n", call(1)).repeat(100);
    // Until a daemon that reads nothing, a relay that stops at its limit, and the pipe are all full: the pipe stays
    // full for longer than the relay would need to make room.
    let mut full_since = Instant::now();
    while full_since.elapsed() < Duration::from_millis(200) {
        if (&client_in).write(line.as_bytes()).is_ok() {
            full_since = Instant::now();
        }
        std::thread::yield_now();
    }
    let closed = Instant::now();
    drop(client_in);
    assert_eq!(relay.join().unwrap(), success());
    assert!(closed.elapsed() < Duration::from_secs(1), "{:?}", closed.elapsed());
}

#[test]
fn gone_at_once_when_standard_output_closes() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let (stdin, _client_in) = std::io::pipe().unwrap();
    let (client_out, stdout) = std::io::pipe().unwrap();
    let relay = start_relay(dir.path(), stdin.into(), stdout.into(), None);
    let (mut connection, _) = daemon.welcome();
    drop(client_out);
    assert_eq!(relay.join().unwrap(), success());
    assert_eq!(connection.read(), None);
}
