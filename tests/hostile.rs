//! Proves that what a broken or hostile client sends hurts nobody but itself, through a real shim: the same
//! connection goes on wherever that makes sense, everybody else's always does, and the daemon stays the same process.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use common::pair::{create, with};
use common::scene::{Scene, resident};
use common::{Outcome, Shim, Value, json};

#[test]
fn a_line_of_two_mebibytes() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    let text = "x".repeat(2 << 20);
    shim.write_json(&json!({"id": "front", "jsonrpc": "2.0", "method": "tools/call", "params": {"z": text}}));
    assert_eq!(shim.answer("front")["error"]["code"], -32600);
    // As the SDK behind most clients writes it: the id last.
    shim.write(
        format!(
            "{{\"method\":\"tools/call\",\"params\":{{\"z\":\"{text}\"}},\"jsonrpc\":\"2.0\",\"id\":9000}}\n"
        )
        .as_bytes(),
    );
    let refused = shim.answer(9000);
    assert!(refused["error"]["message"].as_str().unwrap().contains("1 MiB"), "{refused}");
    shim.write(format!("{text}\n").as_bytes());
    assert_eq!(shim.answer(Value::Null)["error"]["data"]["retryable"], false);
    scene.serves(&mut shim);
}

#[test]
fn bytes_that_are_no_text() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    shim.write(
        b"{\"jsonrpc\":\"2.0\",\"id\":9001,\"method\":\"tools/call\",\"params\":{\"x\":\"\xff\xfe\"}}\n",
    );
    let refused = shim.answer(9001);
    assert!(refused["error"]["message"].as_str().unwrap().contains("UTF-8"), "{refused}");
    shim.write(b"\xc3\x28\n\x00\x01\x02\n\xed\xa0\x80\n");
    for _ in 0..3 {
        assert!(shim.answer(Value::Null)["error"]["code"].is_i64());
    }
    scene.serves(&mut shim);
}

#[test]
fn json_nested_ten_thousand_deep() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let line = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":9002,\"method\":\"tools/call\",\
             \"params\":{{\"name\":\"send_to_partner\",\"arguments\":{{\"message\":{nested}}}}}}}\n"
        );
        shim.write(line.as_bytes());
        assert!(shim.answer(9002)["error"]["code"].is_i64());
        shim.write(format!("{nested}\n").as_bytes());
        assert!(shim.answer(Value::Null)["error"]["code"].is_i64());
    }
    // As text it is nothing special.
    create(&mut shim);
    shim.call("send_to_partner", json!({"message": "[".repeat(10_000)})).ok();
    scene.serves(&mut shim);
}

#[test]
fn methods_nobody_knows() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    for method in [
        "",
        "tools",
        "tools/call/x",
        "bridge",
        "admin/shutdown",
        "\u{0}",
        "initialized",
        &"m".repeat(100_000),
    ] {
        let code = &shim.request(method, json!({}))["error"]["code"];
        assert_eq!(code, -32601, "method {:?}", method.chars().take(20).collect::<String>());
    }
    shim.notify("no/such/notification", json!({}));
    shim.notify("notifications/cancelled", json!({"requestId": "never sent"}));
    shim.notify("notifications/cancelled", json!({}));
    shim.write_json(&json!({"jsonrpc": "2.0", "id": "unasked", "result": {}}));
    shim.write_json(&json!({"jsonrpc": "2.0", "id": "unasked", "error": {"code": 1, "message": "x"}}));
    scene.serves(&mut shim);
}

