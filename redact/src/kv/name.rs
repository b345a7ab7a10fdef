//! Names: where one begins and ends, and whether its last word means a secret.

use serde::Deserialize;

use crate::scan::Scan;

/// What a name promises about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NameKind {
    /// People choose passwords: any mixed value counts.
    Password,
    /// `pass` and `pw` mean other things too and must stand as words.
    Pass,
    /// Machines make tokens: only strong values count.
    Token,
    /// `key` alone says nothing; the word before it decides.
    Key,
    /// Seeds of one-time passwords, in base 32.
    Otp,
    /// Words of a wallet's seed.
    Phrase,
    /// `user:password` pairs.
    Credentials,
    /// Signatures in signed URLs.
    Signature,
}

/// What the words before `key` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qualifier {
    /// Nothing stands before.
    None,
    /// `api`, `secret`, the name of a vendor, …
    Telling,
    /// `primary`, `public`, `cache`, …
    Harmless,
    /// Any other word.
    Unknown,
}

/// A name in the text.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    /// Where the identifier begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it promises.
    pub kind: NameKind,
    /// Where its deciding word begins.
    pub word: usize,
}

/// Identifiers longer than this are no names.
const LONGEST: usize = 80;

impl Name {
    /// The name whose deciding word is the anchor `start..end`.
    pub(crate) fn around(scan: &mut Scan<'_>, kind: NameKind, start: usize, end: usize) -> Option<Name> {
        let bytes = scan.bytes();
        if !begins_word(bytes, start, end, kind, scan) {
            return None;
        }
        let end = end_of(bytes, start, end, scan)?;
        let left = bytes[..start].iter().rev().take(LONGEST).take_while(|&&b| in_identifier(b)).count();
        let left = start - escape_letters(bytes, start, left);
        scan.runs.count(start - left);
        Some(Name { start: left, end, kind, word: start })
    }

    /// What the words before the deciding one say: in the identifier, or before it in prose.
    pub(crate) fn qualifier(&self, scan: &Scan<'_>) -> Qualifier {
        qualify(scan, self.start, self.word)
    }
}

fn in_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// `left` without the letter of an escape like `\n` at its far end.
fn escape_letters(bytes: &[u8], start: usize, left: usize) -> usize {
    let first = start - left;
    if left > 0 && first > 0 && bytes[first - 1] == b'\\' && matches!(bytes[first], b'n' | b't' | b'r') {
        left - 1
    } else {
        left
    }
}

/// Whether the anchor is not merely the tail of another word.
fn begins_word(bytes: &[u8], start: usize, end: usize, kind: NameKind, scan: &Scan<'_>) -> bool {
    let Some(&before) = start.checked_sub(1).and_then(|i| bytes.get(i)) else { return true };
    if kind == NameKind::Otp && before.is_ascii_digit() {
        return false;
    }
    if !before.is_ascii_alphabetic() || !bytes[start].is_ascii_alphabetic() {
        return true;
    }
    let camel = before.is_ascii_lowercase() && bytes[start].is_ascii_uppercase();
    if camel || crate::boundary::opens(bytes, start) {
        return true;
    }
    match kind {
        NameKind::Password | NameKind::Token => end - start >= 5,
        NameKind::Pass | NameKind::Key => {
            let run = bytes[..start].iter().rev().take(16).take_while(|b| b.is_ascii_alphabetic()).count();
            let glued = bytes[start - run..start].to_ascii_lowercase();
            std::str::from_utf8(&glued).is_ok_and(|glued| scan.set.words.glued.contains(glued))
        }
        _ => false,
    }
}

/// The end of the identifier, when what follows the anchor does not change its meaning.
fn end_of(bytes: &[u8], start: usize, mut end: usize, scan: &Scan<'_>) -> Option<usize> {
    let shouting = bytes[end - 1].is_ascii_uppercase();
    for _ in 0..4 {
        match bytes.get(end) {
            Some(b) if b.is_ascii_digit() => {
                end += bytes[end..].iter().take_while(|b| b.is_ascii_digit()).count();
                continue;
            }
            Some(b) if b.is_ascii_lowercase() || (shouting && b.is_ascii_uppercase()) => return None,
            _ => {}
        }
        let joint = usize::from(matches!(bytes.get(end), Some(b'_' | b'-' | b'.')));
        let word = bytes[end + joint..].iter().take(24).take_while(|b| b.is_ascii_alphanumeric()).count();
        if word == 0 || (joint == 0 && !bytes[end].is_ascii_uppercase()) {
            return Some(end);
        }
        let word_end = end + joint + word;
        let word = bytes[end + joint..word_end].to_ascii_lowercase();
        let harmless = std::str::from_utf8(&word).is_ok_and(|word| {
            scan.set.words.trailing.contains(word) || word.bytes().all(|b| b.is_ascii_digit())
        });
        let terraform = bytes[start..end].eq_ignore_ascii_case(b"token")
            && bytes[..start].to_ascii_lowercase_tail(3) == *b"tf_";
        if terraform {
            return Some(end + bytes[end..].iter().take(80).take_while(|&&b| in_identifier(b)).count());
        }
        if !harmless {
            return None;
        }
        end = word_end;
    }
    Some(end)
}

trait Tail {
    fn to_ascii_lowercase_tail(&self, count: usize) -> Vec<u8>;
}

impl Tail for [u8] {
    fn to_ascii_lowercase_tail(&self, count: usize) -> Vec<u8> {
        self[self.len().saturating_sub(count)..].to_ascii_lowercase()
    }
}

fn qualify(scan: &Scan<'_>, left: usize, start: usize) -> Qualifier {
    let bytes = scan.bytes();
    let mut words = words_before(bytes, left, start);
    if words.is_empty() && left > 0 && matches!(bytes[left - 1], b' ' | b'\t') {
        let line = left.saturating_sub(40);
        let prose = bytes[line..left - 1]
            .iter()
            .rposition(|&b| !(b.is_ascii_alphanumeric() || b" .'-_".contains(&b)));
        let from = line + prose.map_or(0, |i| i + 1);
        words = words_before(bytes, from, left - 1);
    }
    // `SparkPost` is one name, whatever its humps.
    if let Some(whole) = bytes[start.saturating_sub(40)..start]
        .rsplit(|b| !b.is_ascii_alphanumeric())
        .find(|word| !word.is_empty())
        && whole.len() <= 24
        && words.last().is_some_and(|last| whole.len() > last.len())
    {
        words.push(String::from_utf8_lossy(whole).to_ascii_lowercase());
    }
    let mut verdict = if words.is_empty() { Qualifier::None } else { Qualifier::Unknown };
    for (distance, word) in words.iter().rev().take(3).enumerate() {
        let known = &scan.set.words;
        if distance == 0 && known.harmless.contains(word.as_str()) {
            return Qualifier::Harmless;
        }
        if known.telling.contains(word.as_str()) {
            verdict = Qualifier::Telling;
        }
    }
    verdict
}

/// Splits `from..to` into lower-case words at joints and humps.
fn words_before(bytes: &[u8], from: usize, to: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = b' ';
    for &byte in &bytes[from..to] {
        if !byte.is_ascii_alphanumeric() {
            last = byte;
            continue;
        }
        let hump = byte.is_ascii_uppercase() && last.is_ascii_lowercase();
        if words.is_empty() || hump || !last.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        last = byte;
    }
    words
}
