//! Proves the same as `hostile.rs` for what goes straight to the socket, past any shim: lengths and bytes that no shim
//! would write, connections that say nothing, hellos of another protocol, control frames that lie.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use bridge_proto::control::Control;
use bridge_proto::hello::{ClientHello, Role};
use common::pair::{credentials, with};
use common::scene::{Scene, resident};
use common::{Env, Raw, Value, json, until};

#[test]
fn lengths_that_no_frame_has() {
    let mut scene = Scene::new();
    for length in [u32::MAX, 1 << 31, (1 << 20) + 1, 2 << 20] {
        // In place of the hello, and in the middle of a session.
        for mut raw in [Raw::dial(&scene.env), Raw::client(&scene.env), Raw::hello(&scene.env, Role::Admin)] {
            raw.bytes(&length.to_be_bytes());
            raw.bytes(b"{\"jsonrpc\"");
            assert!(raw.is_closed(), "nothing after {length} can be understood");
        }
    }
    scene.is_unharmed();
}

#[test]
fn frames_that_are_no_messages() {
    let mut scene = Scene::new();
    let mut raw = Raw::client(&scene.env);
    let deep =
        format!("{{\"id\":1,\"method\":\"x\",\"params\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let long = format!("{{\"id\":1,\"method\":\"{}\"}}", "m".repeat((1 << 20) - 100));
    for payload in [
        &b""[..],
        b"\xff\xfe\x00",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"x\":\"\xff\"}}",
        b"null",
        b"[]",
        b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        b"{}",
        b"{\"id\":1}",
        b"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":{\"a\":1},\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"",
        deep.as_bytes(),
        long.as_bytes(),
    ] {
        raw.frame(payload);
        let answer = raw.request("ping", json!({}));
        assert_eq!(
            answer["result"],
            json!({}),
            "after {:?}",
            String::from_utf8_lossy(&payload[..payload.len().min(60)])
        );
    }
    scene.serves_raw(&mut raw);
}

#[test]
fn connections_that_say_nothing_are_closed_and_in_nobodys_way() {
    let mut scene = Scene::new();
    let mut silent: Vec<Raw> = (0..100).map(|_| Raw::dial(&scene.env)).collect();
    // Some begin a hello and never end it.
    for raw in &mut silent[50..] {
        raw.bytes(&[0, 0, 0, 40, b'{']);
    }
    scene.is_unharmed();
    for raw in &mut silent {
        assert!(raw.is_closed());
    }
    scene.is_unharmed();
}

#[test]
fn hellos_that_cannot_be() {
    let mut scene = Scene::new();
    let hello = serde_json::to_value(ClientHello::new(Role::Mcp, "9.9.9")).unwrap();
    for (protocol, fix) in
        [(0, "restart the agent's MCP client"), (2, "restart the daemon"), (u32::MAX, "restart the daemon")]
    {
        let mut raw = Raw::dial(&scene.env);
        raw.json(&with(hello.clone(), json!({"protocol": protocol})));
        let refused = raw.read_json()["refused"].clone();
        assert_eq!(refused["code"], "protocol_mismatch");
        let words = refused["message"].as_str().unwrap();
        assert!(
            words.contains("9.9.9") && words.contains(env!("CARGO_PKG_VERSION")) && words.contains(fix),
            "{words}"
        );
        assert!(raw.is_closed());
    }
    for spoiled in
        [json!({"role": "root"}), json!({"protocol": "1"}), json!({"protocol": -1}), json!({"resume": "x"})]
    {
        let mut raw = Raw::dial(&scene.env);
        raw.json(&with(hello.clone(), spoiled));
        assert_eq!(raw.read_json()["refused"]["code"], "bad_hello");
        assert!(raw.is_closed());
    }
    let mut raw = Raw::dial(&scene.env);
    raw.frame(b"GET / HTTP/1.1");
    assert_eq!(raw.read_json()["refused"]["code"], "bad_hello");
    scene.is_unharmed();
}

#[test]
fn ten_thousand_requests_whose_answers_nobody_reads() {
    let mut scene = Scene::new();
    let mut raw = Raw::client(&scene.env);
    let mut half = raw.second_half();
    let before = resident(scene.daemon.pid());
    let writer = std::thread::spawn(move || {
        for _ in 0..10_000 {
            half.begin("tools/list", json!({}));
        }
    });
    for _ in 0..20 {
        scene.is_unharmed();
    }
    let grown = resident(scene.daemon.pid()).saturating_sub(before);
    assert!(grown < 64 << 10, "the daemon keeps {grown} KiB for a client that does not read");
    assert!(!writer.is_finished(), "all were taken from a client that does not read");
    for _ in 0..10_000 {
        assert!(raw.read_json()["result"]["tools"].is_array());
    }
    writer.join().unwrap();
    scene.is_unharmed();
}

#[test]
fn a_receipt_for_somebody_elses_lease_changes_nothing() {
    let mut scene = Scene::new();
    let pair = &mut scene.bystander;
    let id = pair.send("leased");
    let mut reader = Raw::client(&scene.env);
    let call = json!({"name": "check_messages", "arguments": pair.credentials("b")});
    reader.begin("tools/call", call);
    let Control::Confirm { lease } = reader.control() else { panic!("no lease to confirm") };
    assert_eq!(pair.state(&id), "offered");
    let mut liar = Raw::client(&scene.env);
    // Even one that knows the session's token.
    liar.call("check_partner_status", pair.credentials("b")).ok();
    for claimed in 0..lease + 50 {
        liar.json(
            &serde_json::from_slice::<Value>(&Control::Delivered { lease: claimed }.to_payload()).unwrap(),
        );
    }
    liar.request("ping", json!({}));
    assert_eq!(pair.state(&id), "offered", "somebody else's receipt counted");
    reader.json(&serde_json::from_slice::<Value>(&Control::Delivered { lease }.to_payload()).unwrap());
    until("the owner's receipt counts", || pair.state(&id) == "delivered");
    reader.call("check_partner_status", pair.credentials("b")).ok();
    assert_eq!(pair.state(&id), "acknowledged");
    scene.is_unharmed();
}

#[test]
fn control_frames_that_make_no_sense() {
    let mut scene = Scene::new();
    let mut raw = Raw::client(&scene.env);
    for control in [
        json!({"bridge": {"confirm": {"lease": 1}}}),
        json!({"bridge": {"bound": {"resume": "conv_0123456789abcdef.a.00"}}}),
        json!({"bridge": "going_away"}),
        json!({"bridge": {"delivered": {"lease": -1}}}),
        json!({"bridge": {"delivered": {"lease": "x"}}}),
        json!({"bridge": {"delivered": {}}}),
        json!({"bridge": {"shutdown": {}}}),
        json!({"bridge": null}),
        json!({"bridge": []}),
    ] {
        raw.json(&control);
        assert_eq!(raw.request("ping", json!({}))["result"], json!({}), "after {control}");
    }
    raw.frame(b"{\"bridge\":");
    scene.serves_raw(&mut raw);
}

#[test]
fn a_key_to_resume_with_must_be_the_right_one() {
    let mut scene = Scene::new();
    let mut owner = Raw::client(&scene.env);
    let roles = json!({"my_role": "backend", "partner_role": "frontend"});
    owner.begin("tools/call", json!({"name": "create_conversation", "arguments": roles}));
    let Control::Bound { resume } = owner.control() else { panic!("not bound") };
    let created = owner.read_json()["result"]["structuredContent"].clone();
    let check = |key: &str, env: &Env| {
        let mut raw = Raw::dial(env);
        let mut hello = ClientHello::new(Role::Mcp, "test");
        hello.resume = vec![key.to_owned()];
        raw.json(&serde_json::to_value(&hello).unwrap());
        raw.read_json();
        let client = json!({"name": "raw", "version": "1"});
        let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        raw.request("initialize", params);
        raw.json(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        raw.call("check_messages", json!({}))
    };
    let token = credentials(&created, "a")["token"].as_str().unwrap().to_owned();
    let (front, key) = resume.rsplit_once('.').unwrap();
    let turned: String = key.chars().rev().collect();
    let as_b = front.replace(".a", ".b");
    let wrong = [
        String::new(),
        "..".to_owned(),
        format!("{front}.{turned}"),
        format!("{front}.{token}"),
        format!("{as_b}.{key}"),
        resume[..resume.len() - 1].to_owned(),
    ];
    for key in wrong {
        assert_eq!(check(&key, &scene.env).code(), "not_in_a_conversation", "{key}");
    }
    check(&resume, &scene.env).ok();
    scene.is_unharmed();
}

#[test]
fn an_admin_connection_that_talks_nonsense() {
    let mut scene = Scene::new();
    let mut raw = Raw::hello(&scene.env, Role::Admin);
    for request in [
        json!({"cmd": "reboot"}),
        json!({"cmd": "show", "conversation": "conv_'; DROP TABLE audit; --", "limit": 1}),
        json!({"cmd": "show", "conversation": "conv_0123456789abcdef", "limit": 1}),
        json!({"cmd": "show"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize"}),
        json!([]),
    ] {
        raw.json(&request);
        let answer = raw.read_json();
        assert!(answer["error"]["code"].is_string() && answer["error"]["message"].is_string(), "{answer}");
    }
    raw.frame(b"\xff");
    assert!(raw.read_json()["error"].is_object());
    raw.json(&json!("status"));
    raw.read_json();
    raw.json(&json!({"cmd": "status"}));
    assert_eq!(raw.read_json()["status"]["pid"], scene.daemon.pid());
    // What gives authority away is for people: this test is a client's parent, as an agent's shell would be.
    raw.json(&json!({"cmd": "tokens", "conversation": scene.bystander.id()}));
    assert_eq!(raw.read_json()["error"]["code"], "human_only");
    raw.json(&json!({"cmd": "pair", "roles": ["first", "second"]}));
    assert_eq!(raw.read_json()["error"]["code"], "human_only");
    raw.json(&json!({"cmd": "cleanup", "dry_run": false}));
    assert_eq!(raw.read_json()["error"]["code"], "human_only");
    scene.is_unharmed();
}
