//! Credentials in HTTP headers.

use std::ops::Range;

use crate::kv::{Setting, is_inert, is_strong, quote_at};
use crate::scan::Scan;
use crate::words::Makeup;

/// Longest cookie header that is read.
const LONGEST_COOKIES: usize = 4096;

/// `Bearer` and then something strong.
pub(super) fn bearer(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    if let Some(span) = credential(scan, start, end)
        && is_credential(&scan.text[span.clone()])
    {
        scan.add(rule, span);
    }
}

fn is_credential(text: &str) -> bool {
    let makeup = Makeup::of(text);
    makeup.len >= 8
        && !is_inert(text)
        && (is_strong(text, &makeup, Setting::Firm)
            || makeup.digits > 1 && makeup.letters() > 2 && !makeup.is_wordy() && makeup.changes >= 3)
}

/// `Basic` and then `user:password` in base 64.
pub(super) fn basic(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let Some(span) = credential(scan, start, end) else { return };
    let text = &scan.text[span.clone()];
    let readable = |plain: Vec<u8>| {
        plain.contains(&b':') && plain.iter().all(|b| (0x20..0x7f).contains(b) || *b >= 0xc2)
    };
    if text.len() >= 8 && crate::base64::decode(text).is_some_and(readable) {
        scan.add(rule, span);
    }
}

fn credential(scan: &mut Scan<'_>, start: usize, end: usize) -> Option<Range<usize>> {
    let bytes = scan.bytes();
    if !crate::boundary::opens(bytes, start) && bytes[start].is_ascii_alphanumeric() {
        return None;
    }
    let rest = &bytes[end..];
    let gap = rest.iter().take(6).take_while(|b| matches!(b, b' ' | b'\t' | b':' | b'=')).count();
    if gap == 0 {
        return None;
    }
    let quotes = rest[gap..].iter().take(3).take_while(|b| b"\"'\\`".contains(b)).count();
    token(scan, end + gap + quotes)
}

/// The run of token characters at `from`, without the full stop of a sentence.
fn token(scan: &mut Scan<'_>, from: usize) -> Option<Range<usize>> {
    let to = scan.runs.end(scan.set.common.token, from);
    let dots = scan.bytes()[from..to].iter().rev().take_while(|b| **b == b'.').count();
    (from < to - dots).then_some(from..to - dots)
}

/// `Authorization: <scheme> <credential>` or just the credential.
pub(super) fn authorization(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let bytes = scan.bytes();
    let mut at = quote_at(bytes, end).map_or(end, |quote| quote.end());
    let gap = bytes[at..].iter().take(8).take_while(|b| b" \t:=,>]".contains(b)).count();
    if gap == 0 {
        return;
    }
    at += gap;
    at = quote_at(bytes, at).map_or(at, |quote| quote.end());
    for _ in 0..2 {
        let Some(span) = token(scan, at) else { return };
        let text = &scan.text[span.clone()];
        let algorithm = text.contains("HMAC") || text.contains("SHA");
        if !algorithm && is_credential(text) {
            scan.add(rule, span);
            return;
        }
        let scheme =
            text.len() <= 16 && (algorithm || text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-'));
        if !scheme || bytes.get(span.end) != Some(&b' ') {
            return;
        }
        at = span.end + 1;
    }
}

/// The values of cookies that open a session.
pub(super) fn cookie(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let bytes = scan.bytes();
    let mut at = quote_at(bytes, end).map_or(end, |quote| quote.end());
    let gap = bytes[at..].iter().take(8).take_while(|b| b" \t:=,".contains(b)).count();
    if gap == 0 {
        return;
    }
    at += gap;
    at = quote_at(bytes, at).map_or(at, |quote| quote.end());
    let end = scan.runs.end(scan.set.common.line, at).min(at + LONGEST_COOKIES);
    cookies(scan, rule, at..end);
}

/// Reads `name=value; name=value` from `within` as far as it goes.
pub(super) fn cookies(scan: &mut Scan<'_>, rule: u16, within: Range<usize>) {
    let bytes = scan.bytes();
    let Range { start: mut at, end: line_end } = within;
    while at < line_end {
        at += bytes[at..line_end].iter().take_while(|b| b" ;\t".contains(b)).count();
        let name_end = at + bytes[at..line_end].iter().take(80).take_while(|b| in_name(**b)).count();
        if bytes.get(name_end) != Some(&b'=') || name_end == at {
            return;
        }
        let value = name_end + 1;
        let length = bytes[value..line_end].iter().take_while(|b| !b" ;\"'\\,\t<>`".contains(b)).count();
        scan.runs.count(length);
        let span = value..value + length;
        if scan.text.is_char_boundary(span.end) && opens_session(scan, at..name_end, &scan.text[span.clone()])
        {
            scan.add(rule, span.clone());
        }
        at = span.end;
        if !matches!(bytes.get(at), Some(b';' | b' ')) {
            return;
        }
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.%".contains(&byte)
}

fn opens_session(scan: &Scan<'_>, name: Range<usize>, value: &str) -> bool {
    let name = scan.text[name].to_ascii_lowercase();
    let makeup = Makeup::of(value);
    let named = scan.set.words.cookies.iter().any(|part| name.contains(part.as_str()));
    named
        && !value.is_empty()
        && !is_inert(value)
        && makeup.len >= 10
        && makeup.digits > 0
        && !makeup.is_wordy()
}
