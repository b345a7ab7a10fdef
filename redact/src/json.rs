//! Keeps JSON JSON.
//!
//! A secret's end is guessed from text, and text in JSON has escapes and quotes of its
//! own. Where the whole text or a line of it is valid JSON, whatever was found is fitted
//! to the insides of its strings and to whole numbers, so that no guess can break it.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::kv::Quote;
use crate::scan::Found;

/// Fits what was found, which is sorted and disjoint, to the JSON in `text`.
pub(crate) fn fit(text: &str, found: Vec<Found>) -> Vec<Found> {
    if is_json(text) {
        return fit_document(text, 0..text.len(), found);
    }
    let mut fitted = Vec::with_capacity(found.len());
    let mut rest = found.into_iter().peekable();
    while let Some(one) = rest.next() {
        let line = line_around(text, one.span.start);
        if one.span.end > line.end || !is_json(&text[line.clone()]) {
            fitted.push(one);
            continue;
        }
        let mut of_line = vec![one];
        while let Some(next) = rest.next_if(|next| next.span.end <= line.end) {
            of_line.push(next);
        }
        fitted.extend(fit_document(text, line, of_line));
    }
    fitted
}

fn is_json(text: &str) -> bool {
    let trimmed = text.trim_ascii();
    let closed = matches!(
        (trimmed.as_bytes().first(), trimmed.as_bytes().last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) | (Some(b'"'), Some(b'"'))
    );
    closed && serde_json::from_str::<IgnoredAny>(trimmed).is_ok()
}

fn line_around(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |i| i + 1);
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i);
    start..end
}

fn fit_document(text: &str, document: Range<usize>, found: Vec<Found>) -> Vec<Found> {
    let mut fitted = Vec::with_capacity(found.len());
    let mut tokens = Tokens { bytes: text.as_bytes(), at: document.start, end: document.end };
    let mut current = tokens.next();
    for one in found {
        while let Some(token) = &current
            && token.span.start < one.span.end
        {
            fitted.extend(token.fit(text.as_bytes(), &one));
            if token.span.end > one.span.end {
                break;
            }
            current = tokens.next();
        }
    }
    fitted
}

/// The inside of a string, or a number.
struct Token {
    span: Range<usize>,
    string: bool,
}

impl Token {
    /// The part of `found` that lies in this token.
    fn fit(&self, bytes: &[u8], found: &Found) -> Option<Found> {
        let start = found.span.start.max(self.span.start);
        let end = found.span.end.min(self.span.end);
        if start >= end {
            return None;
        }
        if !self.string {
            let quote = Some(Quote { start: 0, depth: 0, mark: b'"' });
            return Some(Found { span: self.span.clone(), quote, ..found.clone() });
        }
        let span =
            start - into_escape(bytes, self.span.start, start)..end + out_of_escape(bytes, &self.span, end);
        // A bare number inside a string of JSON may stand in JSON of its own.
        Some(Found { span, ..found.clone() })
    }
}

/// How far `at` is inside an escape.
fn into_escape(bytes: &[u8], start: usize, at: usize) -> usize {
    for back in 1..=5.min(at - start) {
        if bytes[at - back] == b'\\' && opens_escape(bytes, start, at - back) {
            let length = if bytes[at - back + 1] == b'u' { 6 } else { 2 };
            return if back < length { back } else { 0 };
        }
    }
    0
}

/// How far the escape that `at` is inside of goes on.
fn out_of_escape(bytes: &[u8], string: &Range<usize>, at: usize) -> usize {
    match into_escape(bytes, string.start, at) {
        0 => 0,
        inside => {
            let length = if bytes[at - inside + 1] == b'u' { 6 } else { 2 };
            (length - inside).min(string.end - at)
        }
    }
}

/// Whether the backslash at `at` is not itself escaped.
fn opens_escape(bytes: &[u8], start: usize, at: usize) -> bool {
    bytes[start..at].iter().rev().take_while(|b| **b == b'\\').count().is_multiple_of(2)
}

/// The strings and numbers of a valid document, in order.
struct Tokens<'t> {
    bytes: &'t [u8],
    at: usize,
    end: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while self.at < self.end {
            let start = self.at;
            match self.bytes[start] {
                b'"' => return Some(self.string(start + 1)),
                b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                    let rest = &self.bytes[start..self.end];
                    let length =
                        rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
                    self.at += length;
                    return Some(Token { span: start..self.at, string: false });
                }
                _ => self.at += 1,
            }
        }
        None
    }
}

impl Tokens<'_> {
    fn string(&mut self, start: usize) -> Token {
        let mut at = start;
        while at < self.end && self.bytes[at] != b'"' {
            at += if self.bytes[at] == b'\\' { 2 } else { 1 };
        }
        self.at = (at + 1).min(self.end);
        Token { span: start..at.min(self.end), string: true }
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // spans are ranges, and one is a list of one
mod tests {
    use super::*;

    fn found(span: Range<usize>) -> Found {
        Found { span, rule: 0, quote: None }
    }

    #[test]
    fn spans_are_cut_to_strings_and_grown_to_escapes() {
        let text = r#"{"a":"x\u0041y","b":12345}"#;
        let spans =
            |f: Range<usize>| fit(text, vec![found(f)]).into_iter().map(|f| f.span).collect::<Vec<_>>();
        assert_eq!(spans(9..13), vec![7..13]);
        assert_eq!(spans(6..10), vec![6..13]);
        assert_eq!(spans(13..24), [13..14, 17..18, 20..25]);
    }

    #[test]
    fn lines_of_json_count_too() {
        let text = "log\n{\"pin\": 123456}\n";
        let fitted = fit(text, vec![found(13..18)]);
        assert_eq!(fitted[0].span, 12..18);
        assert!(fitted[0].quote.is_some());
    }
}
