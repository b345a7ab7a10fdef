//! TOML, through a document that keeps comments and layout.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, TomlError};

use super::{EditError, Spot, position};
use crate::install::merge::Change;

/// The value of a text, as JSON has it.
pub(super) fn parse(text: &str) -> Result<Value, EditError> {
    document(text)?;
    ::toml::from_str(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        EditError::Syntax { line, column, message: error.message().to_owned() }
    })
}

pub(super) fn change(text: &str, spot: Spot, changes: &[Change]) -> Result<String, EditError> {
    let mut document = document(text)?;
    let top = document.as_table_mut();
    if !top.contains_key(spot.servers) {
        let mut servers = Table::new();
        servers.set_implicit(true);
        top.insert(spot.servers, Item::Table(servers));
    }
    let servers = top.get_mut(spot.servers).ok_or(EditError::Layout)?;
    let inline = servers.is_inline_table();
    let servers = servers.as_table_like_mut().ok_or_else(|| not_a_table(spot.servers))?;
    if !servers.contains_key(spot.name) {
        let entry = if inline { Item::Value(InlineTable::new().into()) } else { Item::Table(Table::new()) };
        servers.insert(spot.name, entry);
    }
    let entry = servers.get_mut(spot.name).and_then(Item::as_table_like_mut);
    set_all(entry.ok_or_else(|| not_a_table(spot.name))?, changes)?;
    Ok(document.to_string())
}

pub(super) fn remove(text: &str, spot: Spot, with_servers: bool) -> Result<String, EditError> {
    let mut document = document(text)?;
    let top = document.as_table_mut();
    let Some(servers) = top.get_mut(spot.servers).and_then(Item::as_table_like_mut) else {
        return Ok(text.to_owned());
    };
    servers.remove(spot.name);
    if with_servers && servers.is_empty() {
        top.remove(spot.servers);
    }
    Ok(document.to_string())
}

fn document(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: TomlError| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        EditError::Syntax { line, column, message: error.message().to_owned() }
    })
}

fn set_all(entry: &mut dyn TableLike, changes: &[Change]) -> Result<(), EditError> {
    for Change { inside, key, value } in changes {
        let table = match inside {
            Some(inside) => {
                let inner = entry.get_mut(inside).and_then(Item::as_table_like_mut);
                inner.ok_or_else(|| not_a_table(inside))?
            }
            None => &mut *entry,
        };
        match value {
            Some(value) => set(table, key, item(value)?),
            None => drop(table.remove(key)),
        }
    }
    Ok(())
}

/// Sets a key; a comment behind its value stays there.
fn set(table: &mut dyn TableLike, key: &str, value: toml_edit::Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(present) => {
            let decor = present.decor().clone();
            *present = value;
            *present.decor_mut() = decor;
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}

fn item(value: &Value) -> Result<toml_edit::Value, EditError> {
    Ok(match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.as_i64().ok_or(EditError::Layout)?.into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items: Result<Array, _> = items.iter().map(item).collect();
            items?.into()
        }
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| Ok((key.as_str(), item(value)?)));
            let table: Result<InlineTable, EditError> = members.collect();
            table?.into()
        }
        Value::Null => return Err(EditError::Layout),
    })
}

fn not_a_table(key: &str) -> EditError {
    EditError::Shape { key: key.to_owned(), wanted: "a table" }
}
