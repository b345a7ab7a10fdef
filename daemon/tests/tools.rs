//! What clients see in `tools/list`: the whole of it as a snapshot, and the bounds it must keep.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bridge_daemon::mcp::tool_definitions;
use bridge_daemon::ops::{Gate, INSTRUCTIONS};
use serde_json::Value;

#[test]
fn the_definitions_are_as_reviewed() {
    insta::assert_json_snapshot!(tool_definitions(&[Gate::Open]));
}

#[test]
fn the_definitions_behind_the_gate_are_as_reviewed() {
    insta::assert_json_snapshot!(tool_definitions(&[Gate::Yolo]));
}

#[test]
fn the_definitions_stay_small_plain_and_complete() {
    // About 2,500 tokens of a model's context, and 1,000 more for those who opened the gate.
    let listed = tool_definitions(&[Gate::Open]).to_string();
    assert!(listed.len() <= 10_000, "{} bytes", listed.len());
    let tools = tool_definitions(&[Gate::Open, Gate::Yolo]);
    let text = tools.to_string();
    assert!(text.len() <= 14_000, "{} bytes", text.len());
    assert!(!text.contains("\"format\""), "validators reject formats they do not know");
    assert!(!text.contains("\"null\""), "optional fields are left out, never null");
    for tool in tools.as_array().unwrap() {
        let hints = tool["annotations"].as_object().unwrap();
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(hints[hint].is_boolean(), "{} {hint}", tool["name"]);
        }
        for schema in ["inputSchema", "outputSchema"] {
            assert_eq!(tool[schema]["type"], Value::from("object"), "{} {schema}", tool["name"]);
        }
    }
}

#[test]
fn the_instructions_stay_short() {
    assert!(INSTRUCTIONS.split_whitespace().count() < 200);
}
