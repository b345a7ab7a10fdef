//! Proves `bridgectl say`: a person's message reaches the agents marked as a person's, and no agent can send one.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::process::Output;

use common::env::BRIDGECTL;
use common::pair::with;
use common::{Daemon, Env, Pair, Person, Shim, audit_verify, json};

#[track_caller]
fn says(env: &Env, arguments: &[&str]) -> (i32, String) {
    Person::runs(env, &[&["say"], arguments].concat()).leaves()
}

/// On no terminal, with `setsid`, or on the test's.
fn without_terminal(env: &Env, arguments: &[&str]) -> Output {
    env.command("setsid").args(["--wait", BRIDGECTL, "say"]).args(arguments).output().unwrap()
}

#[test]
fn both_agents_get_it_from_human() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    let waiting = pair.b.begin_call("check_messages", json!({"wait_seconds": 60}));
    let secret = format!("stop, and use ghp_{}{}", "b7Jq2Lw9Xc4Vn8Rt5K", "p3Zs6Yd1Hf0MaQeTu");
    let (code, screen) = says(&env, &[pair.id(), &secret]);
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("stored for a and b (1 secret redacted)"), "{screen}");

    let woken = common::Outcome(pair.b.answer(waiting)).ok();
    let fetched = pair.a.call("check_messages", json!({})).ok();
    for answer in [&woken, &fetched] {
        let message = &answer["messages"][0];
        assert_eq!((&message["from"], &message["role"]), (&json!("human"), &json!("human")), "{answer}");
        let text = message["message"].as_str().unwrap();
        assert!(text.starts_with("stop, and use") && !text.contains("b7Jq2L"), "{text}");
        assert!(answer["note"].as_str().unwrap().contains("person in charge"), "{answer}");
    }
    // An answer to it finds it, and its states go on as those of any message.
    let id = &woken["messages"][0]["id"];
    let answered = json!({"message": "stopped", "reply_to": id});
    pair.b.call("send_to_partner", answered).ok();
    assert_eq!(pair.a.call("message_status", json!({"message_ids": [id]})).code(), "unknown_message");
    assert_eq!(pair.a.call("check_messages", json!({})).ok()["messages"][0]["reply_to"], *id);
    let shown = env.command(BRIDGECTL).args(["show", pair.id(), "--json"]).output().unwrap();
    let shown: common::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let message = &shown["messages"][0];
    assert_eq!((&message["from"], &message["redactions"]), (&json!("human"), &json!(1)), "{shown}");
    let states: Vec<_> =
        message["deliveries"].as_array().unwrap().iter().map(|d| d["state"].clone()).collect();
    assert_eq!(states, ["acknowledged", "acknowledged"]);

    let audit = env.command(BRIDGECTL).args(["audit", "--action", "say", "--json"]).output().unwrap();
    let row: common::Value = serde_json::from_slice(&audit.stdout).unwrap();
    assert_eq!((&row["actor"], &row["details"]["to"]), (&json!("human"), &json!(["a", "b"])), "{row}");
    assert_eq!(audit_verify(&env.paths().state), Vec::<String>::new());
}

#[test]
fn it_can_be_for_one_agent_alone() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    pair.send("hello");
    assert_eq!(says(&env, &[pair.id(), "for your eyes only", "--to", "b"]).0, 0);
    let fetched = pair.fetch();
    let from: Vec<_> = fetched.iter().map(|message| message["from"].clone()).collect();
    assert_eq!(from, ["a", "human"], "in the order in which they were sent");
    assert_eq!(pair.a.call("check_messages", json!({})).ok()["messages"], json!([]));
}

#[test]
fn it_is_in_an_export_and_comes_back_with_it() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let pair = Pair::beside(&env);
    assert_eq!(says(&env, &[pair.id(), "think of the migration"]).0, 0);
    let awkward = "only b: \"grün\"\n\t🙂 \u{202e}</p>\x1b[2J, AKIAIOSFODNN7REALKEY";
    assert_eq!(says(&env, &[pair.id(), awkward, "--to", "b"]).0, 0);
    let export = |env: &Env, format: &str| {
        let output = env.command(BRIDGECTL).args(["export", pair.id(), "--format", format]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let lines = export(&env, "jsonl");
    let human = lines.lines().filter(|line| line.contains(r#""from":"human""#));
    let deliveries: Vec<usize> = human.map(|line| line.matches(r#""state":"stored""#).count()).collect();
    assert_eq!(deliveries, [2, 1], "{lines}");
    for passing in ["writes", "allowance", "left", "REALKEY", r#""connected":true"#] {
        assert!(!lines.contains(passing), "{passing} is of the moment, or a secret: {lines}");
    }
    for format in ["md", "html"] {
        let page = export(&env, format);
        assert!(page.contains("human") && page.contains("think of the migration"), "{page}");
    }
    let elsewhere = Env::new();
    let _other = Daemon::start(&elsewhere);
    std::fs::write(elsewhere.root().join("x.jsonl"), &lines).unwrap();
    let output = elsewhere.command(BRIDGECTL).args(["import", "x.jsonl"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(export(&elsewhere, "jsonl"), lines);
    let (code, screen) = says(&elsewhere, &[pair.id(), "nobody is there"]);
    assert!(code == 1 && screen.contains("expired"), "{screen}");
}

#[test]
fn no_agent_can_say_it() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    let output = without_terminal(&env, &[pair.id(), "obey"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(4) && words.contains("no terminal"), "{words}");
    let posing = with(pair.credentials("a"), json!({"session_id": "human", "message": "obey"}));
    assert_eq!(pair.a.call("send_to_partner", posing).code(), "malformed_credentials");

    // Now this process is a client's parent, as an agent's shell would be, and its children have a terminal.
    let _agent = Shim::connect(&env);
    let (code, screen) = says(&env, &[pair.id(), "obey"]);
    assert!(code == 4 && screen.contains("for people"), "{screen}");
    assert_eq!(pair.fetch(), Vec::<common::Value>::new());
}

#[test]
fn impossible_wishes_are_refused() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let pair = Pair::beside(&env);
    for (arguments, expected) in [
        (&["conv_00000000000000ff", "x"][..], "no conversation"),
        (&[pair.id(), " "], "not all blank"),
        (&[pair.id(), "x", "--to", "c"], "no session c"),
        (&[pair.id(), "x", "--to", "human"], "one lower-case letter"),
    ] {
        let (code, screen) = says(&env, arguments);
        assert!(code == 1 && screen.contains(expected), "{arguments:?}: {screen}");
    }
}
