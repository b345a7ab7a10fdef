//! Secrets taken out of several pieces of text that a reader could glue together.

use super::Redact;
use super::bounded::Text;

/// Takes secrets out of both texts, those included that lie across the border of two pieces: the head and the tail of a
/// text, the end of one text and the beginning of the other. Counts them for each text.
pub(super) fn redact_together(texts: [Text; 2], redact: Redact<'_>) -> ([Text; 2], [u32; 2]) {
    let mut found = [0; 2];
    let [mut out, mut err] = texts;
    for (text, found) in [&mut out, &mut err].into_iter().zip(&mut found) {
        for piece in [&mut text.head, &mut text.tail] {
            let (clean, secrets) = redact(piece);
            *piece = clean;
            *found += secrets;
        }
        *found += across(&mut text.head, &mut text.tail, redact);
    }
    found[0] += across(out.last(), err.first(), redact);
    found[1] += across(err.last(), out.first(), redact);
    ([out, err], found)
}

/// Takes out what only shows when `second` follows `first`. Afterwards the two in a row are what the redaction of both
/// in a row is; what was found at the border counts as the first one's.
fn across(first: &mut String, second: &mut String, redact: Redact<'_>) -> u32 {
    if first.is_empty() || second.is_empty() {
        return 0;
    }
    let joined = format!("{first}{second}");
    let (clean, secrets) = redact(&joined);
    if clean == joined {
        return 0;
    }
    let border = clean.len() - common_end(second, &clean);
    *second = clean[border..].to_owned();
    *first = clean;
    first.truncate(border);
    secrets
}

/// Bytes that two texts share at their end, in whole characters.
fn common_end(left: &str, right: &str) -> usize {
    left.chars().rev().zip(right.chars().rev()).take_while(|(l, r)| l == r).map(|(l, _)| l.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(text: &str) -> (String, u32) {
        (text.replace("secret", "[X]"), u32::try_from(text.matches("secret").count()).unwrap())
    }

    fn text(head: &str, tail: &str) -> Text {
        Text { head: head.into(), tail: tail.into(), cut: 0 }
    }

    #[test]
    fn no_border_hides_a_secret() {
        let pairs = [
            ([text("a sec", ""), text("ret b", "")], ["a [X]", " b"], [1, 0]),
            ([text("ret b", ""), text("a sec", "")], [" b", "a [X]"], [0, 1]),
            ([text("a sec", "ret b"), text("secret", "")], ["a [X] b", "[X]"], [1, 1]),
            ([text("secret", ""), text("plain", "")], ["[X]", "plain"], [1, 0]),
        ];
        for (texts, expected, counts) in pairs {
            let (texts, found) = redact_together(texts, &redact);
            assert_eq!(texts.map(|text| text.head + &text.tail), expected);
            assert_eq!(found, counts);
        }
    }
}
