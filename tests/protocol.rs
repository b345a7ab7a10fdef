//! Proves what MCP clients of every age see: both lifecycles, the tool definitions, the contract of the original
//! interface, and errors with the codes that the protocol asks for.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use common::mcp::NEWEST;
use common::pair::{create, credentials, with};
use common::{Daemon, Env, Shim, Value, json};

const WITH_HANDSHAKE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// Creates a conversation and sends into it: the whole way once.
fn works(shim: &mut Shim) {
    let created = create(shim);
    let sent = shim.call("send_to_partner", json!({"message": "hello"})).ok();
    assert_eq!(sent["message_id"], "msg_1");
    let mine = with(credentials(&created, "b"), json!({}));
    assert_eq!(shim.call("check_messages", mine).ok()["messages"][0]["message"], "hello");
}

#[test]
fn every_revision_with_a_handshake_works() {
    for revision in WITH_HANDSHAKE {
        let env = Env::new();
        let _daemon = Daemon::start(&env);
        let mut shim = Shim::spawn(&env);
        let welcome = shim.initialize(revision);
        assert_eq!(welcome["protocolVersion"], revision, "{welcome}");
        assert_eq!(welcome["serverInfo"]["name"], "bridged");
        assert!(welcome["capabilities"]["tools"].is_object(), "{welcome}");
        let words = welcome["instructions"].as_str().unwrap().split_whitespace().count();
        assert!((20..200).contains(&words), "{words} words of instructions");
        works(&mut shim);
    }
}

#[test]
fn the_revision_without_a_handshake_works() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut shim = Shim::spawn(&env);
    shim.without_handshake();
    let found = shim.request("server/discover", json!({}))["result"].clone();
    assert!(found["supportedVersions"].as_array().unwrap().contains(&json!(NEWEST)), "{found}");
    assert!(found["instructions"].is_string() && found["capabilities"]["tools"].is_object(), "{found}");
    let tools = shim.request("tools/list", json!({}));
    assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 7);
    works(&mut shim);
    // Another client goes straight to its first call.
    let mut other = Shim::spawn(&env);
    other.without_handshake();
    assert!(create(&mut other)["invite_code"].is_string());
}

#[test]
fn the_highest_revision_can_be_pinned() {
    let env = Env::with_config("[mcp]\nhighest_revision = \"2025-06-18\"\n");
    let _daemon = Daemon::start(&env);
    for (asked, given) in
        [("2025-11-25", "2025-06-18"), ("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05")]
    {
        let mut shim = Shim::spawn(&env);
        assert_eq!(shim.initialize(asked)["protocolVersion"], given, "asked for {asked}");
        create(&mut shim);
    }
    let mut shim = Shim::spawn(&env);
    shim.without_handshake();
    let call = json!({"name": "create_conversation", "arguments": {"my_role": "backend", "partner_role": "frontend"}});
    let refused = shim.request("tools/call", call);
    assert_eq!(refused["error"]["code"], -32022, "{refused}");
    let offered = &refused["error"]["data"]["supported"];
    assert!(offered.as_array().is_some_and(|all| !all.contains(&json!(NEWEST))), "{refused}");
}

fn tools(shim: &mut Shim) -> Vec<Value> {
    shim.request("tools/list", json!({}))["result"]["tools"].as_array().unwrap().clone()
}

/// Every key of a value, at any depth.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            found.push(key.clone());
            keys(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_tool_definitions_are_small_complete_and_plain() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let tools = tools(&mut Shim::connect(&env));
    let bytes = serde_json::to_string(&tools).unwrap().len();
    assert!(bytes <= 10_000, "{bytes} bytes of tool definitions");
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "create_conversation",
            "join_conversation",
            "send_to_partner",
            "check_messages",
            "message_status",
            "update_my_status",
            "check_partner_status",
        ],
        "what belongs to the guard is not listed"
    );
    for tool in &tools {
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{hint} of {}", tool["name"]);
        }
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], "object", "{schema} of {}", tool["name"]);
        }
        assert!(tool["description"].as_str().is_some_and(|text| text.len() > 20), "{tool}");
        let mut all = Vec::new();
        keys(tool, &mut all);
        assert!(!all.contains(&"format".to_owned()), "a client stumbles over `format`: {tool}");
    }
}

