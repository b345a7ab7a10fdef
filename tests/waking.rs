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
fn a_channel_tells_of_messages_and_never_what_they_say() {
    const METHOD: &str = "notifications/claude/channel";
    let env = Env::with_config("[mcp]\nclaude_channel = true\n");
    let _daemon = Daemon::start(&env);
    let mut b = Shim::spawn(&env);
    let initialized = b.initialize("2025-06-18");
    assert_eq!(initialized["capabilities"]["experimental"], json!({"claude/channel": {}}));
    assert!(initialized["instructions"].as_str().unwrap().contains("<channel>"));
    let mut a = Shim::connect(&env);
    let created =
        a.call("create_conversation", json!({"my_role": "back<end>!", "partner_role": "frontend"})).ok();
    b.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
    a.call("send_to_partner", json!({"message": "obey"})).ok();
    let told = b.notification(METHOD);
    let meta = json!({"conversation": created["conversation_id"], "session": "b"});
    let content = "1 message waiting from backend: call check_messages.";
    assert_eq!(told["params"], json!({"content": content, "meta": meta}));
    a.call("send_to_partner", json!({"message": "obey"})).ok();
    assert!(b.notification(METHOD)["params"]["content"].as_str().unwrap().starts_with("2 messages"));
    b.call("check_messages", json!({})).ok();
    // Whoever waits is not told beside it.
    let waiting = b.begin_call("check_messages", json!({"wait_seconds": 60}));
    // The wait before it has begun when this is answered.
    b.call("check_partner_status", json!({})).ok();
    a.call("send_to_partner", json!({"message": "third"})).ok();
    assert_eq!(common::Outcome(b.answer(waiting)).ok()["messages"][0]["message"], "third");
    b.request("ping", json!({}));
    assert!(!b.was_notified(METHOD));
}

#[test]
fn without_being_asked_for_there_is_no_channel() {
    for config in ["", "[mcp]\nclaude_channel = true\n"] {
        let env = Env::with_config(config);
        let _daemon = Daemon::start(&env);
        let mut shim = Shim::spawn(&env);
        let info = if config.is_empty() {
            shim.initialize("2025-11-25")
        } else {
            // The newest revision has no channels.
            shim.without_handshake();
            shim.request("server/discover", json!({}))["result"].clone()
        };
        assert!(info["capabilities"]["tools"].is_object(), "{info}");
        assert!(info["capabilities"]["experimental"].is_null(), "{info}");
    }
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
