//! Characters that nobody sees.

/// `Default_Ignorable_Code_Point` of the Unicode Character Database (`DerivedCoreProperties.txt`, version 16): zero-width
/// and bidirectional controls, fillers, variation selectors, tags. And the interlinear annotation controls, which are not
/// in it.
const RANGES: [(char, char); 18] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a reader would not see this character: it can hide text, reorder it or split a secret.
pub(super) fn is_invisible(c: char) -> bool {
    // Nearly everything is ASCII.
    c >= '\u{ad}' && RANGES.iter().any(|&(first, last)| (first..=last).contains(&c))
}
