//! Characters that make a person read something else than what runs.

use super::{Refusal, rule};

/// Characters that have no picture of their own or change the picture of others: Unicode's categories Cf, Co, Zl, Zp and
/// Zs without the ASCII space, and everything with `Default_Ignorable_Code_Point`.
/// Source: Unicode 16, `DerivedGeneralCategory.txt` and `DerivedCoreProperties.txt`.
const DECEPTIVE: [(char, char); 34] = [
    ('\u{a0}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{ffff}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
    ('\u{f0000}', '\u{ffffd}'),
    ('\u{100000}', '\u{10fffd}'),
    ('\u{1107f}', '\u{1107f}'),
];

/// Dashes that are not the one options begin with.
const DASHES: [(char, char); 8] = [
    ('\u{2010}', '\u{2015}'),
    ('\u{2043}', '\u{2043}'),
    ('\u{207b}', '\u{207b}'),
    ('\u{2212}', '\u{2212}'),
    ('\u{2e3a}', '\u{2e3b}'),
    ('\u{fe58}', '\u{fe58}'),
    ('\u{fe63}', '\u{fe63}'),
    ('\u{ff0d}', '\u{ff0d}'),
];

fn within(c: char, ranges: &[(char, char)]) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// Refuses control, invisible and bidirectional characters; `blanks` are the control characters that may stand.
///
/// # Errors
/// [`Refusal`] naming the character by its code.
pub(crate) fn check_visible(text: &str, blanks: &str) -> Result<(), Refusal> {
    let bad = |c: &char| (c.is_control() && !blanks.contains(*c)) || within(*c, &DECEPTIVE);
    match text.chars().find(bad) {
        None => Ok(()),
        Some(c) => Err(Refusal::new(
            rule::CHARACTERS,
            format!(
                "the command contains U+{:04X}, which a person who is to approve it cannot see; leave it out",
                u32::from(c)
            ),
        )),
    }
}

/// Refuses everything but ASCII in a word that a program takes by its letters.
///
/// # Errors
/// [`Refusal`] naming the character by its code.
pub(crate) fn check_ascii(word: &str, what: &str) -> Result<(), Refusal> {
    match word.chars().find(|c| !c.is_ascii()) {
        None => Ok(()),
        Some(c) => Err(Refusal::new(
            rule::LOOK_ALIKE,
            format!(
                "{what} {word:?} contains U+{:04X}; only plain ASCII letters are allowed there",
                u32::from(c)
            ),
        )),
    }
}

/// Refuses a word that looks like an option and is none.
///
/// # Errors
/// [`Refusal`] naming the character by its code.
pub(crate) fn check_dash(word: &str) -> Result<(), Refusal> {
    match word.chars().next() {
        Some(c) if within(c, &DASHES) => Err(Refusal::new(
            rule::LOOK_ALIKE,
            format!(
                "{word:?} begins with U+{:04X}, which is not the dash of an option; use '-'",
                u32::from(c)
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for text in
            ["a\0b", "\u{7}", "\u{202e}", "\u{200b}", "\u{2066}", "\u{feff}", "\u{e0041}", "\u{a0}", "\r"]
        {
            assert_eq!(check_visible(text, "").unwrap_err().rule, rule::CHARACTERS, "{text:?}");
        }
        check_visible("größe.txt 日本語.md größe", "").unwrap();
        check_visible("a\n\tb", "\n\t").unwrap();
    }

    #[test]
    fn what_looks_like_ascii_is_refused_where_ascii_counts() {
        assert_eq!(check_ascii("lѕ", "the program").unwrap_err().rule, rule::LOOK_ALIKE);
        assert_eq!(check_ascii("--аll", "the option").unwrap_err().rule, rule::LOOK_ALIKE);
        for word in ["–rf", "—rf", "−rf", "－rf"] {
            assert_eq!(check_dash(word).unwrap_err().rule, rule::LOOK_ALIKE, "{word}");
        }
    }
}
