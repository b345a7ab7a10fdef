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
        let mut seen = [0u64; 4];
        let mut counts = [0u8; KINDS];
        let (mut last_kind, mut changes) = (0, 0);
        let (mut any, mut all) = (0u8, !0u8);
        for &byte in bytes {
            seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
            let Traits { kind, run, hex } = TRAITS[usize::from(byte)];
            counts[usize::from(kind)] += 1;
            changes += usize::from(run != 0 && last_kind != 0 && run != last_kind);
            last_kind = run;
            any |= hex;
            all &= hex;
        }
        let count = |kind: u8| usize::from(counts[usize::from(kind)]);
        Makeup {
            len: bytes.len(),
            lower: count(LOWER),
            upper: count(UPPER),
            digits: count(DIGIT),
            joints: count(JOINT),
            blanks: count(BLANK),
            foreign: count(FOREIGN),
            symbols: count(SYMBOL),
            changes,
            hex: all & HEX != 0 && any & (LOW_HEX | HIGH_HEX) != LOW_HEX | HIGH_HEX,
            distinct: seen.iter().map(|bits| bits.count_ones() as usize).sum(),
            worded: worded_letters(bytes),
        }
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

const SYMBOL: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 3;
const JOINT: u8 = 4;
const BLANK: u8 = 5;
const FOREIGN: u8 = 6;
const KINDS: usize = 7;

/// May stand in a hexadecimal number (dashes included), is one of its lower-case letters, one of its upper-case ones.
const HEX: u8 = 1;
const LOW_HEX: u8 = 2;
const HIGH_HEX: u8 = 4;

/// What is to be known of a byte: looked up, since this runs for every value of every text.
#[derive(Clone, Copy)]
struct Traits {
    kind: u8,
    /// The kind again for letters and digits, 0 for what separates them.
    run: u8,
    hex: u8,
}

const TRAITS: [Traits; 256] = {
    let mut table = [Traits { kind: SYMBOL, run: 0, hex: 0 }; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let kind = match byte {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'-' | b'_' | b'.' | b'/' | b':' => JOINT,
            0..=0x20 | 0x7f => BLANK,
            0x80.. => FOREIGN,
            _ => SYMBOL,
        };
        let hex = match byte {
            b'0'..=b'9' | b'-' => HEX,
            b'a'..=b'f' => HEX | LOW_HEX,
            b'A'..=b'F' => HEX | HIGH_HEX,
            _ => 0,
        };
        table[at] = Traits { kind, run: if kind <= DIGIT { kind } else { 0 }, hex };
        at += 1;
    }
    table
};

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
