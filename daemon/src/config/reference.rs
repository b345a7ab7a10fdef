//! The reference of all keys and variables, `docs/configuration.md`, from the types that the parser fills.
//!
//! Meaning and unit are the doc comments of the fields, types and possible values are those of their JSON schema, and
//! defaults are the default configuration itself.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Config;

/// A variable of the environment.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The programs that read it.
    pub readers: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// Every variable of the environment that the three programs read on their own account.
pub const VARIABLES: [Variable; 9] = [
    Variable {
        name: "BRIDGED_SOCKET",
        readers: "all",
        meaning: "the socket, an absolute path; else `bridged/bridged.sock` below `XDG_RUNTIME_DIR`, else `run/bridged.sock` in \
                  the state directory",
    },
    Variable { name: "XDG_RUNTIME_DIR", readers: "all", meaning: "the directory above that of the socket" },
    Variable {
        name: "XDG_STATE_HOME",
        readers: "all",
        meaning: "the directory above the state directory `bridged` (database, master key, audit seal, lock, log of a daemon \
                  that a shim started); else `~/.local/state`",
    },
    Variable {
        name: "XDG_CONFIG_HOME",
        readers: "all",
        meaning: "the directory above `bridged/config.toml`; else `~/.config`",
    },
    Variable {
        name: "BRIDGED_LOG",
        readers: "`bridged`",
        meaning: "which log lines are written, instead of `log.level`: a level, or directives as of `tracing`'s `EnvFilter`",
    },
    Variable {
        name: "YOLO_MODE",
        readers: "`bridged`",
        meaning: "`1` lets agents propose commands; shims do not pass it on",
    },
    Variable {
        name: "BRIDGE_AGENT",
        readers: "`bridge-shim`",
        meaning: "durable name of the agent, as `--agent` says it",
    },
    Variable {
        name: "BRIDGE_NO_AUTOSTART",
        readers: "`bridge-shim`",
        meaning: "set to anything: never start a daemon",
    },
    Variable { name: "NO_COLOR", readers: "`bridgectl`", meaning: "set to anything but nothing: no colours" },
];

/// The reference, in Markdown.
#[must_use]
pub fn reference() -> String {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut text = String::new();
    write_section(&mut text, "", &schema, &defaults);
    text.push_str("## Variables of the environment\n\n| variable | read by | meaning |\n|---|---|---|\n");
    for Variable { name, readers, meaning } in &VARIABLES {
        let _infallible = writeln!(text, "| `{name}` | {readers} | {meaning} |");
    }
    text
}

fn write_section(text: &mut String, name: &str, schema: &Value, defaults: &Value) {
    let nothing = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&nothing);
    let (sections, keys): (Vec<_>, Vec<_>) =
        properties.iter().partition(|(_, schema)| schema.get("properties").is_some());
    if !name.is_empty() {
        let _infallible = writeln!(text, "## `[{name}]`\n\n{}\n", described(schema));
    }
    if !keys.is_empty() {
        text.push_str("| key | type | default | meaning |\n|---|---|---|---|\n");
    }
    for (key, schema) in &keys {
        let default = defaults.get(key).filter(|default| !default.is_null());
        let default = default.map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
        let _infallible = writeln!(text, "| `{key}` | {} | {default} | {} |", kind(schema), meaning(schema));
    }
    if !keys.is_empty() {
        text.push('\n');
    }
    for (key, schema) in sections {
        let full = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        write_section(text, &full, schema, &defaults[key.as_str()]);
    }
}

/// The doc comment, as one line.
fn described(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The doc comment, those of the possible values, and the variable that overrides the key.
fn meaning(schema: &Value) -> String {
    let mut text = described(schema);
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        let _infallible = write!(text, " `{}`: {}", variant["const"], described(variant));
    }
    if let Some(variable) = schema["x-variable"].as_str() {
        let _infallible = write!(text, " `{variable}` overrides it.");
    }
    text
}

/// What is to be written there.
fn kind(schema: &Value) -> String {
    if let Some(words) = schema["x-type"].as_str() {
        return words.to_owned();
    }
    let constants = schema["oneOf"].as_array().into_iter().flatten().map(|variant| &variant["const"]);
    let values = schema["enum"].as_array().into_iter().flatten().chain(constants);
    let values: Vec<_> = values.map(|value| format!("`{value}`")).collect();
    if !values.is_empty() {
        return values.join(", ");
    }
    let kind = schema["type"].as_array().map_or(&schema["type"], |either| &either[0]);
    match kind.as_str() {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => "whole number".to_owned(),
        _ => "text".to_owned(),
    }
}
