//! Text of others on the human's terminal.
//!
//! Message texts, roles, notes and names come from agents. An escape sequence in one could clear the screen, hide a
//! line or forge one; a bidirectional override could make a text read as another. All of it is made visible.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

use crate::failure::Failure;

/// Makes everything visible that a terminal would obey instead of show. The result is one line.
pub(crate) fn safe_text(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_active(c) && u32::from(c) < 0x100 => {
                push(&mut safe, format_args!("\\x{:02x}", u32::from(c)))
            }
            c if is_active(c) => push(&mut safe, format_args!("\\u{{{:x}}}", u32::from(c))),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// The lines of a text, each made safe; a tabulator becomes spaces.
pub(crate) fn safe_lines(text: &str) -> impl Iterator<Item = String> {
    text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        safe_text(&line.replace('\t', "    ")).into_owned()
    })
}

/// One line of JSON that is safe on a terminal: what [`safe_text`] would make visible becomes a JSON escape, so that
/// a program reads the same value.
pub(crate) fn safe_json(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string(value).map_err(|error| Failure::failed("writing JSON", error))?;
    Ok(escape_json(&json))
}

/// [`safe_json`], indented for reading.
pub(crate) fn safe_json_pretty(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|error| Failure::failed("writing JSON", error))?;
    Ok(escape_json(&json))
}

/// A line of JSON that somebody else wrote, safe on a terminal and still the same value.
pub(crate) fn safe_json_line(json: &str) -> String {
    escape_json(json)
}

/// Outside strings JSON has no active characters but line breaks, which stay.
fn escape_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_active(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                push(&mut safe, format_args!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Whether a terminal obeys the character or shows nothing for it.
pub(crate) fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' // soft hyphen
            | '\u{61c}' // Arabic letter mark
            | '\u{180e}' // Mongolian vowel separator
            | '\u{200b}'..='\u{200f}' // zero width, left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202e}' // line and paragraph separators, embeddings and overrides
            | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates
            | '\u{feff}' // byte order mark
            | '\u{fff9}'..='\u{fffb}' // interlinear annotations
            | '\u{e0000}'..='\u{e007f}' // tags: invisible letters
        )
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _written = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_even_copied() {
        assert!(matches!(safe_text("grün — 東京 🙂"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        assert_eq!(safe_text("\x1b[31mred\x1b[0m"), r"\x1b[31mred\x1b[0m");
        assert_eq!(safe_text("a\rb\nc\td\0\x07\x7f"), r"a\rb\nc\td\x00\x07\x7f");
        assert_eq!(safe_text("\u{9b}2J"), r"\x9b2J");
        assert_eq!(safe_text("abc\u{202e}txt.exe"), r"abc\u{202e}txt.exe");
        assert_eq!(safe_text("\u{2066}\u{200b}\u{feff}\u{e0041}"), r"\u{2066}\u{200b}\u{feff}\u{e0041}");
    }

    #[test]
    fn lines_stay_lines() {
        let lines: Vec<_> = safe_lines("one\r\n\ttwo\x1b]0;x\x07").collect();
        assert_eq!(lines, ["one", r"    two\x1b]0;x\x07"]);
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"k\u{202e}": "a\u{9b}\u{e0041}\x1b\n"});
        let json = safe_json(&value).unwrap();
        assert!(!json.chars().any(is_active), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
        let pretty = safe_json_pretty(&value).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value);
    }
}
