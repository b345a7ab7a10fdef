//! Where a value begins and ends.

use std::ops::Range;

use super::link::{Link, Style, blanks};
use crate::scan::Scan;

/// Longest quoted value that is looked at.
const LONGEST_QUOTED: usize = 8192;
/// Longest bare value that is read byte by byte.
const LONGEST_BARE: usize = 256;

/// A quote as written: backslashes and the quote character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    /// Where its first backslash stands.
    pub start: usize,
    /// How many backslashes.
    pub depth: usize,
    /// The character.
    pub mark: u8,
}

impl Quote {
    /// The double quote that closes a name of JSON at `at`.
    pub(crate) fn of_name(bytes: &[u8], at: usize) -> Option<Quote> {
        quote_at(bytes, at).filter(|quote| quote.mark == b'"')
    }

    /// The byte after it.
    pub(crate) fn end(&self) -> usize {
        self.start + self.depth + 1
    }
}

/// A value in the text.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The quote it opens with.
    pub quote: Option<Quote>,
    /// Whether it is the argument of a call, so that names of variables may stand there.
    pub argument: bool,
    /// Whether `;` follows, as in source code.
    pub statement: bool,
}

impl Value {
    /// The bytes it covers.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// A bare word between `start` and `end` without quotes and punctuation around it.
    pub(crate) fn trimmed(scan: &Scan<'_>, start: usize, end: usize) -> Option<Value> {
        let bytes = scan.bytes();
        let start = start + bytes[start..end].iter().take_while(|b| b"\"'`(<[*".contains(b)).count();
        let end = trim_end(bytes, start, end);
        (start < end && scan.text.is_char_boundary(start) && scan.text.is_char_boundary(end))
            .then_some(Value { start, end, quote: None, argument: false, statement: false })
    }
}

/// The quote that stands at `at`.
pub(crate) fn quote_at(bytes: &[u8], at: usize) -> Option<Quote> {
    let depth = bytes.get(at..)?.iter().take(8).take_while(|&&b| b == b'\\').count();
    match bytes.get(at + depth) {
        Some(&mark @ (b'"' | b'\'' | b'`')) => Some(Quote { start: at, depth, mark }),
        _ => None,
    }
}

/// Where the value that `open` opens ends, if it ends on its line.
pub(super) fn closing_quote(scan: &mut Scan<'_>, open: &Quote) -> Option<usize> {
    let bytes = scan.bytes();
    let mut at = open.end();
    let limit = (at + LONGEST_QUOTED).min(bytes.len());
    // A run of other bytes is remembered, so that many names before one far quote stay cheap.
    for _ in 0..64 {
        let class = scan.set.common.not_quote(open.mark);
        at = scan.runs.end(class, at);
        if at >= limit || bytes[at] != open.mark {
            return None;
        }
        let backslashes = bytes[open.end()..at].iter().rev().take_while(|&&b| b == b'\\').count();
        if closes(backslashes, open.depth) {
            return Some(at - backslashes.min(open.depth));
        }
        at += 1;
    }
    None
}

/// Whether a quote behind so many backslashes closes a string whose opening quote had `depth`.
fn closes(backslashes: usize, depth: usize) -> bool {
    if depth == 0 {
        return backslashes.is_multiple_of(2);
    }
    // An even number means that a string further out ends here.
    backslashes < depth || backslashes.is_multiple_of(2) || closes((backslashes - 1) / 2, (depth - 1) / 2)
}

/// The quoted value that begins at `at`.
pub(crate) fn quoted_value(scan: &mut Scan<'_>, at: usize) -> Option<Value> {
    let open = quote_at(scan.bytes(), at)?;
    let bytes = scan.bytes();
    let tripled = bytes[open.end()..].starts_with(&[open.mark; 2]);
    let open = if tripled { Quote { start: open.end() + 1, depth: 0, mark: open.mark } } else { open };
    let start = open.end();
    let end = match closing_quote(scan, &open) {
        Some(end) => end,
        // Cut off, or an apostrophe: up to the end of the line at most.
        None => scan.runs.end(scan.set.common.bare, start),
    };
    (start < end).then_some(Value { start, end, quote: Some(open), argument: false, statement: false })
}

/// The value that `link` leads to.
pub(super) fn find(scan: &mut Scan<'_>, link: &Link) -> Option<Value> {
    let bytes = scan.bytes();
    let at = link.at + emphasis(bytes, link.at);
    let prefix = literal_prefix(bytes, at);
    if quote_at(bytes, at + prefix).is_some() {
        return quoted_value(scan, at + prefix);
    }
    if matches!(link.style, Style::Argument) {
        return None;
    }
    if let Some(inner) = behind_type_or_call(bytes, at, link) {
        return quoted_value(scan, inner).map(|value| Value { argument: true, ..value });
    }
    bare(scan, link, at)
}

/// A value of plain words: everything up to the end of the sentence.
pub(super) fn words(scan: &mut Scan<'_>, link: &Link) -> Option<Value> {
    const LONGEST: usize = 260;
    if link.at < scan.words_until {
        return None;
    }
    let length = scan.bytes()[link.at..]
        .iter()
        .take(LONGEST)
        .take_while(|b| b.is_ascii_lowercase() || **b == b' ')
        .count();
    scan.runs.count(length);
    scan.words_until = link.at + length;
    let text = scan.text[link.at..link.at + length].trim_end();
    let value =
        Value { start: link.at, end: link.at + text.len(), quote: None, argument: false, statement: false };
    (text.split(' ').count() >= 12).then_some(value)
}