#[test]
fn the_contract_is_in_the_schemas() {
    let mut env = Env::new();
    env.set("YOLO_MODE", "1");
    let _daemon = Daemon::start(&env);
    let tools = tools(&mut Shim::connect(&env));
    for wanted in contract() {
        let name = &wanted["name"];
        let found =
            tools.iter().find(|tool| tool["name"] == *name).unwrap_or_else(|| panic!("{name} is missing"));
        let properties = wanted["inputSchema"]["properties"].as_object().unwrap();
        for (property, rules) in properties {
            for (rule, value) in rules.as_object().unwrap() {
                let ours = &found["inputSchema"]["properties"][property];
                assert_eq!(&ours[rule], value, "{rule} of {property} of {name}: {ours}");
            }
        }
        // What may be left out now may still be given.
        let required = found["inputSchema"]["required"].as_array().cloned().unwrap_or_default();
        let known = wanted["inputSchema"]["required"].as_array().unwrap();
        assert!(required.iter().all(|field| known.contains(field)), "{name} asks for more: {required:?}");
    }
}

/// The original interface.
fn contract() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("data/interface_tools.json")).unwrap();
    let tools = all["tools"].as_array().unwrap().clone();
    assert_eq!(tools.len(), 7);
    tools
}

#[test]
fn calls_of_the_original_interface_work_unchanged() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let created = create(&mut Shim::connect(&env));
    assert_eq!(created["session_a_token"].as_str().unwrap().len(), 64);
    // Nobody joins: two strangers know conversation, session and token.
    let (mut a, mut b) = (Shim::connect(&env), Shim::connect(&env));
    let (mine, theirs) = (credentials(&created, "a"), credentials(&created, "b"));
    let message = json!({"message": "hello", "action_type": "proposal", "files_involved": ["a.rs", "b.rs"]});
    a.call("send_to_partner", with(mine.clone(), message)).ok();
    let fetched = b.call("check_messages", theirs.clone()).ok();
    assert_eq!(fetched["messages"][0]["action_type"], "proposal");
    b.call("update_my_status", with(theirs.clone(), json!({"status": "working"}))).ok();
    let seen = a.call("check_partner_status", mine).ok();
    assert_eq!((&seen["status"], &seen["alive"]), (&json!("working"), &json!(true)));
    // Credentials bind nothing: without them the connection is still nobody's.
    assert_eq!(b.call("check_messages", json!({})).code(), "not_in_a_conversation");
}

#[test]
fn errors_have_the_codes_of_the_protocol() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut shim = Shim::connect(&env);
    for name in ["execute_command", "enable_yolo_mode", "", "send_to_partner "] {
        let unknown = shim.call(name, json!({}));
        assert_eq!(unknown.rpc_error(), -32602, "tool {name:?}");
        assert!(unknown.0["error"]["message"].as_str().unwrap().contains("send_to_partner"), "{}", unknown.0);
    }
    assert_eq!(shim.request("no/such/method", json!({}))["error"]["code"], -32601);
    assert_eq!(shim.request("ping", json!({}))["result"], json!({}));
    let bare = shim.request("tools/call", json!({"name": "check_messages"}));
    assert_eq!(common::Outcome(bare).code(), "not_in_a_conversation");
    // Ids come back as they went: text and number are different.
    shim.write_json(&json!({"jsonrpc": "2.0", "id": "77", "method": "ping"}));
    shim.write_json(&json!({"jsonrpc": "2.0", "id": 77, "method": "ping"}));
    assert_eq!(shim.answer("77")["id"], "77");
    assert_eq!(shim.answer(77)["id"], 77);
}

#[test]
fn results_fit_their_declared_schemas() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut shim = Shim::connect(&env);
    let tools = tools(&mut shim);
    let created = create(&mut shim);
    let mut b = Shim::connect(&env);
    let joined = b.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
    let sent = shim.call("send_to_partner", json!({"message": "x", "reply_to": null})).ok();
    let results = [
        ("create_conversation", created),
        ("join_conversation", joined),
        ("send_to_partner", sent),
        ("check_messages", b.call("check_messages", json!({})).ok()),
        ("message_status", shim.call("message_status", json!({"message_ids": ["msg_1"]})).ok()),
        ("update_my_status", b.call("update_my_status", json!({"status": "blocked", "note": "n"})).ok()),
        ("check_partner_status", shim.call("check_partner_status", json!({})).ok()),
    ];
    for (name, result) in results {
        let tool = tools.iter().find(|tool| tool["name"] == name).unwrap();
        fits(&result, &tool["outputSchema"], name);
    }
}

/// As much of JSON Schema as our output schemas use.
fn fits(value: &Value, schema: &Value, place: &str) {
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is none of {words:?}");
    }
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::Null => "null",
    };
    assert_eq!(schema["type"], kind, "{place}: {value} against {schema}");
    for field in schema["required"].as_array().into_iter().flatten() {
        assert!(!value[field.as_str().unwrap()].is_null(), "{place}: {field} is missing in {value}");
    }
    for (key, item) in value.as_object().into_iter().flatten() {
        assert!(schema["properties"][key].is_object(), "{place}: {key} is not declared");
        fits(item, &schema["properties"][key], &format!("{place}.{key}"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(item, &schema["items"], &format!("{place}[]"));
    }
}
