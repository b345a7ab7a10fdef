//! Proves the lives of the processes: one daemon however many shims look for it, a second one that refuses, shims that
//! go with their clients, and a daemon that drains on SIGTERM and tunes itself on SIGHUP.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::env::{BRIDGED, SHIM};
use common::pair::create;
use common::processes::{is_running, signal};
use common::{Daemon, Env, NO_LIMITS, Outcome, Pair, Shim, json, until};
use nix::sys::signal::Signal;

/// What a shim may take to follow its client.
const SOON: Duration = Duration::from_secs(1);

#[test]
fn fifty_shims_at_once_start_one_daemon() {
    let env = Env::with_config(NO_LIMITS);
    let mut shims: Vec<Shim> = (0..50).map(|_| Shim::spawn(&env)).collect();
    let mut created = std::collections::BTreeSet::new();
    for shim in &mut shims {
        shim.initialize(common::mcp::USUAL);
    }
    for shim in &mut shims {
        created.insert(create(shim)["conversation_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(created.len(), 50);
    assert_eq!(env.processes("bridged").len(), 1, "daemons:\n{}", env.log());
    assert_eq!(env.processes("bridged"), env.locked_by().into_iter().collect::<Vec<_>>());
    assert_eq!(env.log().matches("bridged is ready").count(), 1, "{}", env.log());
    // It is nobody's child: it stays when all of them go.
    for shim in &mut shims {
        shim.hang_up();
    }
    for shim in &mut shims {
        assert!(shim.ended().0.success());
    }
    assert_eq!(env.processes("bridged").len(), 1);
    assert!(env.processes("bridge-shim").is_empty());
}

#[test]
fn a_second_daemon_refuses_and_names_the_first() {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    let second = env.command(BRIDGED).output().unwrap();
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(3), "{words}");
    assert!(words.contains(&format!("pid {}", daemon.pid())), "{words}");
    // Another socket does not help: the state is what there is one of.
    let elsewhere =
        env.command(BRIDGED).env("BRIDGED_SOCKET", env.root().join("other/b.sock")).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(3));
    create(&mut Shim::connect(&env));
    assert_eq!(env.locked_by(), Some(daemon.pid()), "the lock still names the first");
    assert_eq!(env.processes("bridged"), [daemon.pid()]);
}

#[test]
fn a_shim_goes_with_its_client() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    // Idle, and with a call of five minutes under way.
    pair.b.begin_call("check_messages", json!({"wait_seconds": 300}));
    pair.b.call("check_partner_status", json!({})).ok();
    for shim in [&mut pair.a, &mut pair.b] {
        shim.hang_up();
        let (status, took) = shim.ended();
        assert!(status.success() && took < SOON, "{status} after {took:?}");
    }
    assert!(env.processes("bridge-shim").is_empty());
}

#[test]
fn a_shim_goes_with_a_client_that_was_killed() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",
        "capabilities":{},"clientInfo":{"name":"sh","version":"1"}}}"#;
    let request = request.replace('\n', "");
    // A shell is the client: it alone holds the other end of the shim's standard input.
    let script = format!(
        "mkfifo in; '{SHIM}' < in & exec 3> in; echo $!; printf '%s\\n' '{request}' >&3; read forever"
    );
    let mut client = env.command("/bin/sh");
    let mut client =
        client.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines().map(Result::unwrap);
    let shim: i32 = lines.next().unwrap().parse().unwrap();
    assert!(lines.next().unwrap().contains("serverInfo"), "the shim relays");
    assert!(is_running(shim));
    client.kill().unwrap();
    let start = Instant::now();
    until("the shim is gone", || !is_running(shim));
    assert!(start.elapsed() < SOON, "after {:?}", start.elapsed());
    client.wait().unwrap();
}

#[test]
fn a_shim_goes_with_its_client_while_no_daemon_can_be_reached() {
    let mut env = Env::new();
    env.set("BRIDGE_NO_AUTOSTART", "1");
    let mut shim = Shim::spawn(&env);
    let call = shim.begin("ping", json!({}));
    shim.hang_up();
    let (_, took) = shim.ended();
    assert!(took < SOON, "after {took:?}");
    let told: Vec<_> = shim.drain();
    assert_eq!((told[0]["id"].as_u64(), &told[0]["error"]["data"]["retryable"]), (Some(call), &json!(true)));
    assert!(env.processes("bridged").is_empty(), "it was told not to start one");
}

