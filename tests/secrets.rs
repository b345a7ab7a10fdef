//! Proves that nothing secret stays anywhere: after secrets of every kind were sent through every tool, every field
//! and every way to fail, neither database, WAL, shared memory, seal nor logs (at the level `trace`) hold any of them,
//! nor any session token, invite code or resume key; and the partner does not get them either.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bridge_proto::control::Control;
use bridge_proto::hello::{ClientHello, Role};
use common::env::{BRIDGECTL, SHIM};
use common::pair::{create, credentials, token, with};
use common::{Chance, Daemon, Env, NO_LIMITS, Pair, Raw, Shim, Value, json, until};

/// A secret as it is sent, and the part of it that must be nowhere.
struct Secret {
    text: String,
    needle: String,
}

/// Made up anew in each run, so that nothing else on the machine can hold them.
fn secrets(chance: &mut Chance) -> Vec<Secret> {
    const ANY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut draw = |letters: &str, count: usize| -> String {
        (0..count).map(|_| char::from(letters.as_bytes()[chance.below(letters.len())])).collect()
    };
    let mut all = Vec::new();
    let mut add = |before: &str, needle: String, after: &str| {
        all.push(Secret { text: format!("{before}{needle}{after}"), needle });
    };
    add("", format!("AKIA{}", draw("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)), "");
    add("aws_secret_access_key = ", draw(ANY, 40), "");
    add("", format!("ghp_{}", draw(ANY, 36)), "");
    add("", format!("sk-proj-{}", draw(ANY, 48)), "");
    add("password: ", format!("{}1x", draw(ANY, 14)), "");
    add("api_key=", draw(ANY, 32), "");
    add("Authorization: Bearer ", draw(ANY, 40), "");
    add("client_secret=\"", draw(ANY, 30), "\"");
    add("postgres://app:", draw(ANY, 20), "@db.internal/app");
    let lines: Vec<String> = (0..6).map(|_| draw(ANY, 64)).collect();
    let key = format!("{}\n{}\n", lines[0], lines[1..].join("\n"));
    all.push(Secret {
        text: format!("-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----"),
        needle: lines[2].clone(),
    });
    all
}

/// Sends a text through every argument of every tool; most of these calls fail, each in its own way.
fn through_every_field(pair: &mut Pair, text: &str, short: &str) {
    let calls = [
        ("send_to_partner", json!({"message": format!("marker {text} end"), "files_involved": [text]})),
        ("send_to_partner", json!({"message": {"nested": text}})),
        ("send_to_partner", json!({"message": "m", "files_involved": text})),
        ("send_to_partner", json!({"message": "m", "action_type": text})),
        ("send_to_partner", json!({"message": "m", "reply_to": text})),
        ("send_to_partner", json!({"message": "m", "idempotency_key": short})),
        ("send_to_partner", json!({"message": "m", text: text})),
        ("send_to_partner", json!({"message": format!("{text}{}", "x".repeat(50_000))})),
        ("check_messages", json!({"wait_seconds": text})),
        ("check_messages", json!({"acknowledge": [text]})),
        ("message_status", json!({"message_ids": [text]})),
        ("update_my_status", json!({"status": "working", "note": short})),
        ("update_my_status", json!({"status": text})),
        ("update_my_status", json!({"status": "working", "note": {text: text}})),
        ("create_conversation", json!({"my_role": short, "partner_role": short})),
        ("create_conversation", json!({"my_role": "role", "partner_role": "role", "lifetime_minutes": text})),
        ("join_conversation", json!({"invite_code": text})),
        ("join_conversation", json!({"invite_code": [text]})),
        ("check_partner_status", json!({"conversation_id": text})),
        ("check_partner_status", json!({"session_id": text})),
        ("check_partner_status", json!({"token": text})),
        ("check_partner_status", json!({"token": {"is": text}})),
    ];
    let first = pair.created["conversation_id"].clone();
    for (tool, arguments) in calls {
        let arguments = if tool == "send_to_partner" {
            with(json!({"conversation_id": first}), arguments)
        } else {
            arguments
        };
        pair.a.call(tool, arguments);
    }
}

/// Sends a text in every place of the protocol that is no argument.
fn through_the_protocol(env: &Env, shim: &mut Shim, text: &str) {
    shim.call(text, json!({}));
    shim.request(text, json!({text: text}));
    shim.request("tools/call", json!({"name": "check_messages", "arguments": text}));
    shim.notify(text, json!({"reason": text}));
    shim.notify("notifications/cancelled", json!({"requestId": text, "reason": text}));
    let meta =
        json!({"name": "check_messages", "arguments": {}, "_meta": {"progressToken": text, text: text}});
    shim.request("tools/call", meta);
    shim.write_json(&json!({"jsonrpc": "2.0", "id": text, "method": "ping"}));
    shim.answer(text);
    shim.write(format!("{{\"broken\": {text}\n").as_bytes());
    shim.write(format!("{{\"bridge\": {}}}\n", json!(text)).as_bytes());
    shim.write(format!("{} {}\n", json!(text), "x".repeat(1 << 21)).as_bytes());
    shim.request("ping", json!({}));

    let mut named = env.command(SHIM);
    named.args(["--agent", text]).env("EXAMPLE_API_KEY", text).stderr(shim_log(env));
    let mut named = Shim::from_command(named);
    named.initialize_as("2025-06-18", text, text);
    create(&mut named);

    let mut hello = ClientHello::new(Role::Mcp, text);
    hello.agent = Some(text.to_owned());
    hello.resume = vec![text.to_owned(), format!("conv_0123456789abcdef.a.{text}")];
    for spoiled in [json!({"protocol": text}), json!({"role": text}), json!({"protocol": 99})] {
        let mut raw = Raw::dial(env);
        raw.json(&with(serde_json::to_value(&hello).unwrap(), spoiled));
        assert!(raw.is_closed());
    }
    let mut raw = Raw::hello(env, Role::Mcp);
    raw.json(&json!({"bridge": {"delivered": {"lease": text}}}));
    raw.json(&json!({"bridge": {text: text}}));
    raw.frame(text.as_bytes());
    raw.read();
    let mut admin = Raw::hello(env, Role::Admin);
    for request in [
        json!({"cmd": text}),
        json!({"cmd": "show", "conversation": text, "limit": 1}),
        json!({"cmd": "tokens", "conversation": text}),
        json!({"cmd": "verify", "anchor": text}),
        json!({"cmd": "audit", "action": text, "conversation": text, "limit": 5}),
    ] {
        admin.json(&request);
        admin.read_json();
    }
}

fn shim_log(env: &Env) -> fs::File {
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(env.root().join("shim.log")).unwrap()
}

/// The sum of what the disk holds: every file of the home but the key itself.
fn haystack(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            haystack(&path, found);
        } else if kind.is_file() && !path.ends_with("master.key") {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

/// Fails with every file that holds any of the needles.
#[track_caller]
fn nothing_is_left(env: &Env, needles: &[(String, String)]) {
    let mut files = Vec::new();
    haystack(env.root(), &mut files);
    let texts: Vec<(String, String)> =
        files.into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect();
    assert!(texts.iter().any(|(_, text)| text.contains("marker")), "looked in the wrong place");
    let mut left = Vec::new();
    for (what, needle) in needles {
        assert!(needle.len() >= 8, "{what} is too short to look for");
        for (path, text) in &texts {
            if let Some(at) = text.find(needle.as_str()) {
                let around: String =
                    text[..at].chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect();
                left.push(format!("{what} in {path}, behind: {around:?}"));
            }
        }
    }
    assert!(left.is_empty(), "{} finds:\n{}", left.len(), left.join("\n"));
}

/// The credentials that the bridge itself has made.
fn credentials_of(env: &Env, pair: &Pair) -> Vec<(String, String)> {
    let mut raw = Raw::client(env);
    let id = raw.begin(
        "tools/call",
        json!({
            "name": "create_conversation",
            "arguments": {"my_role": "backend", "partner_role": "frontend"},
        }),
    );
    let Control::Bound { resume } = raw.control() else { panic!("not bound") };
    let created = raw.read_json();
    assert_eq!(created["id"], id);
    let created = created["result"]["structuredContent"].clone();
    let mut found = vec![("resume key".to_owned(), resume.rsplit('.').next().unwrap().to_owned())];
    for (name, created) in [("pair", &pair.created), ("raw", &created)] {
        for session in ["a", "b"] {
            found.push((format!("token {session} of {name}"), token(created, session).to_owned()));
        }
        found.push((format!("invite of {name}"), created["invite_code"].as_str().unwrap().to_owned()));
    }
    raw.call("send_to_partner", with(credentials(&created, "a"), json!({"message": "marker"}))).ok();
    found
}

/// Writes the trail where everything else is looked for.
fn export(env: &Env) {
    let output = env.command(BRIDGECTL).args(["audit", "export"]).output().unwrap();
    let rows = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && rows.contains("update_my_status"), "{}", output.status);
    assert!(rows.lines().all(|row| serde_json::from_str::<Value>(row).is_ok()), "{rows}");
    fs::write(env.root().join("export.jsonl"), rows).unwrap();
}

fn nothing_stays_at(level: &str) {
    let mut env = Env::with_config(NO_LIMITS);
    env.set("BRIDGED_LOG", level);
    let daemon = Daemon::start(&env);
    let mut chance = Chance::new("secrets");
    let mut pair = Pair::new(&env);
    let mut needles = credentials_of(&env, &pair);
    let mut sent: Vec<Secret> = secrets(&mut chance);
    // A model may well put its own credentials into a message.
    sent.extend(
        needles
            .iter()
            .filter(|(what, _)| !what.starts_with("resume"))
            .map(|(_, needle)| Secret { text: needle.clone(), needle: needle.clone() }),
    );
    for secret in &sent {
        let short = if secret.text.chars().count() <= 100 { &secret.text } else { "too long for a role" };
        through_every_field(&mut pair, &secret.text, short);
        through_the_protocol(&env, &mut pair.a, &secret.text);
        needles.push((secret.text.chars().take(12).collect(), secret.needle.clone()));
    }
    let got = pair.b.call("check_messages", json!({})).ok().to_string();
    assert!(got.contains("marker") && got.contains("REDACTED"), "{got}");
    for secret in &sent {
        assert!(!got.contains(&secret.needle), "{} reached the partner", secret.text);
    }
    until("everything is recorded", || common::audit::rows(&env, "join_conversation", "unknown_invite") > 5);
    let log = env.log();
    assert!(log.contains("bridged is ready"), "no log to look into");
    assert_eq!(level != "info", log.contains("DEBUG") && log.contains("TRACE"), "the level is not in force");
    if level != "info" {
        spans_say_who_and_how_long(&log, pair.id());
    }
    export(&env);
    nothing_is_left(&env, &needles);
    assert!(daemon.terminate().success());
    nothing_is_left(&env, &needles);
}

/// Every call has a span: also those that fail, and those without a session.
#[track_caller]
fn spans_say_who_and_how_long(log: &str, conversation: &str) {
    for (operation, outcome) in [
        ("send_to_partner", "ok"),
        ("send_to_partner", "invalid_argument"),
        ("create_conversation", "ok"),
        ("join_conversation", "unknown_invite"),
        ("check_partner_status", "malformed_credentials"),
    ] {
        let line = log.lines().find(|line| {
            line.contains(&format!("call{{operation=\"{operation}\" connection="))
                && line.contains(&format!("answered outcome=\"{outcome}\" duration_us="))
        });
        assert!(line.is_some(), "no span of {operation}, {outcome}");
    }
    let whose = format!("conversation={conversation} session=a}}: answered outcome=\"ok\"");
    assert!(log.contains(&whose), "{whose} is in no line");
}

#[test]
fn nothing_secret_stays_anywhere() {
    nothing_stays_at("info");
}

#[test]
fn nothing_secret_stays_even_in_a_log_of_everything() {
    nothing_stays_at("trace");
}

#[test]
fn a_daemon_that_a_shim_starts_gets_nothing_of_its_environment() {
    let env = Env::new();
    let mut command = env.command(SHIM);
    command.env("OPENAI_API_KEY", "made-up-key-of-the-client").env("YOLO_MODE", "1");
    let mut shim = Shim::from_command(command);
    shim.initialize("2025-06-18");
    create(&mut shim);
    let daemon = env.locked_by().unwrap();
    let environment = fs::read_to_string(format!("/proc/{daemon}/environ")).unwrap();
    assert!(environment.contains("HOME="), "looked at the wrong process");
    assert!(!environment.contains("made-up-key-of-the-client"));
    assert!(!environment.contains("YOLO_MODE"), "a client may not open the guard's gate");
}

#[test]
fn whoever_reads_the_trail_reads_no_secret() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut chance = Chance::new("trail");
    let mut pair = Pair::new(&env);
    let sent = secrets(&mut chance);
    for secret in &sent {
        let short = if secret.text.chars().count() <= 100 { &secret.text } else { "too long for a role" };
        through_every_field(&mut pair, &secret.text, short);
    }
    let mut admin = Raw::hello(&env, Role::Admin);
    let mut shown = Vec::<Value>::new();
    let id = pair.id().to_owned();
    for request in [
        json!({"cmd": "audit", "limit": 200, "last": true}),
        json!({"cmd": "show", "conversation": id, "limit": 200}),
        json!({"cmd": "list"}),
        json!({"cmd": "status"}),
    ] {
        admin.json(&request);
        shown.push(admin.read_json());
    }
    let shown = json!(shown).to_string();
    assert!(shown.contains("marker") && shown.contains("update_my_status"), "looked at the wrong thing");
    for secret in sent {
        assert!(!shown.contains(&secret.needle), "{} is shown", secret.text);
    }
}
