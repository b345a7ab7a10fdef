//! Names and values in sentences.

use super::extent::Value;
use super::link::{Link, Style, blanks};
use super::name::Name;
use crate::scan::Scan;

/// Words that lead to the value at once.
const VERBS: [&[u8]; 12] =
    [b"is", b"was", b"are", b"equals", b"reads", b"be", b"ist", b"lautet", b"est", b"es", b"becomes", b"to"];
/// Words between a verb and the value.
const FILLERS: [&[u8]; 16] = [
    b"now",
    b"still",
    b"currently",
    b"set",
    b"to",
    b"changed",
    b"just",
    b"simply",
    b"again",
    b"actually",
    b"always",
    b"probably",
    b"temporarily",
    b"also",
    b"it",
    b"being",
];
/// Words that put a few others between the name and the verb.
const OPENERS: [&[u8]; 24] = [
    b"they", b"we", b"you", b"i", b"that", b"which", b"by", b"he", b"for", b"of", b"on", b"in", b"at",
    b"from", b"to", b"with", b"used", b"here", b"below", b"should", b"will", b"must", b"there", b"would",
];
/// A name and its value are not further apart than this.
const FARTHEST: usize = 72;
const MOST_WORDS: usize = 9;
const LONGEST_WORD: usize = 80;

/// Where the value begins, when the words at `at` lead from a name to one.
pub(super) fn after(scan: &mut Scan<'_>, at: usize) -> Option<(Style, usize)> {
    let bytes = scan.bytes();
    let first = Word::at(bytes, at)?;
    if first.is_any(&VERBS) {
        return Some((Style::Prose, fillers(bytes, first.next)));
    }
    // "token a: …", "password prod: …"
    let label = String::from_utf8_lossy(first.text).to_ascii_lowercase();
    let labelled = first.colon && (label.len() == 1 || scan.set.words.trailing.contains(&label));
    if first.ends_in_operator || labelled {
        return Some((Style::Prose, first.next));
    }
    if bytes[at] != b'(' && !first.is_any(&OPENERS) {
        return typed(bytes, &first).or(Some((Style::Adjacent, at)));
    }
    let mut word = first;
    for _ in 0..MOST_WORDS {
        scan.runs.count(word.next - word.start);
        if word.next - at > FARTHEST {
            return None;
        }
        if word.colon {
            return Some((Style::Prose, word.next));
        }
        if word.is_any(&VERBS) && word.start > at {
            return Some((Style::Prose, fillers(bytes, word.next)));
        }
        if word.stops {
            return None;
        }
        word = Word::at(bytes, word.next)?;
        if word.ends_in_operator {
            return Some((Style::Prose, word.next));
        }
    }
    None
}

/// `password string = "…"`, as in Go.
fn typed(bytes: &[u8], word: &Word<'_>) -> Option<(Style, usize)> {
    let rest = &bytes[word.next..];
    let operator = rest.iter().take(2).take_while(|b| b":=".contains(b)).count();
    let value = word.next + operator + blanks(bytes, word.next + operator);
    let quoted = matches!(bytes.get(value), Some(b'"' | b'\'' | b'`'));
    (operator > 0 && quoted).then_some((Style::Assign, value))
}

fn fillers(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..4 {
        match Word::at(bytes, at) {
            Some(word) if word.is_any(&FILLERS) || word.text.is_empty() && word.colon => at = word.next,
            _ => break,
        }
    }
    at
}

/// The password of "credentials: ops / X", "login with admin:X".
pub(super) fn pair(scan: &mut Scan<'_>, name: &Name) -> Option<Value> {
    const LEADS: [&[u8]; 10] = [b"with", b"are", b"is", b"as", b"for", b"to", b"the", b"using", b"via", b"="];
    let bytes = scan.bytes();
    let mut at = name.end;
    let gap = bytes[at..].iter().take(4).take_while(|b| b" :=\"'*".contains(b)).count();
    if gap == 0 {
        return None;
    }
    at += gap;
    for _ in 0..4 {
        match Word::at(bytes, at) {
            Some(word) if word.is_any(&LEADS) || word.colon => at = word.next,
            _ => break,
        }
    }
    at += bytes[at..].iter().take(2).take_while(|b| b"\"'`".contains(b)).count();
    let user = bytes[at..]
        .iter()
        .take(40)
        .take_while(|b| b.is_ascii_alphanumeric() || b"_-.@\\".contains(b))
        .count();
    let joint = at + user;
    let blank = blanks(bytes, joint);
    if user == 0 || !matches!(bytes.get(joint + blank), Some(b'/' | b':' | b'|')) {
        return None;
    }
    let from = joint + blank + 1;
    let from = from + blanks(bytes, from);
    let end = scan.runs.end(scan.set.common.bare, from);
    Value::trimmed(scan, from, end)
}

