//! Waking an agent that is not looking: a line in every result, hooks, and a command for scripts.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::io::Write as _;
use std::process::Stdio;

use common::env::BRIDGECTL;
use common::{Daemon, Env, Pair, Shim, Value, json};

/// What a hook of this process, which is the client of the shims it started, answers to an event.
fn hook(env: &Env, event: &Value, agent: Option<&str>) -> String {
    let mut command = env.command(BRIDGECTL);
    command.args(["hook", "claude-code"]);
    if let Some(agent) = agent {
        command.args(["--agent", agent]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_result_says_that_mail_waits() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    assert!(pair.b.call("check_partner_status", json!({})).ok()["mail"].is_null());
    pair.send("one");
    pair.send("two");
    let seen = pair.b.call("check_partner_status", json!({})).ok();
    assert_eq!(seen["mail"], "2 waiting: call check_messages");
    assert_eq!(pair.fetch().len(), 2);
    assert!(pair.b.call("check_partner_status", json!({})).ok()["mail"].is_null());
}

#[test]
fn a_hook_tells_news_once_in_the_clients_form() {
    let env = Env::new();
    let prompt = json!({"hook_event_name": "UserPromptSubmit", "prompt": "go on"});
    assert_eq!(hook(&env, &prompt, None), "", "silent while the daemon is down");
    let _daemon = Daemon::start(&env);
    // `b` lives in this process; `a` does not.
    let mut a = Shim::below_client(&env);
    let created = common::pair::create(&mut a);
    let mut b = Shim::connect(&env);
    b.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
    assert_eq!(hook(&env, &prompt, None), "");
    a.call("send_to_partner", json!({"message": "one"})).ok();
    let stop = json!({"hook_event_name": "Stop", "stop_hook_active": true});
    assert_eq!(hook(&env, &stop, None), "", "a client may stop");
    let told = hook(&env, &prompt, None);
    assert_eq!(told, "1 message from backend waiting on the bridge: call check_messages.\n");
    assert_eq!(hook(&env, &prompt, None), "", "never the same twice");
    a.call("send_to_partner", json!({"message": "two"})).ok();
    let stopped = hook(&env, &json!({"hook_event_name": "Stop", "stop_hook_active": false}), None);
    let stopped: Value = serde_json::from_str(&stopped).unwrap();
    assert!(stopped["decision"] == "block" && stopped["reason"].as_str().unwrap().starts_with("2 messages"));
    assert_eq!(hook(&env, &prompt, Some("nobody")), "");
}

#[test]
fn a_script_waits_for_a_message() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let wait = |seconds: &str| {
        let mut command = env.command(BRIDGECTL);
        command.args(["wait", pair.created["conversation_id"].as_str().unwrap(), "b", "--timeout", seconds]);
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    assert_eq!(wait("0").wait_with_output().unwrap().status.code(), Some(1));
    let waiting = wait("300");
    pair.a.call("send_to_partner", json!({"message": "now"})).ok();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1 message from backend\n");
}
