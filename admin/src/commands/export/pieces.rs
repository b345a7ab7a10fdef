//! A text of an agent, cut into what is shown as it is, what is made visible, and what stands for a secret.

use std::ops::Range;

use crate::text::{is_active, safe_text};

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Shown as it is; may hold line breaks.
    Plain(&'t str),
    /// A character that a reader would not see or that would change how others read, spelled out.
    Hidden(String),
    /// What the bridge put in the place of a secret.
    Redacted(&'t str),
}

/// Cuts a text. Line breaks and tabulators stay as they are.
pub(super) fn cut(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for Range { start, end } in bridge_redact::placeholders(text) {
        // Two marks in one word: the later one counts.
        if start < from {
            continue;
        }
        visible(&text[from..start], &mut pieces);
        pieces.push(Piece::Redacted(&text[start..end]));
        from = end;
    }
    visible(&text[from..], &mut pieces);
    pieces
}

fn visible<'t>(text: &'t str, pieces: &mut Vec<Piece<'t>>) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| is_active(c) && !matches!(c, '\n' | '\t')) {
        let length = rest[at..].chars().next().map_or(1, char::len_utf8);
        if at > 0 {
            pieces.push(Piece::Plain(&rest[..at]));
        }
        pieces.push(Piece::Hidden(safe_text(&rest[at..at + length]).into_owned()));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_hidden_characters_are_set_apart() {
        let pieces = cut("key AWS_KEY_REDACTED_7K2M,\n\tthen\u{202e}x\x1b[2J");
        assert_eq!(
            pieces,
            [
                Piece::Plain("key "),
                Piece::Redacted("AWS_KEY_REDACTED_7K2M"),
                Piece::Plain(",\n\tthen"),
                Piece::Hidden(r"\u{202e}".into()),
                Piece::Plain("x"),
                Piece::Hidden(r"\x1b".into()),
                Piece::Plain("[2J"),
            ]
        );
        assert_eq!(cut(""), []);
        assert_eq!(cut("A_REDACTED_REDACTED").len(), 1);
    }
}
