//! What must never be in an output.

use std::fmt::Write as _;

/// Every secret around a command begins with it.
pub(crate) const CANARY: &str = "c4n4ry";

/// What would give a secret away, in the spellings that commands put things in.
pub(crate) struct Canaries(Vec<(String, &'static str)>);

impl Canaries {
    /// Those of every run, and the daemon's key.
    pub(crate) fn new(key: &[u8]) -> Self {
        let reversed: String = CANARY.chars().rev().collect();
        let mut hexadecimal = String::new();
        key.iter().for_each(|byte| write!(hexadecimal, "{byte:02x}").unwrap());
        let raw = String::from_utf8_lossy(&key[..8]).into_owned();
        let mut all = vec![
            (CANARY.to_owned(), "a secret"),
            (reversed, "a secret, reversed"),
            ("63346e347279".to_owned(), "a secret, in hexadecimal"),
            ("YzRuNHJ5".to_owned(), "a secret, in base64"),
            ("SQLite format 3".to_owned(), "the daemon's database"),
            (hexadecimal[..24].to_owned(), "the daemon's key, in hexadecimal"),
        ];
        if raw.chars().count() > 3 && !raw.contains(char::REPLACEMENT_CHARACTER) {
            all.push((raw, "the daemon's key"));
        }
        Self(all)
    }

    /// What an output gives away.
    pub(crate) fn heard_in(&self, output: &str) -> Vec<&'static str> {
        let squeezed: String = output.chars().filter(|c| !c.is_whitespace()).collect();
        let heard = self.0.iter().filter(|(text, _)| output.contains(text) || squeezed.contains(text));
        heard.map(|(_, what)| *what).collect()
    }
}

/// Characters that a terminal or a reader would obey instead of showing them.
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
