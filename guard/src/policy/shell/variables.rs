//! Which values a line gives its variables.

use std::collections::BTreeMap;
use std::path::Path;

use super::commands::{Script, Simple};
use super::fields::{self, UNKNOWN, Values};
use super::lexer::Token;
use super::quoting::{Piece, is_name, literal};

/// Combinations of values that are looked at; beyond that every value counts as unknown.
const MAX_CHOICES: usize = 64;
/// Commands whose words may be assignments.
const DECLARING: [&str; 5] = ["export", "declare", "local", "readonly", "typeset"];
/// Commands that may change any variable.
const OPAQUE: [&str; 3] = ["eval", "source", "."];
/// Commands that give the variables they name values of their own.
const READING: [&str; 8] = ["read", "mapfile", "readarray", "getopts", "printf", "let", "unset", "select"];

/// Every value a variable is given anywhere in the line; nothing for one that the line does not tell.
#[derive(Debug, Clone)]
pub(crate) struct Variables(BTreeMap<String, Vec<Option<String>>>);

impl Variables {
    pub(crate) fn new(workspace: &Path) -> Self {
        let workspace = Some(workspace.to_string_lossy().into_owned());
        Self(BTreeMap::from([("PWD".to_owned(), vec![workspace])]))
    }

    /// Takes the assignments of a script.
    pub(crate) fn gather(&mut self, script: &Script<'_>) {
        for (name, words) in &script.loops {
            if words.is_empty() {
                self.add(name, None);
            }
            for word in words {
                let values = self.certain();
                for field in fields::expand(word, &values) {
                    for text in if field.active { fields::braces(&field.text) } else { vec![field.text] } {
                        self.add(name, Some(text));
                    }
                }
            }
        }
        for simple in &script.commands {
            self.command(simple);
            simple.words.iter().for_each(|word| self.defaults(word));
        }
    }

    /// `${name:=value}` assigns.
    fn defaults(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            if let Piece::Variable { name, modifier: Some(modifier), .. } = piece {
                self.add(name, None);
                self.defaults(modifier);
            }
        }
    }

    fn command(&mut self, simple: &Simple<'_>) {
        let name = simple.words.iter().find(|word| assignment(word).is_none()).and_then(|word| literal(word));
        let name = name.unwrap_or_default();
        let declares = DECLARING.contains(&name.as_str());
        let reads = READING.contains(&name.as_str());
        if OPAQUE.contains(&name.as_str()) {
            self.0.values_mut().for_each(|values| values.push(None));
        }
        let options =
            simple.words.iter().filter_map(|word| literal(word)).filter(|text| text.starts_with('-'));
        let options: Vec<String> = options.collect();
        let refers = declares && options.iter().any(|text| text.contains('n'));
        if reads {
            // `-vname`, `-aname`
            let attached = options.iter().flat_map(|text| text.char_indices().map(|(at, _)| &text[at..]));
            attached.filter(|name| is_name(name)).for_each(|name| self.add(name, None));
        }
        let mut leading = true;
        for word in &simple.words {
            match assignment(word) {
                Some((variable, appends, value)) if leading || declares => {
                    let value = if appends || refers { None } else { Some(self.value(&value)) };
                    self.add(variable, value);
                }
                _ => leading = false,
            }
            if let Some(variable) = literal(word).filter(|text| reads && is_name(text)) {
                self.add(&variable, None);
            }
        }
    }

    fn value(&self, pieces: &[Piece]) -> String {
        if let [Piece::Command { tokens, .. }] = pieces
            && let Some(Token::Word(word)) = tokens.first()
            && literal(word).as_deref() == Some("mktemp")
        {
            return "/tmp/mktemp".to_owned();
        }
        let fields = fields::expand(pieces, &self.certain());
        let texts: Vec<String> = fields.into_iter().map(|field| field.text).collect();
        texts.join(" ")
    }

    fn add(&mut self, name: &str, value: Option<String>) {
        let value = value.filter(|text| !text.contains(UNKNOWN));
        let values = self.0.entry(name.to_owned()).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// Variables with one value.
    fn certain(&self) -> Values {
        let single = |(name, values): (&String, &Vec<Option<String>>)| match values.as_slice() {
            [Some(value)] => Some((name.clone(), value.clone())),
            _ => None,
        };
        self.0.iter().filter_map(single).collect()
    }

    /// Every combination of values of the variables in these words.
    pub(crate) fn choices<'p>(&self, words: impl Iterator<Item = &'p [Piece]>) -> Vec<Values> {
        let mut names = Vec::new();
        words.for_each(|word| variables_of(word, &mut names));
        names.sort_unstable();
        names.dedup();
        let mut start = Values::new();
        if self.0.contains_key("IFS") {
            start.insert("IFS".to_owned(), String::new());
        }
        let mut choices = vec![start.clone()];
        for name in names {
            let Some(values) = self.0.get(name) else { continue };
            let mut next = Vec::new();
            for choice in &choices {
                for value in values {
                    let mut choice = choice.clone();
                    if let Some(value) = value {
                        choice.insert(name.to_owned(), value.clone());
                    }
                    next.push(choice);
                }
            }
            if next.len() > MAX_CHOICES {
                return vec![start];
            }
            choices = next;
        }
        choices
    }
}

fn variables_of<'p>(pieces: &'p [Piece], names: &mut Vec<&'p str>) {
    for piece in pieces {
        if let Piece::Variable { name, modifier: None, .. } = piece {
            names.push(name);
        }
    }
}

/// The variable, whether it is appended to, and the value, if a word is `name=value`.
fn assignment(word: &[Piece]) -> Option<(&str, bool, Vec<Piece>)> {
    let [Piece::Text { text, quoted: false }, behind @ ..] = word else { return None };
    let (name, value) = text.split_once('=')?;
    let (name, appends) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
    let mut pieces = Vec::new();
    if !value.is_empty() {
        pieces.push(Piece::text(value));
    }
    pieces.extend_from_slice(behind);
    is_name(name).then_some((name, appends, pieces))
}
