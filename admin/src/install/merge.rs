//! What has to change in an entry for it to be as we want it. Nothing else in it is touched: what people added to it
//! stays.

use serde_json::{Map, Value};

use super::client::{Field, Launch, Want};

/// The file name of the program that makes an entry ours.
const SHIM: &str = "bridge-shim";

/// One key to set or to remove.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// The object inside the entry, when the key is not of the entry itself.
    pub(crate) inside: Option<&'static str>,
    /// The key.
    pub(crate) key: String,
    /// Its value; `None` removes it.
    pub(crate) value: Option<Value>,
}

impl Change {
    fn set(key: impl Into<String>, value: Value) -> Self {
        Self { inside: None, key: key.into(), value: Some(value) }
    }
}

/// What a whole new entry consists of.
pub(crate) fn fresh(fields: &[Field]) -> Vec<Change> {
    changes(&Map::new(), fields)
}

/// What turns somebody else's entry into ours: nothing of it stays.
pub(crate) fn replacement(existing: &Value, fields: &[Field]) -> Vec<Change> {
    let mut all = fresh(fields);
    for key in existing.as_object().into_iter().flat_map(Map::keys) {
        if !all.iter().any(|change| change.key == *key) {
            all.push(Change { inside: None, key: key.clone(), value: None });
        }
    }
    all
}

/// What makes an entry of ours as we want it; nothing when it is.
pub(crate) fn changes(existing: &Map<String, Value>, fields: &[Field]) -> Vec<Change> {
    let mut changes = Vec::new();
    for Field { key, want } in fields {
        let present = existing.get(*key);
        match want {
            Want::Exactly(value) => {
                if present != Some(value) {
                    changes.push(Change::set(*key, value.clone()));
                }
            }
            Want::AtLeast(number) => {
                if present.and_then(Value::as_f64).is_none_or(|present| present < *number as f64) {
                    changes.push(Change::set(*key, (*number).into()));
                }
            }
            Want::AtFirst(value) => {
                if existing.is_empty() {
                    changes.push(Change::set(*key, value.clone()));
                }
            }
            Want::Variables(wanted) => match present {
                Some(Value::Object(present)) => {
                    let missing = wanted.iter().filter(|(name, value)| {
                        present.get(*name).and_then(Value::as_str) != Some(value.as_str())
                    });
                    changes.extend(missing.map(|(name, value)| Change {
                        inside: Some(key),
                        key: name.clone(),
                        value: Some(value.clone().into()),
                    }));
                }
                _ if wanted.is_empty() => {}
                _ => {
                    let all = wanted.iter().map(|(name, value)| (name.clone(), value.clone().into()));
                    changes.push(Change::set(*key, Value::Object(all.collect())));
                }
            },
        }
    }
    changes
}

/// The program and the arguments of an entry, whichever way its client writes them.
pub(crate) fn command(entry: &Value) -> Option<(&str, Vec<&str>)> {
    // Cline may keep it one level down.
    let entry = entry.get("transport").filter(|transport| transport.is_object()).unwrap_or(entry);
    match entry.get("command")? {
        Value::String(program) => Some((program, entry.get("args").map(strings).unwrap_or_default())),
        command => {
            let all = strings(command);
            let (program, arguments) = all.split_first()?;
            Some((program, arguments.to_vec()))
        }
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether an entry launches the bridge, wherever its shim is.
pub(crate) fn is_ours(entry: &Value) -> bool {
    command(entry).is_some_and(|(program, _)| program.rsplit('/').next() == Some(SHIM))
}

/// The launch with the agent's name that an entry has, unless another one is asked for: installing again must not
/// make an agent nameless.
pub(crate) fn keep_agent(launch: &Launch, entry: &Value) -> Launch {
    let mut launch = launch.clone();
    if launch.agent.is_none() {
        launch.agent = command(entry).and_then(|(_, arguments)| agent(&arguments));
    }
    launch
}

fn agent(arguments: &[&str]) -> Option<String> {
    let joined = arguments.iter().find_map(|argument| argument.strip_prefix("--agent="));
    let apart = || arguments.iter().skip_while(|argument| **argument != "--agent").nth(1).copied();
    joined.or_else(apart).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn launch(agent: Option<&str>) -> Launch {
        let variables = BTreeMap::from([("BRIDGED_SOCKET".to_owned(), "/s".to_owned())]);
        Launch { program: "/b/bridge-shim".to_owned(), agent: agent.map(str::to_owned), variables }
    }

    fn fields(launch: &Launch) -> Vec<Field> {
        vec![
            launch.command(),
            launch.args(),
            launch.environment("env"),
            Field::at_least("timeout", 600),
            Field::at_first("enabled", true),
        ]
    }

    fn of(entry: Value) -> Vec<Change> {
        changes(entry.as_object().unwrap(), &fields(&launch(None)))
    }

    #[test]
    fn an_entry_as_wanted_needs_nothing() {
        let entry = json!({"command": "/b/bridge-shim", "args": [], "env": {"BRIDGED_SOCKET": "/s", "MORE": "1"},
                           "timeout": 9000, "enabled": false, "note": "mine"});
        assert_eq!(of(entry), []);
    }

    #[test]
    fn only_what_differs_changes() {
        let entry = json!({"command": "/old/bridge-shim", "args": [], "env": {"MORE": "1"}, "timeout": 60});
        let found = of(entry);
        let keys: Vec<_> = found.iter().map(|change| (change.inside, change.key.as_str())).collect();
        assert_eq!(keys, [(None, "command"), (Some("env"), "BRIDGED_SOCKET"), (None, "timeout")]);
    }

    #[test]
    fn no_variables_make_no_empty_object() {
        let mut launch = launch(None);
        launch.variables.clear();
        assert!(fresh(&fields(&launch)).iter().all(|change| change.key != "env"));
    }

    #[test]
    fn of_a_replaced_entry_nothing_stays() {
        let found = replacement(&json!({"url": "https://x", "timeout": 9000}), &fields(&launch(None)));
        assert!(found.iter().any(|change| change.key == "url" && change.value.is_none()));
        assert!(found.iter().any(|change| change.key == "timeout" && change.value == Some(json!(600))));
    }

    #[test]
    fn commands_are_found_in_every_shape() {
        for entry in [
            json!({"command": "/b/bridge-shim", "args": ["--agent", "x"]}),
            json!({"command": ["/b/bridge-shim", "--agent=x"]}),
            json!({"transport": {"type": "stdio", "command": "bridge-shim", "args": ["--agent", "x"]}}),
        ] {
            assert!(is_ours(&entry), "{entry}");
            assert_eq!(keep_agent(&launch(None), &entry).agent.as_deref(), Some("x"), "{entry}");
            assert_eq!(keep_agent(&launch(Some("y")), &entry).agent.as_deref(), Some("y"));
        }
        for entry in
            [json!({"command": "/b/other"}), json!({"url": "https://x"}), json!({"command": []}), json!(7)]
        {
            assert!(!is_ours(&entry), "{entry}");
        }
    }
}
