//! Named agents: a restarted client goes on where it was, without a token.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use common::env::SHIM;
use common::pair::create;
use common::{Daemon, Env, Shim, json};

fn named(env: &Env, name: &str) -> Shim {
    let mut command = env.command(SHIM);
    command.args(["--agent", name]);
    let mut shim = Shim::from_command(command);
    shim.initialize(common::mcp::USUAL);
    shim
}

#[test]
fn a_restarted_client_has_its_conversation_and_what_it_did_not_acknowledge() {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    let mut backend = named(&env, "backend");
    let created = create(&mut backend);
    let mut frontend = named(&env, "frontend");
    frontend.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
    let first = frontend.call("send_to_partner", json!({"message": "one"})).ok()["message_id"].clone();
    assert_eq!(backend.call("check_messages", json!({})).ok()["messages"][0]["id"], first);
    backend.kill();

    let mut backend = named(&env, "backend");
    let again = backend.call("check_messages", json!({"wait_seconds": 30})).ok()["messages"][0].clone();
    assert_eq!((&again["id"], &again["redelivered"]), (&first, &json!(true)));
    backend.call("send_to_partner", json!({"message": "two"})).ok();
    let told = frontend.call("check_messages", json!({"wait_seconds": 30})).ok();
    assert_eq!(told["messages"][0]["message"], "two");

    // Also when daemon and client go down together.
    daemon.kill();
    backend.kill();
    let _daemon = Daemon::start(&env);
    let mut backend = named(&env, "backend");
    backend.call_stubbornly("send_to_partner", &json!({"message": "three"})).ok();
    let told = frontend.call_stubbornly("check_messages", &json!({"wait_seconds": 30})).ok();
    assert_eq!(told["messages"].as_array().unwrap().last().unwrap()["message"], "three");
}

#[test]
fn a_name_in_use_is_refused_clearly() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut first = named(&env, "backend");
    create(&mut first);
    let mut command = env.command(SHIM);
    command.env("BRIDGE_AGENT", "backend");
    let mut second = Shim::from_command(command);
    let refused = second.request("initialize", json!({"protocolVersion": "2025-06-18"}));
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("backend") && message.contains("in use by process"), "{message}");
    assert!(message.contains(&first.pid().to_string()) && message.contains("--agent"), "{message}");
    first.call("check_messages", json!({})).ok();
}

#[test]
fn another_name_has_nothing_of_it() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    create(&mut named(&env, "backend"));
    assert_eq!(named(&env, "frontend").call("check_messages", json!({})).code(), "not_in_a_conversation");
    assert_eq!(Shim::connect(&env).call("check_messages", json!({})).code(), "not_in_a_conversation");
}