#[test]
fn ten_thousand_requests_whose_answers_nobody_reads() {
    let mut scene = Scene::new();
    let mut shim = Shim::spawn(&scene.env);
    shim.write_json(&json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "deaf", "version": "1"},
    }}));
    let before = resident(scene.daemon.pid());
    let mut lines = String::new();
    let ids: Vec<u64> = (0..10_000)
        .map(|_| {
            // 10 KB each: a hundred megabytes that somebody would have to keep.
            let (line, id) = shim.line_of("tools/list", json!({}));
            lines.push_str(&line);
            id
        })
        .collect();
    // The pipe is full long before the last request: somebody else has to write while nobody reads.
    let (writer, mut shim) = shim.write_beside(lines);
    for _ in 0..20 {
        scene.is_unharmed();
    }
    let grown = resident(scene.daemon.pid()).saturating_sub(before);
    assert!(grown < 64 << 10, "the daemon keeps {grown} KiB for a client that does not read");
    for pid in scene.env.processes("bridge-shim") {
        assert!(resident(pid) < 64 << 10, "a shim keeps {} KiB", resident(pid));
    }
    assert!(!writer.is_finished(), "all were taken from a client that does not read");
    // Once it reads, it gets every answer.
    for id in ids {
        assert_eq!(shim.answer(id)["result"]["tools"].as_array().map(Vec::len), Some(7));
    }
    writer.join().unwrap();
    scene.is_unharmed();
}

