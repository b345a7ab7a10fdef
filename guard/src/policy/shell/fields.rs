//! What words become when a shell expands them, as far as a line tells.

use std::collections::BTreeMap;

use super::quoting::Piece;

/// Stands for what the line does not tell. It cannot occur in a command.
pub(crate) const UNKNOWN: char = '\0';
/// Where `$HOME` and `~` lead, for judging what is named below them.
pub(crate) const HOME: &str = "/home/~";

/// A word after expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub text: String,
    /// It has `*`, `?`, `[` or `{` outside quotes.
    pub active: bool,
    /// It is, or holds, what a process writes: `<(…)`.
    pub process: bool,
}

impl Field {
    /// A word that is taken as it is.
    pub(crate) fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Whether the line does not tell all of it.
    pub(crate) fn is_unknown(&self) -> bool {
        self.text.contains(UNKNOWN)
    }
}

/// The values of variables; one that is missing is unknown.
pub(crate) type Values = BTreeMap<String, String>;

#[derive(Default)]
struct Builder {
    fields: Vec<Field>,
    field: Field,
    started: bool,
}

impl Builder {
    fn split(&mut self) {
        if std::mem::take(&mut self.started) {
            self.fields.push(std::mem::take(&mut self.field));
        }
    }

    fn push(&mut self, text: &str, quoted: bool) {
        self.started = true;
        self.field.active |= !quoted && text.contains(['*', '?', '[', '{']);
        self.field.text.push_str(text);
    }

    /// The value of an unquoted variable: blanks separate fields.
    fn push_split(&mut self, text: &str) {
        for (number, part) in text.split([' ', '\t', '\n']).enumerate() {
            if number > 0 {
                self.split();
            }
            if !part.is_empty() {
                self.push(part, false);
            }
        }
    }

    fn pieces(&mut self, pieces: &[Piece], values: &Values) {
        for piece in pieces {
            match piece {
                Piece::Text { text, quoted } => self.push(text, *quoted),
                Piece::Variable { name, quoted, modifier } => {
                    self.variable(name, *quoted, modifier.as_deref(), values)
                }
                Piece::Command { .. } | Piece::Arithmetic(_) => self.push("\0", true),
                Piece::Process(_) => {
                    self.push("\0", true);
                    self.field.process = true;
                }
            }
        }
    }

    fn variable(&mut self, name: &str, quoted: bool, modifier: Option<&[Piece]>, values: &Values) {
        let value = match name {
            "HOME" => Some(HOME),
            // With other separators a value falls into other words.
            _ if !quoted && values.contains_key("IFS") => None,
            "IFS" if !quoted => {
                self.split();
                return;
            }
            _ => values.get(name).map(String::as_str),
        };
        match (value, modifier) {
            // ${name:?message} and ${name?message} are the value, or stop the shell.
            (Some(value), None) if quoted => self.push(value, true),
            (Some(value), None) => self.push_split(value),
            _ => self.push("\0", true),
        }
    }
}

/// Expands a word.
pub(crate) fn expand(pieces: &[Piece], values: &Values) -> Vec<Field> {
    let mut builder = Builder::default();
    let mut rest = pieces;
    if let [Piece::Text { text, quoted: false }, behind @ ..] = pieces {
        // `~name` is the home of somebody else, and no better; `~+` and `~-` are directories the line has been in.
        if let Some(tilde) = text.strip_prefix('~') {
            let (name, below) = tilde.split_at(tilde.find('/').unwrap_or(tilde.len()));
            let start = if name.starts_with(['+', '-']) { "\0" } else { HOME };
            builder.push(&format!("{start}{below}"), false);
            rest = behind;
        }
    }
    builder.pieces(rest, values);
    builder.split();
    builder.fields
}

/// The texts that `{a,b}` in a field stands for; quotes are forgotten, so they may be more than a shell makes.
pub(crate) fn braces(text: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![text.to_owned()];
    while let Some(text) = open.pop() {
        if done.len() + open.len() > 64 {
            // Too many to look at: unknown, which no careful rule lets pass.
            return vec![UNKNOWN.to_string()];
        }
        match innermost(&text) {
            None => done.push(text),
            Some((start, end)) => {
                let (before, behind) = (&text[..start], &text[end + 1..]);
                open.extend(text[start + 1..end].split(',').map(|part| format!("{before}{part}{behind}")));
            }
        }
    }
    done
}

/// The first pair of braces that holds a comma and no braces.
fn innermost(text: &str) -> Option<(usize, usize)> {
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (c, start) {
            ('{', _) => start = Some(at),
            ('}', Some(open)) if text[open..at].contains(',') => return Some((open, at)),
            ('}', _) => start = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_multiplied_out() {
        let sorted = |text: &str| {
            let mut texts = braces(text);
            texts.sort();
            texts.dedup();
            texts
        };
        assert_eq!(sorted("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(sorted("{a,{b,c}}"), ["a", "b", "c"].map(String::from).to_vec());
        assert_eq!(sorted("{}"), ["{}"]);
        assert_eq!(sorted("{a}"), ["{a}"]);
    }
}
