//! Placeholders: what stands where a secret stood.

use std::ops::Range;

const MARK: &str = "_REDACTED";
/// Longest suffix that is part of a placeholder.
pub(crate) const LONGEST_SUFFIX: usize = 16;

/// Whether `text` has a placeholder in it.
pub(crate) fn mentions(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_some()
}

/// Joins a placeholder and the suffix that tells two secrets apart.
pub(crate) fn with_suffix(placeholder: &str, suffix: Option<&str>) -> String {
    let mut text = placeholder.to_owned();
    if let Some(suffix) = suffix {
        let clean = suffix.chars().filter(char::is_ascii_alphanumeric).take(LONGEST_SUFFIX);
        let before = text.len();
        text.push('_');
        text.extend(clean);
        if text.len() == before + 1 {
            text.pop();
        }
    }
    text
}

/// All placeholders in `text`, in order.
#[must_use]
pub fn spans(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let upper = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_';
    memchr::memmem::find_iter(bytes, MARK.as_bytes())
        .filter_map(|mark| {
            let name = bytes[..mark].iter().rev().take(64).take_while(|b| upper(b)).count();
            let mut end = mark + MARK.len();
            if bytes.get(end) == Some(&b'_') {
                let suffix = bytes[end + 1..]
                    .iter()
                    .take(LONGEST_SUFFIX + 1)
                    .take_while(|b| b.is_ascii_alphanumeric())
                    .count();
                end += if (1..=LONGEST_SUFFIX).contains(&suffix) { suffix + 1 } else { 0 };
            }
            (name > 0).then_some(mark - name..end)
        })
        .collect()
}
