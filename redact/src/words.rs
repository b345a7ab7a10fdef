//! Tells words from random characters, without a dictionary.

/// Letters that follow each letter of the alphabet in ordinary words often enough.
const FOLLOWERS: [&str; 26] = [
    "bcdgiklmnprstuvy",
    "aeiloru",
    "aeehikloprtuy",
    "aeioru",
    "acdefgilmnopqrstvwxy",
    "aefiloru",
    "aehilnoru",
    "aeioruty",
    "abcdefglmnoprstvz",
    "aeou",
    "ein",
    "adeiloptuyls",
    "abeimpousy",
    "acdefgiklnostuvy",
    "bcdfgklmnoprstuvw",
    "aehiloprstu",
    "u",
    "acdegiklmnorstuvy",
    "acehikmopqstuwy",
    "acehiloprstuwy",
    "abcdegilmnprst",
    "aeio",
    "aehinor",
    "aceiptx",
    "eps",
    "aeio",
];

/// What a value is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Makeup {
    /// Bytes looked at.
    pub len: usize,
    /// ASCII lower-case letters.
    pub lower: usize,
    /// ASCII upper-case letters.
    pub upper: usize,
    /// ASCII digits.
    pub digits: usize,
    /// Bytes of `-_./:`, which also join words.
    pub joints: usize,
    /// Any other printable ASCII.
    pub symbols: usize,
    /// Bytes beyond ASCII.
    pub foreign: usize,
    /// Spaces and control characters.
    pub blanks: usize,
    /// Letters that are part of something like a word.
    pub worded: usize,
    /// Different bytes.
    pub distinct: usize,
    /// Hexadecimal digits of one case (and dashes) only.
    pub hex: bool,
    /// How often the kind of character (lower, upper, digit) changes.
    pub changes: usize,
}

/// No more of a value than this is looked at: longer ones are decided by then.
pub(crate) const LOOK: usize = 128;

impl Makeup {
    /// Looks at the first [`LOOK`] bytes of `value`.
    pub(crate) fn of(value: &str) -> Makeup {
        let bytes = &value.as_bytes()[..value.len().min(LOOK)];
        let mut makeup = Makeup { len: bytes.len(), hex: true, ..Makeup::default() };
        let mut seen = [0u64; 4];
        let mut last_kind = 0u8;
        let (mut low_hex, mut high_hex) = (false, false);
        for &byte in bytes {
            seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
            let kind = match byte {
                b'a'..=b'z' => count(&mut makeup.lower, 1),
                b'A'..=b'Z' => count(&mut makeup.upper, 2),
                b'0'..=b'9' => count(&mut makeup.digits, 3),
                b'-' | b'_' | b'.' | b'/' | b':' => count(&mut makeup.joints, 0),
                0..=0x20 | 0x7f => count(&mut makeup.blanks, 0),
                0x80.. => count(&mut makeup.foreign, 0),
                _ => count(&mut makeup.symbols, 0),
            };
            makeup.changes += usize::from(kind != 0 && last_kind != 0 && kind != last_kind);
            last_kind = kind;
            low_hex |= (b'a'..=b'f').contains(&byte);
            high_hex |= (b'A'..=b'F').contains(&byte);
            makeup.hex &= byte.is_ascii_hexdigit() || byte == b'-';
        }
        makeup.hex &= !(low_hex && high_hex);
        makeup.distinct = seen.iter().map(|bits| bits.count_ones() as usize).sum();
        makeup.worded = worded_letters(bytes);
        makeup
    }

    /// Letters of either case.
    pub(crate) fn letters(&self) -> usize {
        self.lower + self.upper
    }

    /// Whether most letters belong to words.
    pub(crate) fn is_wordy(&self) -> bool {
        self.worded * 10 >= self.letters() * 7 && self.letters() * 3 >= self.len
    }
}

fn count(slot: &mut usize, kind: u8) -> u8 {
    *slot += 1;
    kind
}

/// Shannon entropy of the first [`LOOK`] bytes, in bits per byte.
pub(crate) fn entropy(value: &str) -> f32 {
    let bytes = &value.as_bytes()[..value.len().min(LOOK)];
    let mut counts = [0u8; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let total = bytes.len().max(1) as f32;
    let share = |n: u8| f32::from(n) / total;
    counts.iter().filter(|&&n| n > 0).map(|&n| -share(n) * share(n).log2()).sum()
}

/// Counts the letters that stand in words of three letters or more.
fn worded_letters(bytes: &[u8]) -> usize {
    let mut worded = 0;
    let mut start = 0;
    for at in 0..=bytes.len() {
        let ends = match bytes.get(at) {
            None => true,
            Some(b) if !b.is_ascii_alphabetic() => true,
            Some(_) => at > start && starts_hump(bytes, at),
        };
        if ends {
            let word = &bytes[start..at];
            if is_word(word) {
                worded += word.len();
            }
            start = if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) { at } else { at + 1 };
        }
    }
    worded
}

/// Whether a new word begins at `at` in camelCase or ACRONYMCase.
fn starts_hump(bytes: &[u8], at: usize) -> bool {
    let (before, here) = (bytes[at - 1], bytes[at]);
    let next_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    here.is_ascii_uppercase() && (before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_lower))
}

/// Whether letters look like one word: a vowel, and pairs that words have.
pub(crate) fn is_word(letters: &[u8]) -> bool {
    if letters.len() < 3 {
        return false;
    }
    let vowel = letters.iter().any(|b| b"aeiouyAEIOUY".contains(b));
    let pairs = letters.len() - 1;
    let usual = letters.windows(2).filter(|pair| usual_pair(pair[0], pair[1])).count();
    let allowed_odd = if letters.len() >= 7 { letters.len() / 4 } else { usize::from(letters.len() >= 5) };
    vowel && pairs - usual <= allowed_odd
}

fn usual_pair(first: u8, second: u8) -> bool {
    let (first, second) = (first.to_ascii_lowercase(), second.to_ascii_lowercase());
    first.is_ascii_lowercase() && FOLLOWERS[usize::from(first - b'a')].as_bytes().contains(&second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words() {
        for word in ["harbor", "password", "credential", "connection", "Harbor", "CONFIG", "session"] {
            assert!(is_word(word.as_bytes()), "{word}");
        }
        for noise in ["xkqzv", "bzrt", "qwxz", "hjkl"] {
            assert!(!is_word(noise.as_bytes()), "{noise}");
        }
    }

    #[test]
    fn wordy_values() {
        for value in ["harbor/prod/db", "my-token-name", "getSecretValue", "falcon7548", "DB_PASSWORD"] {
            assert!(Makeup::of(value).is_wordy(), "{value}");
        }
        for value in
            ["EtBGW85PUdaLfMzk2vEdzw5DmelwQWIo", "n-cduxqCy1i7gaD73lKzAsdjc9Msrl4E", "x7k2q9zv4b1m8w3t"]
        {
            assert!(!Makeup::of(value).is_wordy(), "{value}");
        }
    }
}
