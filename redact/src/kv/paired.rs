//! Names and values in fields of their own: `name: X` and then `value: Y`.

use super::extent::{Value, quote_at, quoted_value};
use super::link::{Link, Style};
use super::name::Name;
use crate::scan::Scan;

/// Fields that hold the value of a name that stood in a field before.
const FIELDS: [&[u8]; 9] = [
    b"value",
    b"default",
    b"string",
    b"stringvalue",
    b"val",
    b"content",
    b"defaultvalue",
    b"secretvalue",
    b"newvalue",
];
const FARTHEST: usize = 64;

/// The value of `name` in the next field.
pub(super) fn find(scan: &mut Scan<'_>, name: &Name) -> Option<(Link, Value)> {
    let bytes = scan.bytes();
    if !is_value_itself(bytes, name) {
        return None;
    }
    let quote = quote_at(bytes, name.end);
    let mut at = quote.map_or(name.end, |quote| quote.end());
    if bytes.get(at) == Some(&b'>') && quote.is_some() {
        return element(scan, at + 1);
    }
    for _ in 0..2 {
        at = field(bytes, at)?;
        let word = bytes[at..].iter().take(16).take_while(|b| b.is_ascii_alphabetic()).count();
        let end = at + word;
        if FIELDS.iter().any(|field| bytes[at..end].eq_ignore_ascii_case(field)) {
            return value_of_field(scan, end);
        }
        // One other field may stand between, such as `type: string`.
        at = end + bytes[end..].iter().take(40).position(|b| matches!(b, b'\n' | b',' | b'>'))?;
    }
    None
}

/// Whether the name stands where a value does, or in a block's label.
fn is_value_itself(bytes: &[u8], name: &Name) -> bool {
    let before = bytes[name.start.saturating_sub(4)..name.start].trim_ascii_end();
    matches!(before.last(), Some(b':' | b'"' | b'\'' | b'=' | b'>'))
}

/// Skips punctuation to the next word.
fn field(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..bytes.len().min(at + FARTHEST)];
    let mut skipped = 0;
    loop {
        match rest.get(skipped)? {
            b'\\' if matches!(rest.get(skipped + 1), Some(b'n' | b't' | b'r')) => skipped += 2,
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b';' | b'"' | b'\'' | b'\\' | b'<' | b'>' | b'{' | b'-'
            | b'+' => {
                skipped += 1;
            }
            b'/' => skipped += 1 + rest[skipped..].iter().position(|b| *b == b'>').unwrap_or(0),
            b if b.is_ascii_alphabetic() => return Some(at + skipped),
            _ => return None,
        }
    }
}

fn value_of_field(scan: &mut Scan<'_>, end: usize) -> Option<(Link, Value)> {
    let bytes = scan.bytes();
    let mut at = quote_at(bytes, end).map_or(end, |quote| quote.end());
    at += super::link::blanks(bytes, at);
    if bytes.get(at) == Some(&b'>') {
        return element(scan, at + 1);
    }
    if !matches!(bytes.get(at), Some(b':' | b'=')) {
        return None;
    }
    at += 1;
    at += super::link::blanks(bytes, at);
    let link = Link { style: Style::Assign, at, spaced: false, query: false };
    if quote_at(bytes, at).is_some() {
        return Some((link, quoted_value(scan, at)?));
    }
    let end = scan.runs.end(scan.set.common.bare, at);
    let value = Value::trimmed(scan, at, end)?;
    Some((link, value))
}

fn element(scan: &mut Scan<'_>, at: usize) -> Option<(Link, Value)> {
    let end = scan.runs.end(scan.set.common.bare, at);
    let end = at + memchr::memchr(b'<', &scan.bytes()[at..end])?;
    let link = Link { style: Style::Element, at, spaced: false, query: false };
    Some((link, Value::trimmed(scan, at, end)?))
}
