//! JSON with comments, through a concrete syntax tree that keeps every character.

use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use jsonc_parser::errors::ParseError;
use jsonc_parser::{ParseOptions, parse_to_serde_value};
use serde_json::Value;

use super::{EditError, Spot};
use crate::install::merge::Change;

/// What clients that accept comments accept: comments and trailing commas, nothing else beyond JSON.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// What an empty file becomes.
const EMPTY: &str = "{}\n";

/// The value of a text. An empty one is an empty object.
pub(super) fn parse(text: &str) -> Result<Value, EditError> {
    if text.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    parse_to_serde_value(text, &OPTIONS).map_err(|error| syntax(&error))
}

pub(super) fn change(text: &str, spot: Spot, changes: &[Change]) -> Result<String, EditError> {
    let text = if text.trim().is_empty() { EMPTY } else { text };
    let root = CstRootNode::parse(text, &OPTIONS).map_err(|error| syntax(&error))?;
    let top = root.object_value_or_create().ok_or_else(|| not_an_object("the file"))?;
    let servers = member(&top, spot.servers)?.map_or_else(
        || {
            top.append(spot.servers, CstInputValue::Object(Vec::new()));
            member(&top, spot.servers)
        },
        |servers| Ok(Some(servers)),
    )?;
    let servers = servers.ok_or_else(|| not_an_object(spot.servers))?;
    match member(&servers, spot.name)? {
        Some(entry) => set_all(&entry, changes)?,
        None => {
            let members = changes
                .iter()
                .filter_map(|change| change.value.as_ref().map(|value| (change.key.clone(), input(value))));
            servers.append(spot.name, CstInputValue::Object(members.collect()));
        }
    }
    Ok(root.to_string())
}

pub(super) fn remove(text: &str, spot: Spot, with_servers: bool) -> Result<String, EditError> {
    let root = CstRootNode::parse(text, &OPTIONS).map_err(|error| syntax(&error))?;
    let Some(top) = root.object_value() else { return Ok(text.to_owned()) };
    let Some(servers) = member(&top, spot.servers)? else { return Ok(text.to_owned()) };
    if let Some(entry) = servers.get(spot.name) {
        entry.remove();
    }
    if with_servers
        && servers.properties().is_empty()
        && let Some(servers) = top.get(spot.servers)
    {
        servers.remove();
    }
    Ok(root.to_string())
}

fn set_all(entry: &CstObject, changes: &[Change]) -> Result<(), EditError> {
    for Change { inside, key, value } in changes {
        let inner = inside.map(|inside| member(entry, inside)).transpose()?.flatten();
        let object = inner.as_ref().unwrap_or(entry);
        match (object.get(key), value) {
            (Some(present), Some(value)) => present.set_value(input(value)),
            (None, Some(value)) => drop(object.append(key, input(value))),
            (Some(present), None) => present.remove(),
            (None, None) => {}
        }
    }
    Ok(())
}

/// The object of that name, if there is one; anything else of that name is an error, and so is a second one.
fn member(object: &CstObject, name: &str) -> Result<Option<CstObject>, EditError> {
    let named =
        |property: &_| jsonc_parser::cst::CstObjectProp::decoded_name(property).as_deref() == Some(name);
    let mut all = object.properties().into_iter().filter(named);
    let Some(property) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(EditError::Twice { key: name.to_owned() });
    }
    property.object_value().map(Some).ok_or_else(|| not_an_object(name))
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(members) => {
            CstInputValue::Object(members.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

fn not_an_object(key: &str) -> EditError {
    EditError::Shape { key: key.to_owned(), wanted: "an object" }
}

fn syntax(error: &ParseError) -> EditError {
    EditError::Syntax {
        line: error.line_display(),
        column: error.column_display(),
        message: error.kind().to_string(),
    }
}