/// A seed is often written in groups of four, with blanks between.
pub(super) fn groups(scan: &mut Scan<'_>, value: Value) -> Value {
    let bytes = scan.bytes();
    let base32 = |b: &u8| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(b);
    let mut end = value.end;
    if value.start < scan.words_until
        || value.quote.is_some()
        || end - value.start > 8
        || !bytes[value.span()].iter().all(base32)
    {
        return value;
    }
    for _ in 0..16 {
        let rest = &bytes[end..];
        let group = rest.get(1..).map_or(0, |rest| rest.iter().take(9).take_while(|b| base32(b)).count());
        let even = value.end - value.start == group && rest.first() == Some(&b' ');
        let upper = rest.get(1) == rest.get(1).map(u8::to_ascii_uppercase).as_ref()
            || bytes[value.start].is_ascii_lowercase();
        if !even || !upper {
            break;
        }
        end += 1 + group;
    }
    scan.words_until = end;
    Value { end, ..value }
}

/// `**`, `__` or `[` around a value in Markdown; blanks of a table.
fn emphasis(bytes: &[u8], at: usize) -> usize {
    const QUOTES: [&str; 8] = ["“", "”", "‘", "„", "«", "「", "『", "‹"];
    let stars = bytes[at..].iter().take(3).take_while(|b| **b == b'*').count();
    let gap = stars + blanks(bytes, at + stars);
    let quote = QUOTES.iter().find(|quote| bytes[at + gap..].starts_with(quote.as_bytes()));
    gap + quote.map_or(0, |quote| quote.len())
}

/// The letters before a string literal: `r"`, `b'`, `f"`, `u8"`, `L"`, `@"`, `$'`.
fn literal_prefix(bytes: &[u8], at: usize) -> usize {
    let length = bytes[at..].iter().take(3).take_while(|b| b"rbfuRBFUL8@$&".contains(b)).count();
    if matches!(bytes.get(at + length), Some(b'"' | b'\'')) { length } else { 0 }
}

/// A quoted value a little further on: after a type (`: str = "…"`), in a call
/// (`Secret("…")`) or as a fallback (`env.X || "…"`).
fn behind_type_or_call(bytes: &[u8], at: usize, link: &Link) -> Option<usize> {
    if !matches!(link.style, Style::Assign | Style::Colon) {
        return None;
    }
    let line = &bytes[at..(at + 64).min(bytes.len())];
    let quote = line.iter().position(|b| matches!(b, b'"' | b'\'' | b'`' | b'\n' | b',' | b';'))?;
    if !matches!(line[quote], b'"' | b'\'' | b'`') {
        return None;
    }
    let head = line[..quote].trim_ascii_end();
    let code = head.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'&' || *b == b'_')
        && head.iter().all(|b| b.is_ascii_alphanumeric() || b"_.:<>[]()&|?= ".contains(b));
    let joined = [&b"="[..], b"(", b"||", b"??", b" or"].iter().any(|joint| head.ends_with(joint));
    (code && joined).then_some(at + quote)
}

fn bare(scan: &mut Scan<'_>, link: &Link, at: usize) -> Option<Value> {
    let bytes = scan.bytes();
    let run = scan.runs.end(scan.set.common.bare, at);
    if !scan.may_read_bare(run) {
        return None;
    }
    let run = run.min(at + LONGEST_BARE);
    let mut end = at;
    while end < run {
        let stops = match bytes[end] {
            b'&' => link.query || next_parameter(&bytes[end + 1..run]),
            b'#' => link.query,
            b';' | b',' => end + 1 == run || assigns_next(&bytes[end + 1..run]),
            b'|' => link.style == Style::Cell,
            b'<' => bytes.get(end + 1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'/'),
            b'\\' => bytes.get(end + 1).is_some_and(|b| b"\"'`nrtu\\x".contains(b)),
            b'\'' | b'`' => bytes.get(end + 1).is_none_or(|b| !b.is_ascii_alphanumeric()),
            // Han, Kana and their punctuation need no blank before them.
            0xe2..=0xef => true,
            0xc2 => bytes.get(end + 1) == Some(&0xbb),
            _ => false,
        };
        if stops {
            break;
        }
        end += 1;
    }
    scan.runs.count(end - at);
    if end == at + LONGEST_BARE {
        // Longer than any password: a token, which has no punctuation to think about.
        end = scan.runs.end(scan.set.common.token, end);
    }
    let statement = bytes.get(end) == Some(&b';') && link.spaced;
    Value::trimmed(scan, at, end).map(|value| Value { statement, ..value })
}

/// Whether `name=` begins here: the next parameter of a query.
fn next_parameter(rest: &[u8]) -> bool {
    let name = rest.iter().take(40).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 0 && rest.get(name) == Some(&b'=')
}

/// Whether `name=` or `name:` begins here: the next field of a list.
fn assigns_next(rest: &[u8]) -> bool {
    let name =
        rest.iter().take(40).take_while(|b| b.is_ascii_alphanumeric() || b"_-.\"' ".contains(b)).count();
    name > 0 && matches!(rest.get(name), Some(b'=' | b':'))
}

/// Drops the punctuation of the sentence around a value, but keeps brackets it opened itself.
fn trim_end(bytes: &[u8], start: usize, mut end: usize) -> usize {
    while end > start {
        let opener = match bytes[end - 1] {
            b'.' | b',' | b';' | b':' | b'?' | b'"' | b'\'' | b'`' | b'*' | b'>' | b'\\' => 0,
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            _ => break,
        };
        if opener != 0 && bytes[start..end].contains(&opener) {
            break;
        }
        end -= 1;
    }
    end
}
