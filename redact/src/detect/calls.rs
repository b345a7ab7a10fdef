//! User names and passwords that stand side by side in code, in SQL and in pipes.

use std::ops::Range;

use crate::kv::{Setting, Value, is_inert, is_password, quoted_value};
use crate::scan::Scan;
use crate::words::Makeup;

/// `basicAuth("user", "SECRET")`
pub(super) fn pair(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let bytes = scan.bytes();
    let Some(first) = quoted_value(scan, end + blanks(bytes, end)) else { return };
    let mut at = first.end + first.quote.map_or(0, |quote| quote.depth + 1);
    at += blanks(bytes, at);
    if bytes.get(at) != Some(&b',') {
        return;
    }
    at += 1;
    at += blanks(bytes, at);
    if let Some(second) = quoted_value(scan, at) {
        add(scan, rule, &second);
    }
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take(16).take_while(|b| b.is_ascii_whitespace() || **b == b'[').count()
}

fn add(scan: &mut Scan<'_>, rule: u16, value: &Value) {
    let text = &scan.text[value.span()];
    if text.len() >= 5 && !is_inert(text) && is_password(text, &Makeup::of(text), Setting::Firm) {
        scan.add(rule, value.span());
    }
}

/// What follows a password that is piped on.
const READERS: [&[u8]; 6] =
    [b"sudo -S", b"--password-stdin", b"chpasswd", b"passwd", b"--with-token", b"--stdin"];

/// `echo SECRET | sudo -S …`
pub(super) fn echo(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let bytes = scan.bytes();
    if !crate::boundary::opens(bytes, start) {
        return;
    }
    let line_end = scan.runs.end(scan.set.common.line, end).min(end + 400);
    let line = &bytes[end..line_end];
    scan.runs.count(line.len());
    let Some(pipe) = memchr::memchr(b'|', line) else { return };
    if !READERS.iter().any(|reader| memchr::memmem::find(&line[pipe..], reader).is_some()) {
        return;
    }
    let mut at = end + blanks(bytes, end);
    while bytes[at..].starts_with(b"-") {
        at += bytes[at..line_end].iter().take_while(|b| **b > b' ').count();
        at += blanks(bytes, at);
    }
    let word = at..at + bytes[at..line_end].iter().take_while(|b| **b > b' ').count();
    let value = quoted_value(scan, at).or_else(|| Value::trimmed(scan, word.start, word.end));
    let Some(mut value) = value else { return };
    if memchr::memmem::find(line, b"chpasswd").is_some()
        && let Some(colon) = scan.text[value.span()].find(':')
    {
        value.start += colon + 1;
    }
    add(scan, rule, &value);
}

/// `INSERT INTO t (a, password) VALUES ('x', 'SECRET')`
pub(super) fn insert(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let bytes = scan.bytes();
    let statement = end..bytes.len().min(end + 2048);
    let Some(columns) = group(bytes, &statement) else { return };
    let secret = |name: &[u8]| {
        [&b"pass"[..], b"pwd", b"secret", b"token", b"api_key", b"apikey"]
            .iter()
            .any(|word| name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)))
    };
    let mut hidden = Vec::new();
    for (index, column) in split(bytes, &columns).into_iter().enumerate() {
        let name = bytes[column].trim_ascii();
        let digest = name.to_ascii_lowercase().windows(4).any(|part| part == b"hash");
        if secret(name) && !digest {
            hidden.push(index);
        }
    }
    if hidden.is_empty() {
        return;
    }
    let mut rest = columns.end..statement.end;
    for _ in 0..16 {
        let Some(row) = group(bytes, &rest) else { return };
        let values = split(bytes, &row);
        for value in hidden.iter().filter_map(|index| values.get(*index)) {
            let at = value.start + blanks(bytes, value.start);
            if let Some(value) = quoted_value(scan, at) {
                add(scan, rule, &value);
            }
        }
        scan.runs.count(row.len());
        rest = row.end..rest.end;
    }
}

/// The inside of the next parentheses, which have no others inside but in quotes.
fn group(bytes: &[u8], within: &Range<usize>) -> Option<Range<usize>> {
    let open = within.start + memchr::memchr(b'(', &bytes[within.clone()])? + 1;
    let between = &bytes[within.start..open];
    if between.contains(&b';') {
        return None;
    }
    let mut quoted = false;
    let close = bytes[open..within.end].iter().position(|b| {
        quoted ^= *b == b'\'';
        !quoted && *b == b')'
    })?;
    Some(open..open + close)
}

/// Splits at commas outside of quotes.
fn split(bytes: &[u8], within: &Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut quoted) = (within.start, false);
    for at in within.clone() {
        quoted ^= bytes[at] == b'\'';
        if bytes[at] == b',' && !quoted {
            parts.push(start..at);
            start = at + 1;
        }
    }
    parts.push(start..within.end);
    parts
}