#[test]
fn lone_surrogates_and_quotes_in_every_field() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    create(&mut shim);
    let fields = [
        ("send_to_partner", r#"{"message":"@"}"#),
        ("send_to_partner", r#"{"message":"m","files_involved":["@"]}"#),
        ("send_to_partner", r#"{"message":"m","idempotency_key":"@"}"#),
        ("send_to_partner", r#"{"message":"m","reply_to":"@"}"#),
        ("send_to_partner", r#"{"message":"m","action_type":"@"}"#),
        ("send_to_partner", r#"{"message":"m","@":"@"}"#),
        ("update_my_status", r#"{"status":"working","note":"@"}"#),
        ("update_my_status", r#"{"status":"@"}"#),
        ("create_conversation", r#"{"my_role":"@@@","partner_role":"@@@"}"#),
        ("join_conversation", r#"{"invite_code":"@"}"#),
        ("message_status", r#"{"message_ids":["@"]}"#),
        ("check_messages", r#"{"acknowledge":["@"]}"#),
        ("check_partner_status", r#"{"session_id":"@"}"#),
        ("check_partner_status", r#"{"conversation_id":"@"}"#),
        ("check_partner_status", r#"{"token":"@"}"#),
        ("@", "{}"),
    ];
    let texts = [
        r"\ud800",
        r"\udc00",
        r"\udfff\ud800",
        r"\ud800x",
        r#"\""#,
        r"\\",
        r"\u0000",
        "'",
        r"\u2028",
        "`",
        "%s",
        "$(x)",
    ];
    for (number, (tool, arguments)) in fields.iter().enumerate() {
        for (turn, text) in texts.iter().enumerate() {
            let id = 100_000 + 100 * number + turn;
            let line = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{}","arguments":{}}}}}"#,
                tool.replace('@', text),
                arguments.replace('@', text)
            );
            shim.write(format!("{line}\n").as_bytes());
            let answer = shim.answer(id);
            let surrogate = text.contains("\\ud");
            assert!(!surrogate || answer["error"]["code"].is_i64(), "{line}\n{answer}");
            assert!(
                answer["result"].is_object() || answer["error"]["message"].is_string(),
                "{line}\n{answer}"
            );
        }
    }
    scene.serves(&mut shim);
}

#[test]
fn file_names_that_sound_secret_pass() {
    let mut scene = Scene::new();
    let names = [
        "src/reset_password",
        "docs/secret",
        "api_key.rs",
        "tokens/refresh_token.ts",
        "a\"b",
        "ü/😀",
        "C:\\x\\password.txt",
    ];
    let call = json!({"message": "see src/reset_password and docs/secret", "files_involved": names});
    let sent = scene.bystander.a.call("send_to_partner", call).ok();
    assert_eq!(sent["redactions"], 0, "{sent}");
    let fetched = scene.bystander.fetch();
    assert_eq!(fetched[0]["files_involved"], json!(names));
    assert_eq!(fetched[0]["message"], "see src/reset_password and docs/secret");
    scene.is_unharmed();
}

#[test]
fn lines_that_pass_themselves_off_as_the_bridges_own() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    for line in [
        r#"{"bridge":{"delivered":{"lease":1}},"id":9003}"#,
        r#"{"bridge":"going_away","id":9003}"#,
        r#" { "bridge" : {"bound":{"resume":"x"}},"id":9003}"#,
        r#"{"bridge":{"confirm":{"lease":1}},"id":9003}"#,
    ] {
        shim.write(format!("{line}\n").as_bytes());
        let refused = shim.answer(9003);
        assert_eq!(refused["error"]["data"]["reason"], "reserved_key", "{line}");
    }
    shim.write(b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]\n");
    assert_eq!(shim.answer(Value::Null)["error"]["data"]["reason"], "batch");
    scene.serves(&mut shim);
}

#[test]
fn the_same_id_twice() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    create(&mut shim);
    let call = |text: &str| {
        json!({"jsonrpc": "2.0", "id": 9004, "method": "tools/call", "params": {
            "name": "send_to_partner", "arguments": {"message": text},
        }})
    };
    // The protocol forbids it, so one answer is all that a client may hope for; it must not use up anything.
    for round in 0..100 {
        shim.write(format!("{}\n{}\n", call("one"), call("two")).as_bytes());
        assert_eq!(shim.answer(9004)["id"], 9004, "round {round}");
        shim.request("ping", json!({}));
    }
    scene.serves(&mut shim);
}

#[test]
fn requests_before_the_handshake() {
    let mut scene = Scene::new();
    let mut shim = Shim::spawn(&scene.env);
    assert_eq!(shim.request("ping", json!({}))["result"], json!({}), "the protocol allows that one");
    for (method, params) in [
        ("tools/list", json!({})),
        (
            "tools/call",
            json!({"name": "create_conversation", "arguments": {"my_role": "abc", "partner_role": "abc"}}),
        ),
        ("no/such/method", json!({})),
    ] {
        assert!(shim.request(method, params)["error"]["code"].is_i64(), "{method} before initialize");
    }
    shim.notify("notifications/initialized", json!({}));
    shim.initialize("2025-06-18");
    scene.serves(&mut shim);
    // A second handshake on the same connection.
    let again = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}});
    shim.request("initialize", again);
    scene.serves(&mut shim);
}

#[test]
fn arguments_of_every_wrong_shape() {
    let mut scene = Scene::new();
    let mut shim = Shim::connect(&scene.env);
    let created = create(&mut shim);
    for arguments in [json!(null), json!([]), json!("x"), json!(5), json!(true)] {
        let params = json!({"name": "send_to_partner", "arguments": arguments});
        let answer = shim.request("tools/call", params);
        assert!(answer["error"]["code"].is_i64() || answer["result"]["isError"] == true, "{answer}");
    }
    for value in
        [json!(null), json!([]), json!({}), json!(5), json!(-1), json!(1e300), json!(u64::MAX), json!(true)]
    {
        for (tool, field) in [
            ("send_to_partner", "message"),
            ("check_messages", "wait_seconds"),
            ("check_messages", "acknowledge"),
            ("message_status", "message_ids"),
            ("create_conversation", "lifetime_minutes"),
            ("join_conversation", "invite_code"),
        ] {
            let base = json!({"conversation_id": created["conversation_id"], "my_role": "abc", "partner_role": "abc"});
            let outcome = shim.call(tool, with(base, json!({field: value})));
            assert!(outcome.0["result"].is_object(), "{tool} {field} {value}: {}", outcome.0);
        }
    }
    let bare = shim.request("tools/call", json!({}));
    assert!(bare["error"]["code"].is_i64(), "{bare}");
    assert_eq!(Outcome(shim.request("tools/call", json!({"name": "nope"}))).rpc_error(), -32602);
    scene.serves(&mut shim);
}
