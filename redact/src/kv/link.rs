//! What joins a name to its value.

use super::extent::{Quote, quote_at};
use super::name::Name;
use super::prose;
use crate::boundary;
use crate::scan::Scan;

/// How name and value are joined; some joints are weaker evidence than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `=`, `:=`, `=>`, `->`
    Assign,
    /// `:`
    Colon,
    /// `is`, `was`, `for the box:`
    Prose,
    /// `--name value`
    Flag,
    /// `| name | value |`
    Cell,
    /// `<name>value</name>`
    Element,
    /// `name("value")`, `"name", "value"`
    Argument,
    /// `name "value"`, `name value`
    Adjacent,
}

/// A joint.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// How.
    pub style: Style,
    /// Where the value may begin.
    pub at: usize,
    /// Whether blanks surround the operator, as in source code.
    pub spaced: bool,
    /// Whether the name stands in the query of a URL.
    pub query: bool,
}

/// No table is wider than this between a name and its operator.
const WIDEST_GAP: usize = 48;

/// Finds what joins `name` to a value.
pub(super) fn find(scan: &mut Scan<'_>, name: &Name) -> Option<Link> {
    let bytes = scan.bytes();
    let (after_name, name_quote) = closers(bytes, name.end);
    let at = skip(bytes, after_name);
    let gap = at > after_name;
    let query = name.start > 0 && matches!(bytes[name.start - 1], b'?' | b'&');
    let link = |style, at: usize| {
        let at = skip(bytes, at);
        Some(Link { style, at, spaced: gap, query })
    };
    let rest = &bytes[at..];
    match rest.first()? {
        b'[' if gap => {
            // `AWS Secret Access Key [None]: …`
            let close = rest.iter().take(32).position(|b| *b == b']')?;
            rest[close + 1..].starts_with(b":").then(|| link(Style::Colon, at + close + 2))?
        }
        b':' if rest.starts_with(b":=") => link(Style::Assign, at + 2),
        b':' if rest.starts_with(b"::") || rest.starts_with(b"://") => None,
        b':' => link(Style::Colon, block_scalar(bytes, at + 1)),
        b'=' if rest.starts_with(b"=~") => None,
        b'=' => link(Style::Assign, at + rest.iter().take(3).take_while(|b| b"=>".contains(b)).count()),
        b'?' | b'+' | b'|' if rest.get(1) == Some(&b'=') => link(Style::Assign, at + 2),
        b'-' if rest.starts_with(b"->") => link(Style::Assign, at + 2),
        b'-' if gap && rest.get(1) == Some(&b' ') => link(Style::Prose, at + 2),
        b'|' | b'?' if rest.starts_with(b"||") || rest.starts_with(b"??") => {
            let value = skip(bytes, at + 2);
            quote_at(bytes, value).and_then(|_| link(Style::Assign, value))
        }
        b'|' => link(Style::Cell, at + 1),
        b'>' if opens_element(bytes, name.start) && closes_element(rest) => link(Style::Element, at + 1),
        b',' if name_quote.is_some() => link(Style::Argument, at + 1),
        b'(' if rest.get(1).is_some_and(|b| b"\"'`".contains(b)) => link(Style::Argument, at + 1),
        b'"' | b'\'' | b'`' | b'\\' if gap && quote_at(bytes, at).is_some() => link(Style::Adjacent, at),
        0xe2 if gap && (rest.starts_with("“".as_bytes()) || rest.starts_with("‘".as_bytes())) => {
            link(Style::Adjacent, at)
        }
        0x80.. => foreign(rest).and_then(|(style, length)| link(style, at + length)),
        _ if is_flag(bytes, name.start) && gap => link(Style::Flag, at),
        _ if gap => {
            let (style, at) = prose::after(scan, at)?;
            link(style, at)
        }
        _ => None,
    }
}

/// Skips what may close a name: quotes, brackets, emphasis.
fn closers(bytes: &[u8], mut at: usize) -> (usize, Option<Quote>) {
    let mut quote = None;
    for _ in 0..4 {
        if let Some(found) = quote_at(bytes, at) {
            at = found.end();
            quote.get_or_insert(found);
        } else if matches!(bytes.get(at), Some(b']' | b'*' | b'_' | b'?' | b'!'))
            && bytes.get(at + 1) != Some(&b'=')
        {
            at += 1;
        } else {
            break;
        }
    }
    (at, quote)
}

/// Past blanks and terminal colours.
fn skip(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..4 {
        let next = at + blanks(bytes, at);
        let colour = boundary::colour(bytes, next);
        at = next + colour;
        if colour == 0 {
            break;
        }
    }
    at
}

/// How many spaces and tabs stand at `at`.
pub(super) fn blanks(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take(WIDEST_GAP).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Past the `|` or `>-` of a YAML block and its line end.
fn block_scalar(bytes: &[u8], at: usize) -> usize {
    let mark = at + blanks(bytes, at);
    if !matches!(bytes.get(mark), Some(b'|' | b'>')) {
        return at;
    }
    let mut end = mark + 1;
    end += usize::from(matches!(bytes.get(end), Some(b'-' | b'+')));
    end += usize::from(bytes.get(end) == Some(&b'\r'));
    if bytes.get(end) == Some(&b'\n') { end + 1 } else { at }
}

fn opens_element(bytes: &[u8], start: usize) -> bool {
    let head = &bytes[start.saturating_sub(24)..start];
    let prefix = head.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b':').count();
    head[..head.len() - prefix].ends_with(b"<")
}

/// Whether the next tag is a closing one.
fn closes_element(rest: &[u8]) -> bool {
    let line = &rest[..rest.len().min(512)];
    memchr::memchr(b'<', line)
        .is_some_and(|tag| line.get(tag + 1) == Some(&b'/') || line[tag..].starts_with(b"<![CDATA["))
}

fn is_flag(bytes: &[u8], start: usize) -> bool {
    bytes.get(start) == Some(&b'-') || (start > 0 && bytes[start - 1] == b'-')
}

/// Full-width operators and the copulas of Chinese and Japanese.
fn foreign(rest: &[u8]) -> Option<(Style, usize)> {
    const JOINTS: [(&str, Style); 8] = [
        ("：", Style::Colon),
        ("＝", Style::Assign),
        ("→", Style::Assign),
        ("—", Style::Prose),
        ("–", Style::Prose),
        ("是", Style::Prose),
        ("为", Style::Prose),
        ("は", Style::Prose),
    ];
    let (joint, style) = JOINTS.iter().find(|(joint, _)| rest.starts_with(joint.as_bytes()))?;
    let colon = if rest[joint.len()..].starts_with("：".as_bytes()) { "：".len() } else { 0 };
    Some((*style, joint.len() + colon))
}
