//! Proves `bridgectl pair`: a person makes a conversation, two agents join it by one sentence each; agents may not.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use common::env::BRIDGECTL;
use common::{Daemon, Env, Shim, Value, audit_verify, json};

fn pair(env: &Env, arguments: &[&str]) -> (i32, Value, String) {
    let output = env.command(BRIDGECTL).arg("pair").args(arguments).arg("--json").output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default(), words)
}

#[test]
fn two_agents_join_what_a_person_made() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let (code, made, words) = pair(&env, &["backend developer", "reviewer", "--lifetime-minutes", "60"]);
    assert_eq!((code, &made["roles"]), (0, &json!(["backend developer", "reviewer"])), "{words}");
    assert!(!made.to_string().contains("token"), "{made}");
    let (mut first, mut second) = (Shim::connect(&env), Shim::connect(&env));
    let join = |shim: &mut Shim, index: usize| {
        shim.call("join_conversation", json!({"invite_code": made["invites"][index]["invite_code"]})).ok()
    };
    let joined = join(&mut first, 0);
    assert_eq!((&joined["session_id"], &joined["my_role"]), (&json!("a"), &json!("backend developer")));
    assert_eq!(first.call("check_partner_status", json!({})).ok()["alive"], false, "nobody is b yet");
    assert_eq!(join(&mut second, 1)["session_id"], "b");
    first.call("send_to_partner", json!({"message": "hello"})).ok();
    assert_eq!(second.call("check_messages", json!({})).ok()["messages"][0]["message"], "hello");

    let audit = env.command(BRIDGECTL).args(["audit", "--action", "pair", "--json"]).output().unwrap();
    let row: Value = serde_json::from_slice(&audit.stdout).unwrap();
    assert_eq!(
        (&row["actor"], &row["conversation_id"]),
        (&json!("human"), &made["conversation_id"]),
        "{row}"
    );
    assert_eq!(audit_verify(&env.paths().state), Vec::<String>::new());

    // Now this process is a client's parent, as an agent's shell would be.
    let (code, _, words) = pair(&env, &["backend developer", "reviewer"]);
    assert!(code == 4 && words.contains("for people"), "{words}");
}

#[test]
fn the_daemon_need_not_run_yet() {
    let mut env = Env::new();
    // Whether commands are allowed is not for whoever happens to be first to say.
    env.set("YOLO_MODE", "1");
    let (code, made, words) = pair(&env, &["backend", "reviewer"]);
    assert_eq!(code, 0, "{words}");
    let mut shim = Shim::connect(&env);
    shim.call("join_conversation", json!({"invite_code": made["invites"][0]["invite_code"]})).ok();
    let tools = shim.request("tools/list", json!({})).to_string();
    assert!(tools.contains("send_to_partner") && !tools.contains("execute_command"), "{tools}");
}

#[test]
fn impossible_wishes_are_refused() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let (code, _, words) = pair(&env, &["backend", "x"]);
    assert!(code == 1 && words.contains("1 characters"), "{words}");
    let (code, _, words) = pair(&env, &["backend", "reviewer", "--lifetime-minutes", "0"]);
    assert!(code == 1 && words.contains("between 1 and 10080"), "{words}");
}