#[test]
fn what_a_killed_daemon_leaves_behind_stops_nobody() {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    let mut shim = Shim::connect(&env);
    create(&mut shim);
    daemon.kill();
    assert!(env.paths().socket.exists(), "the socket file of the dead");
    // By a shim.
    assert!(shim.call_stubbornly("check_messages", &json!({})).ok()["messages"].is_array());
    let second = env.locked_by().unwrap();
    signal(second, Signal::SIGKILL);
    until("the second daemon is gone", || !is_running(second));
    shim.kill();
    // By a person; even where somebody else's dead socket lies.
    std::fs::remove_file(env.paths().socket).unwrap();
    drop(UnixListener::bind(env.paths().socket).unwrap());
    let daemon = Daemon::start(&env);
    create(&mut Shim::connect(&env));
    assert!(daemon.terminate().success());
    assert!(!env.paths().socket.exists(), "an orderly end tidies up");
}

#[test]
fn sigterm_drains() {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let wait = pair.b.begin_call("check_messages", json!({"wait_seconds": 300}));
    pair.b.call("check_partner_status", json!({})).ok();
    pair.send("before the end");
    Outcome(pair.b.answer(wait)).ok();
    let wait = pair.b.begin_call("check_messages", json!({"wait_seconds": 300}));
    pair.b.call("check_partner_status", json!({})).ok();
    assert!(daemon.terminate().success());
    let answer = Outcome(pair.b.answer(wait));
    assert!(answer.is_retryable() || answer.ok()["messages"] == json!([]), "{answer:?}");
    let seal = std::fs::read_to_string(env.paths().seal()).unwrap();
    assert!(seal.starts_with('0'), "sealed on the way out: {seal}");
    let wal = env.paths().database().with_extension("db-wal");
    assert_eq!(std::fs::metadata(wal).map_or(0, |file| file.len()), 0, "nothing is left in the WAL");
    // The clients never notice: the next call starts the next daemon.
    let sent = pair.a.call_stubbornly("send_to_partner", &json!({"message": "after the end"}));
    sent.ok();
    let fetched = pair.b.call_stubbornly("check_messages", &json!({"wait_seconds": 300})).ok();
    assert_eq!(fetched["messages"][0]["message"], "after the end");
}

#[test]
fn every_answered_call_survives_sigterm_under_load() {
    let env = Env::with_config(NO_LIMITS);
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let calls: Vec<u64> =
        (0..400).map(|n| pair.a.begin_call("send_to_partner", json!({"message": n.to_string()}))).collect();
    Outcome(pair.a.answer(calls[20])).ok();
    assert!(daemon.terminate().success());
    let stored: Vec<String> =
        common::database::column(&env, "SELECT 'msg_' || id FROM message ORDER BY id", []);
    let mut answered = 0;
    for call in calls.into_iter().filter(|call| *call != 0) {
        if !pair.a.has_answer(call) {
            continue;
        }
        let outcome = Outcome(pair.a.answer(call));
        if outcome.0["result"]["isError"] == false {
            assert!(stored.contains(&outcome.ok()["message_id"].as_str().unwrap().to_owned()));
            answered += 1;
        }
    }
    assert!(answered > 0);
}

#[test]
fn sighup_reloads_and_a_bad_configuration_changes_nothing() {
    let limits = |per_minute: u32| {
        format!("[limits.write]\nper_minute = {per_minute}\nper_hour = 1000\nper_day = 1000\n")
    };
    let env = Env::with_config(&limits(1));
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let say = json!({"message": "x"});
    pair.a.call("send_to_partner", say.clone()).ok();
    assert_eq!(pair.a.call("send_to_partner", say.clone()).refused()["limit"]["calls"], 1);
    env.write_config(&limits(500));
    daemon.signal(Signal::SIGHUP);
    until("the new limits are in force", || {
        pair.a.call("send_to_partner", say.clone()).0["result"]["isError"] == false
    });
    for bad in
        ["[limits.write]\nper_minute = \"many\"\n", "[limit]\n", "[mcp]\nhighest_revision = \"1999\"\n", "]"]
    {
        let before = env.log().matches("not valid").count();
        env.write_config(bad);
        daemon.signal(Signal::SIGHUP);
        until("the refusal is in the log", || env.log().matches("not valid").count() > before);
        for _ in 0..5 {
            pair.a.call("send_to_partner", say.clone()).ok();
        }
    }
    assert_eq!(env.processes("bridged"), [daemon.pid()]);
    // The same file at the start is an error that names key and file.
    assert!(daemon.terminate().success());
    env.write_config("[limits.wirte]\nper_minute = 5\n");
    let output = env.command(BRIDGED).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("limits.wirte") && words.contains("limits.write"), "{words}");
    assert!(words.contains("config.toml"), "{words}");
}

#[test]
fn a_daemon_that_cannot_start_is_explained_to_the_client() {
    let env = Env::with_config("[nonsense]\n");
    let mut shim = Shim::spawn(&env);
    let answer = shim.request("ping", json!({}));
    assert_eq!(answer["error"]["data"]["retryable"], true, "{answer}");
    let words = answer["error"]["message"].as_str().unwrap();
    assert!(words.contains("nonsense") && words.contains("bridged.log"), "{words}");
    assert!(env.processes("bridged").is_empty());
}
