//! JSON Schemas for `tools/list`, kept small and plain enough for every client.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::spec::Authentication;

/// Schema of an operation's arguments, with the credentials its authentication takes.
pub(super) fn of_input<T: JsonSchema>(authentication: Authentication) -> Map<String, Value> {
    let mut schema = plain::<T>();
    if authentication == Authentication::Session
        && let Value::Object(properties) = schema.entry("properties").or_insert_with(|| json!({}))
    {
        let mut all = Map::new();
        all.insert("conversation_id".to_owned(), json!({"type": "string", "pattern": "^conv_[a-f0-9]{16}$"}));
        all.insert("session_id".to_owned(), json!({"type": "string", "enum": ["a", "b"]}));
        all.insert("token".to_owned(), json!({"type": "string", "minLength": 64, "maxLength": 64}));
        all.append(properties);
        *properties = all;
    }
    schema
}

/// Schema of an operation's result.
pub(super) fn of_output<T: JsonSchema>() -> Map<String, Value> {
    plain::<T>()
}

fn plain<T: JsonSchema>() -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    match schema {
        Value::Object(mut map) => {
            map.entry("type").or_insert_with(|| json!("object"));
            map.entry("properties").or_insert_with(|| json!({}));
            map
        }
        _ => Map::new(),
    }
}

/// Drops what clients stumble over or models need not read: titles, `format` (validators reject `uint32` and the
/// like), defaults of null, minima of zero, empty descriptions, and `null` as an alternative type of optional fields.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.remove("title");
            map.remove("format");
            let says_nothing = |key: &str, value: &Value| {
                matches!((key, value), ("default", Value::Null))
                    || (key == "minimum" && value == 0)
                    || (key == "description" && value == "")
            };
            map.retain(|key, value| !says_nothing(key, value));
            words_of_one_of(map);
            never_null(map);
            for (key, value) in map.iter_mut() {
                // Below `properties` the keys are names of fields, which may be called `title` or `format`.
                if key == "properties" {
                    if let Value::Object(fields) = value {
                        fields.values_mut().for_each(simplify);
                    }
                } else {
                    simplify(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// Optional fields are left out, never null: `["string", "null"]` becomes `"string"`, `anyOf` of a schema and null
/// becomes the schema.
fn never_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [kind] = types.as_slice() {
            let kind = kind.clone();
            map.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(words)) = map.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    let Some(Value::Array(branches)) = map.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type") != Some(&json!("null")));
    if branches.len() == 1
        && let Some(Value::Object(only)) = branches.pop()
    {
        map.remove("anyOf");
        for (key, value) in only {
            map.entry(key).or_insert(value);
        }
        words_of_one_of(map);
    }
}

/// `oneOf` of documented constants becomes a plain `enum`.
fn words_of_one_of(map: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = map.get("oneOf") else { return };
    let words: Option<Vec<Value>> = branches.iter().map(|branch| branch.get("const").cloned()).collect();
    if let Some(words) = words {
        map.remove("oneOf");
        map.insert("type".to_owned(), json!("string"));
        map.insert("enum".to_owned(), Value::Array(words));
    }
}
