//! Armoured private keys: whole, cut off at either end, indented, quoted, escaped, in diffs.

use std::ops::Range;

use crate::scan::Scan;
use crate::words::Makeup;

/// Labels of armours that hide something.
const LABELS: [&[u8]; 4] = [b"PRIVATE KEY", b"SECRET KEY", b"Static key", b"PRIVATE-KEY"];
/// A line of an armour has 64 or 76 characters, unless it is the last.
const FULL_LINE: usize = 24;
/// Fewer characters than this are an example in prose, not a key.
const LEAST_BODY: usize = 32;
/// The largest armour that is followed.
const LARGEST: usize = 32 * 1024;

/// Reads the armour that begins or ends at the anchor `start..end`.
pub(super) fn check(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let bytes = scan.bytes();
    let anchor = &bytes[start..end];
    let span = if anchor.ends_with(b"END") {
        backwards(bytes, start, end)
    } else if anchor.ends_with(b":") {
        let count = bytes[end..].iter().take(8).take_while(|b| **b == b' ' || b.is_ascii_digit()).count();
        forwards(bytes, start, end + count)
    } else {
        label_end(bytes, end).and_then(|body| forwards(bytes, start, body))
    };
    if let Some(span) = span {
        scan.runs.count(span.len());
        scan.add(rule, span);
    }
}

/// The end of the dashes after a label that announces a private key.
fn label_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..bytes.len().min(at + 64)];
    let hidden =
        LABELS.iter().find_map(|label| memchr::memmem::find(rest, label).map(|found| found + label.len()))?;
    let between = &rest[..hidden];
    if between.contains(&b'\n') || memchr::memmem::find(between, b"--").is_some() {
        return None;
    }
    let block = if rest[hidden..].starts_with(b" BLOCK") { 6 } else { 0 };
    let version = rest[hidden..].iter().take(4).take_while(|b| b" V1".contains(b)).count();
    let from = hidden + block.max(version);
    let dashes = rest[from..].iter().take_while(|b| **b == b'-').count();
    Some(at + from + dashes)
}

/// Follows the lines of an armour from `body`.
fn forwards(bytes: &[u8], start: usize, body: usize) -> Option<Range<usize>> {
    let limit = bytes.len().min(body + LARGEST);
    let (mut at, mut end, mut seen) = (body, body, 0);
    loop {
        at = skip_joints(bytes, at, limit);
        if let Some(close) = closing(bytes, at) {
            return (seen >= LEAST_BODY).then_some(start..close);
        }
        let line = bytes[at..limit].iter().take_while(|b| in_body(**b)).count();
        if bytes.get(at + line) == Some(&b':') && line > 2 {
            // A header: `Proc-Type: 4,ENCRYPTED`, `Private-MAC: …`.
            let mac = bytes[at..].starts_with(b"Private-MAC");
            at = skip_line(bytes, at, limit);
            if mac {
                return (seen >= LEAST_BODY).then_some(start..at);
            }
            continue;
        }
        if line == 0 || !(is_body_line(bytes, at, line) || ends_soon(bytes, at + line, limit)) {
            break;
        }
        at += line;
        end = at;
        seen += line;
    }
    (seen >= LEAST_BODY).then_some(start..end)
}

/// Follows an armour whose beginning is missing back from its last line.
fn backwards(bytes: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let close = label_end(bytes, end)?;
    let floor = start.saturating_sub(LARGEST);
    let (mut first, mut seen) = (start, 0);
    let mut at = start;
    loop {
        at -= joints_before(&bytes[floor..at]);
        let line = bytes[floor..at].iter().rev().take_while(|b| in_body(**b)).count();
        let from = at - line;
        if line == 0
            || !(is_body_line(bytes, from, line)
                || seen == 0 && line >= 2 && !is_plain_word(&bytes[from..at]))
        {
            break;
        }
        seen += line;
        first = from;
        at = from;
    }
    // The dashes of a `BEGIN` right before mean that the whole armour was followed already.
    (seen >= LEAST_BODY && !bytes[..first].trim_ascii_end().ends_with(b"--")).then_some(first..close)
}

fn in_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

fn is_body_line(bytes: &[u8], at: usize, length: usize) -> bool {
    if length >= FULL_LINE {
        return true;
    }
    // The last line of a key that was cut off.
    let Some(text) = bytes.get(at..at + length).and_then(|line| std::str::from_utf8(line).ok()) else {
        return false;
    };
    let makeup = Makeup::of(text);
    length >= 8 && makeup.changes >= 3 && !makeup.is_wordy()
}

fn is_plain_word(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_lowercase)
}

/// Whether the armour's end follows at once.
fn ends_soon(bytes: &[u8], at: usize, limit: usize) -> bool {
    let next = skip_joints(bytes, at, limit);
    let checksum = bytes[next..limit].iter().take(6).take_while(|b| in_body(**b)).count();
    closing(bytes, next).is_some()
        || bytes[next..limit].starts_with(b"Private-MAC")
        || (checksum == 5
            && bytes[next] == b'='
            && closing(bytes, skip_joints(bytes, next + 5, limit)).is_some())
}

/// The end of the closing line at `at`.
fn closing(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let dashes = rest.iter().take(6).take_while(|b| **b == b'-').count();
    let word = dashes + usize::from(rest.get(dashes) == Some(&b' '));
    if dashes < 4 || !rest[word..].starts_with(b"END") {
        return None;
    }
    let label = rest[word..].iter().take(64).position(|b| *b == b'-' || *b == b'\n');
    let label = word + label.unwrap_or(3);
    Some(at + label + rest[label..].iter().take(5).take_while(|b| **b == b'-').count())
}

/// Skips what may stand between two lines: line ends, written-out line ends, quotes,
/// comment signs and the marks of diffs and quotations.
fn skip_joints(bytes: &[u8], mut at: usize, limit: usize) -> usize {
    while at < limit {
        match bytes[at] {
            b'\\' => {
                at += bytes[at..limit].iter().take_while(|b| **b == b'\\').count();
                at += usize::from(matches!(bytes.get(at), Some(b'n' | b'r' | b't')));
            }
            b'-' if closing(bytes, at).is_some() => return at,
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b',' | b'>' | b'|' | b'*' | b'#' | b'-'
            | b'.' => at += 1,
            b'+' | b'/' if bytes.get(at + 1).is_some_and(|b| b" \t\"'\n/".contains(b)) => at += 1,
            _ => break,
        }
    }
    at.min(limit)
}

/// How many bytes at the end of `head` are joints.
fn joints_before(head: &[u8]) -> usize {
    let mut length = 0;
    loop {
        let rest = &head[..head.len() - length];
        length += match rest {
            [.., b'\\', b'n' | b'r' | b't'] => 2,
            [.., b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'\\' | b'>' | b'|' | b'#' | b'-' | b','] => 1,
            _ => return length,
        };
    }
}

fn skip_line(bytes: &[u8], at: usize, limit: usize) -> usize {
    let rest = &bytes[at..limit];
    let plain = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let written = memchr::memmem::find(rest, b"\\n").unwrap_or(rest.len());
    let quoted = memchr::memchr(b'"', rest).unwrap_or(rest.len());
    at + plain.min(written).min(quoted)
}
