//! Changing one entry of a configuration file's text and nothing else of it.
//!
//! What cannot be done so that everything else keeps its meaning is refused: every edit is read back and compared
//! before it is believed.

mod jsonc;
mod lines;
mod toml;

#[cfg(test)]
pub(super) mod tests;

use serde_json::Value;
use thiserror::Error;

use super::client::Format;
use super::merge::Change;

/// Starts a UTF-8 file that some editors write.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Why a text cannot be edited.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum EditError {
    /// It does not parse.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// It is no text.
    #[error("line {line}, column {column}: not valid UTF-8")]
    NotText {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// Something else is where the servers should be.
    #[error("{key} is not {wanted}; change it by hand, then try again")]
    Shape {
        /// What is not as it should be.
        key: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// JSON with the same key twice: clients disagree on which one counts.
    #[error("{key} is there twice; remove one by hand, then try again")]
    Twice {
        /// The key.
        key: String,
    },
    /// The edit would have changed something else.
    #[error(
        "its layout does not allow adding an entry without touching others; add it by hand (docs/clients.md)"
    )]
    Layout,
}

/// An entry of a configuration file: in which object or table, under which name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    /// How the file is written.
    pub(crate) format: Format,
    /// The object or table of all servers.
    pub(crate) servers: &'static str,
    /// The entry's name.
    pub(crate) name: &'static str,
}

impl Spot {
    /// The entry, if there is one.
    pub(crate) fn read(self, text: &str) -> Result<Option<Value>, EditError> {
        Ok(self.parse(text)?.get(self.servers).and_then(|servers| servers.get(self.name)).cloned())
    }

    /// Whether the object or table of all servers is there.
    pub(crate) fn has_servers(self, text: &str) -> Result<bool, EditError> {
        Ok(self.parse(text)?.get(self.servers).is_some())
    }

    /// The text with the entry changed, or made.
    pub(crate) fn change(self, text: &str, changes: &[Change]) -> Result<String, EditError> {
        let edited = edit(text, |text| match self.format {
            Format::Json => jsonc::change(text, self, changes),
            Format::Toml => toml::change(text, self, changes),
        })?;
        self.require_rest_unchanged(text, &edited)?;
        let entry = self.read(&edited)?.unwrap_or_default();
        let holds = |change: &Change| {
            let object = change.inside.map_or(Some(&entry), |inside| entry.get(inside));
            object.and_then(|object| object.get(&change.key)) == change.value.as_ref()
        };
        if changes.iter().all(holds) { Ok(edited) } else { Err(EditError::Layout) }
    }

    /// The text without the entry; also without the object or table of all servers when it is empty then and
    /// `with_servers` says so.
    pub(crate) fn remove(self, text: &str, with_servers: bool) -> Result<String, EditError> {
        let edited = edit(text, |text| match self.format {
            Format::Json => jsonc::remove(text, self, with_servers),
            Format::Toml => toml::remove(text, self, with_servers),
        })?;
        self.require_rest_unchanged(text, &edited)?;
        if self.read(&edited)?.is_none() { Ok(edited) } else { Err(EditError::Layout) }
    }

    fn parse(self, text: &str) -> Result<Value, EditError> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        match self.format {
            Format::Json => jsonc::parse(text),
            Format::Toml => toml::parse(text),
        }
    }

    fn require_rest_unchanged(self, before: &str, after: &str) -> Result<(), EditError> {
        let rest = |text| -> Result<Value, EditError> {
            let mut value = self.parse(text)?;
            if let Some(servers) = value.get_mut(self.servers).and_then(Value::as_object_mut) {
                servers.remove(self.name);
                if servers.is_empty()
                    && let Some(root) = value.as_object_mut()
                {
                    root.remove(self.servers);
                }
            }
            Ok(value)
        };
        if rest(before)? == rest(after)? { Ok(()) } else { Err(EditError::Layout) }
    }
}

/// Reads a file's bytes as text.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, EditError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = position(&valid, valid.len());
        EditError::NotText { line, column }
    })
}

/// Runs an edit that knows nothing of byte order marks and of line ends other than `\n`.
fn edit(text: &str, edit: impl FnOnce(&str) -> Result<String, EditError>) -> Result<String, EditError> {
    let (mark, bare) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(bare) => (&text[..BYTE_ORDER_MARK.len_utf8()], bare),
        None => ("", text),
    };
    let unified = bare.replace("\r\n", "\n");
    let edited = edit(&unified)?;
    Ok(format!("{mark}{}", lines::restore_ends(bare, &edited)))
}

/// Line and column of an offset, from 1; the column counts characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