/// A value that stands alone on one of the next lines, or alone in parentheses.
pub(super) fn apart(scan: &mut Scan<'_>, name: &Name) -> Option<(Link, Value)> {
    let bytes = scan.bytes();
    let (start, end) = parenthesised(bytes, name.end).or_else(|| next_line(bytes, name.end))?;
    scan.runs.count(end - start);
    if bytes[start..end].contains(&b' ') {
        return None;
    }
    let value = Value::trimmed(scan, start, end)?;
    let link = Link { style: Style::Prose, at: value.start, spaced: true, query: false };
    Some((link, value))
}

/// `password (SECRET)`
fn parenthesised(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let open = at + blanks(bytes, at);
    if open == at || bytes.get(open) != Some(&b'(') {
        return None;
    }
    let inside = &bytes[open + 1..bytes.len().min(open + 200)];
    let length = inside.iter().position(|b| matches!(b, b')' | b'\n'))?;
    (inside[length] == b')').then_some((open + 1, open + 1 + length))
}

/// The line after `password:`, behind blank lines and the opening of a code block.
fn next_line(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut rest = at + bytes[at..].iter().take(48).take_while(|b| !b"\n:".contains(b)).count();
    let announced = bytes[at..rest]
        .split(|b| *b == b' ')
        .any(|word| matches!(word, b"below" | b"follows" | b"follows." | b"below." | b"following"));
    if bytes.get(rest) == Some(&b':') {
        rest += 1;
    } else if !announced {
        return None;
    }
    rest += bytes[rest..].iter().take(4).take_while(|b| b" \t*\r".contains(b)).count();
    for _ in 0..4 {
        rest += written_line_end(&bytes[rest..])?;
        rest += bytes[rest..].iter().take(12).take_while(|b| b" \t>\r".contains(b)).count();
        let length = bytes[rest..].iter().take(600).take_while(|b| !b"\n\r\\\"".contains(b)).count();
        let line = &bytes[rest..rest + length];
        if !line.is_empty() && !line.starts_with(b"```") {
            return Some((rest, rest + line.trim_ascii_end().len()));
        }
        rest += length;
    }
    None
}

/// The length of a line end, also of one that is written out in a string.
fn written_line_end(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] | [b'\\', b'n', ..] => Some(2),
        _ => None,
    }
}

/// A value that stands before its name: "`X` is the password", "use X as token".
pub(super) fn before(scan: &mut Scan<'_>, name: &Name) -> Option<(Link, Value)> {
    let bytes = scan.bytes();
    let line = name.start.saturating_sub(FARTHEST);
    let head = &bytes[line..name.start];
    let head_start = line + memchr::memrchr(b'\n', head).map_or(0, |i| i + 1);
    let mut at = name.start;
    for _ in 0..5 {
        let (start, end) = word_before(bytes, head_start, at)?;
        let word = bytes[start..end].to_ascii_lowercase();
        if matches!(word.as_slice(), b"is" | b"as" | b"=") {
            let (value_start, value_end) = word_before(bytes, head_start, start)?;
            let value = Value::trimmed(scan, value_start, value_end)?;
            let link = Link { style: Style::Prose, at: value.start, spaced: true, query: false };
            return Some((link, value));
        }
        if !word.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-') {
            return None;
        }
        at = start;
    }
    None
}

fn word_before(bytes: &[u8], from: usize, to: usize) -> Option<(usize, usize)> {
    let end = from + bytes[from..to].iter().rposition(|b| !matches!(b, b' ' | b'\t' | b'`'))? + 1;
    let start = from + bytes[from..end].iter().rposition(|b| matches!(b, b' ' | b'\t')).map_or(0, |i| i + 1);
    (start < end).then_some((start, end))
}

struct Word<'t> {
    text: &'t [u8],
    start: usize,
    next: usize,
    colon: bool,
    /// A lone `=` or `:`.
    ends_in_operator: bool,
    stops: bool,
}

impl<'t> Word<'t> {
    /// The word at `at` with the blanks after it.
    fn at(bytes: &'t [u8], at: usize) -> Option<Word<'t>> {
        let rest = bytes.get(at..)?;
        let length = rest.iter().take(LONGEST_WORD).take_while(|b| **b > b' ').count();
        if length == 0 {
            return None;
        }
        let word = &rest[..length];
        let lone = matches!(word, b"=" | b":" | b"->" | b"=>");
        let colon = word.ends_with(b":");
        let stops = matches!(word.last(), Some(b'.' | b';' | b'!' | b'?' | b','));
        let text = word.trim_ascii_end_matches(b":,.;)").trim_start_paren();
        let next = at + length + blanks(bytes, at + length);
        Some(Word { text, start: at, next, colon: colon && !lone, ends_in_operator: lone, stops })
    }

    fn is_any(&self, words: &[&[u8]]) -> bool {
        words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }
}

trait Trim {
    fn trim_ascii_end_matches(&self, set: &[u8]) -> &[u8];
    fn trim_start_paren(&self) -> &[u8];
}

impl Trim for [u8] {
    fn trim_ascii_end_matches(&self, set: &[u8]) -> &[u8] {
        let end = self.iter().rposition(|b| !set.contains(b)).map_or(0, |i| i + 1);
        &self[..end]
    }

    fn trim_start_paren(&self) -> &[u8] {
        self.strip_prefix(b"(").unwrap_or(self)
    }
}
