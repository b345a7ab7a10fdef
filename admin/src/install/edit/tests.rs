use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const JSON: Spot = Spot { format: Format::Json, servers: "mcpServers", name: "bridge" };
const TOML: Spot = Spot { format: Format::Toml, servers: "mcp_servers", name: "bridge" };

fn set(key: &str, value: Value) -> Change {
    Change { inside: None, key: key.to_owned(), value: Some(value) }
}

fn entry() -> Vec<Change> {
    vec![set("command", json!("/b/bridge-shim")), set("args", json!([])), set("timeout", json!(600))]
}

fn added(spot: Spot, text: &str) -> String {
    spot.change(text, &entry()).unwrap()
}

#[test]
fn json_with_comments_tabs_and_trailing_commas_keeps_them() {
    let text = "{\n\t// theme\n\t\"theme\": \"dark\", /* mine */\n\t\"mcpServers\": {\n\t\t\"x\": {\"command\": \"y\"}, // last\n\t},\n}";
    let after = added(JSON, text);
    assert_snapshot!(after.replace('\t', "→"), @r#"
    {
    →// theme
    →"theme": "dark", /* mine */
    →"mcpServers": {
    →→"x": {"command": "y"}, // last
    →→"bridge": {
    →→→"command": "/b/bridge-shim",
    →→→"args": [],
    →→→"timeout": 600,
    →→},
    →},
    }
    "#);
    assert!(!after.ends_with('\n'), "no line end is added at the end");
    assert_eq!(JSON.remove(&after, false).unwrap(), text);
}

#[test]
fn json_of_other_indents_is_followed() {
    assert_snapshot!(added(JSON, "{\n    \"a\": 1\n}\n"), @r#"
    {
        "a": 1,
        "mcpServers": {
            "bridge": {
                "command": "/b/bridge-shim",
                "args": [],
                "timeout": 600
            }
        }
    }
    "#);
}

#[test]
fn an_empty_file_becomes_an_object() {
    for text in ["", "\n", "{}", "{ }\n", "\u{feff}"] {
        let after = added(JSON, text);
        assert_eq!(JSON.read(&after).unwrap().unwrap()["timeout"], 600, "{text:?}");
        assert_eq!(after.starts_with(BYTE_ORDER_MARK), text.starts_with(BYTE_ORDER_MARK));
    }
}

#[test]
fn byte_order_marks_and_line_ends_stay() {
    let text = "\u{feff}{\r\n  \"a\": 1 // one\r\n}\r\n";
    let after = added(JSON, text);
    assert!(after.starts_with("\u{feff}{\r\n  \"a\": 1, // one\r\n"), "{after:?}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{after:?}");
    let mixed = "{\r\n  \"a\": 1,\n  \"b\": {\r\n  }\r\n}\n";
    assert!(added(JSON, mixed).starts_with("{\r\n  \"a\": 1,\n  \"b\": {\r\n  },\r\n"));
    let toml = "model = \"x\" # c\r\n\r\n[z]\r\nq = '''\r\n\n'''\r\n";
    assert!(added(TOML, toml).starts_with(toml), "{:?}", added(TOML, toml));
}

#[test]
fn toml_keeps_comments_order_and_layout() {
    let text = "# mine\nmodel   =  'x'  # c\n\n[mcp_servers.a]\ncommand = \"b\"\n[zeta]\nq = [ 1,\n  2 ]";
    let after = added(TOML, text);
    assert_snapshot!(after, @r#"
    # mine
    model   =  'x'  # c

    [mcp_servers.a]
    command = "b"

    [mcp_servers.bridge]
    command = "/b/bridge-shim"
    args = []
    timeout = 600
    [zeta]
    q = [ 1,
      2 ]
    "#);
    assert_eq!(TOML.remove(&after, false).unwrap().trim_end(), text);
    assert_snapshot!(added(TOML, ""), @r#"
    [mcp_servers.bridge]
    command = "/b/bridge-shim"
    args = []
    timeout = 600
    "#);
}

#[test]
fn toml_tables_of_every_shape_take_the_entry() {
    for text in [
        "mcp_servers = { a = { command = \"b\" } }\n",
        "mcp_servers.a = { command = \"b\" }\nx = 1\n",
        "[mcp_servers]\na.command = \"b\"\n",
        "[mcp_servers.a.env]\nX = \"1\"\n\n[[list]]\ny = 1\n",
    ] {
        let after = added(TOML, text);
        assert_eq!(TOML.read(&after).unwrap().unwrap()["command"], "/b/bridge-shim", "{after}");
        let removed = TOML.remove(&after, false).unwrap();
        assert_eq!(
            removed.split_whitespace().collect::<Vec<_>>(),
            text.split_whitespace().collect::<Vec<_>>()
        );
    }
}

#[test]
fn an_update_touches_only_its_keys() {
    let text = "{\n  \"mcpServers\": {\n    \"bridge\": {\n      // mine\n      \"command\": \"/old\", // c\n      \"env\": { \"A\": \"1\" },\n      \"timeout\": 5\n    }\n  }\n}\n";
    let inside = Change { inside: Some("env"), ..set("B", json!("2")) };
    let gone = Change { inside: None, key: "timeout".to_owned(), value: None };
    let after = JSON.change(text, &[set("command", json!("/new")), inside.clone(), gone.clone()]).unwrap();
    assert!(after.contains("// mine\n      \"command\": \"/new\", // c\n"), "{after}");
    assert_eq!(JSON.read(&after).unwrap().unwrap(), json!({"command": "/new", "env": {"A": "1", "B": "2"}}));
    let text =
        "[mcp_servers.bridge]\ncommand = \"/old\" # c\ntimeout = 5\n[mcp_servers.bridge.env]\nA = \"1\"\n";
    let after = TOML.change(text, &[set("command", json!("/new")), inside, gone]).unwrap();
    assert_eq!(
        after,
        "[mcp_servers.bridge]\ncommand = \"/new\" # c\n[mcp_servers.bridge.env]\nA = \"1\"\nB = \"2\"\n"
    );
}

#[test]
fn what_does_not_parse_is_named_with_its_place() {
    let place = |spot: Spot, text| match spot.read(text).unwrap_err() {
        EditError::Syntax { line, column, .. } => (line, column),
        other => panic!("{other:?}"),
    };
    assert_eq!(place(JSON, "{\n  \"é\": 1,\n  \"é\" 2\n}").0, 3);
    assert_eq!(place(JSON, "{ 'a': 1 }"), (1, 3));
    assert_eq!(place(TOML, "a = 1\né = 2\n").0, 2);
    assert_eq!(place(TOML, "a = 1\nb = \n"), (2, 5));
    assert_eq!(text(b"a\n\xc3\xa9\xff").unwrap_err(), EditError::NotText { line: 2, column: 2 });
}

#[test]
fn other_shapes_are_refused() {
    let shape = |spot: Spot, text| spot.change(text, &entry()).unwrap_err().to_string();
    assert!(shape(JSON, "[]").contains("the file is not an object"));
    assert!(shape(JSON, r#"{"mcpServers": []}"#).contains("mcpServers is not an object"));
    assert!(shape(JSON, r#"{"mcpServers": {"bridge": null}}"#).contains("bridge is not an object"));
    assert!(shape(JSON, r#"{"mcpServers": {}, "mcpServers": {}}"#).contains("twice"));
    assert!(shape(TOML, "mcp_servers = 1").contains("mcp_servers is not a table"));
    assert!(shape(TOML, "[[mcp_servers]]\na = 1").contains("mcp_servers is not a table"));
}

/// JSON in layouts that people write: one line or many, indents, comments, trailing commas, line ends.
pub(in crate::install) fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1".to_owned()),
        Just("\"a \\\" // no comment\"".to_owned()),
        Just("[1, 2]".to_owned()),
        Just("[\n]".to_owned()),
        Just("null".to_owned()),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| object(inner, "k"));
    (object(value.clone(), "mcpServers"), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(text, crlf, mark, end)| {
            let text = if end { text + "\n" } else { text };
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            if mark { format!("{BYTE_ORDER_MARK}{text}") } else { text }
        },
    )
}

fn object(value: impl Strategy<Value = String>, first: &'static str) -> impl Strategy<Value = String> {
    let gap =
        prop_oneof![Just("\n  "), Just("\n\t"), Just(" "), Just(""), Just("\n  // c\n  "), Just(" /* c */ ")];
    (prop::collection::vec((gap, value), 0..4), any::<bool>()).prop_map(move |(members, comma)| {
        let mut text = "{".to_owned();
        for (index, (gap, value)) in members.iter().enumerate() {
            let object = value.starts_with('{');
            let key =
                if index == 0 && (first == "k" || object) { first.to_owned() } else { format!("k{index}") };
            let separator = if index + 1 < members.len() || comma { "," } else { "" };
            text.push_str(&format!("{gap}\"{key}\": {value}{separator}"));
        }
        text.push_str("\n}");
        text
    })
}

proptest! {
    #[test]
    fn any_layout_takes_the_entry_and_gives_it_back(text in document()) {
        let had = JSON.has_servers(&text).unwrap();
        let after = JSON.change(&text, &entry()).unwrap();
        prop_assert_eq!(JSON.change(&after, &entry()).unwrap(), after.clone());
        let removed = JSON.remove(&after, !had).unwrap();
        let bare = |text: &str| text.replace([',', ' ', '\t', '\r', '\n'], "");
        prop_assert_eq!(bare(&removed), bare(&text));
        // Whatever is in the old text is in the new one, in its order; only white space moves.
        let mut rest = after.chars();
        for wanted in text.chars().filter(|c| !c.is_whitespace()) {
            prop_assert!(rest.any(|c| c == wanted), "{:?} lost from {:?}", wanted, after);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        for spot in [JSON, TOML] {
            if let Ok(after) = spot.change(&text, &entry()) {
                prop_assert!(spot.read(&after).unwrap().is_some());
            }
        }
    }
}
