//! A seeded generator of texts with secrets and of look-alikes without.
//!
//! Formats are data (`tests/data/formats.txt`); contexts are the ways in which people and
//! programs write a name and a value down.
#![allow(dead_code)]

pub(crate) mod contexts;
pub(crate) mod disguise;
pub(crate) mod negatives;
pub(crate) mod special;
pub(crate) mod wordings;

/// A small generator of random numbers; good enough, and the same everywhere.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    pub(crate) fn string(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| *self.pick(&alphabet)).collect()
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const WORDS: [&str; 12] = [
    "lantern", "meadow", "copper", "thunder", "window", "bridge", "marble", "summer", "dragon", "pepper",
    "rocket", "winter",
];

#[derive(Clone)]
pub(crate) struct Format {
    pub category: String,
    pub id: String,
    pub template: String,
    pub names: Vec<String>,
    pub label: String,
    pub rule: Option<String>,
}

/// The formats of the data file.
pub(crate) fn formats() -> Vec<Format> {
    include_str!("../data/formats.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let f: Vec<&str> = line.split(" | ").map(str::trim).collect();
            assert_eq!(f.len(), 6, "{line}");
            Format {
                category: f[0].into(),
                id: f[1].into(),
                template: f[2].into(),
                names: f[3].split(',').map(|n| n.trim().to_owned()).collect(),
                label: f[4].into(),
                rule: Some(f[5].to_owned()).filter(|rule| rule != "-"),
            }
        })
        .collect()
}

impl Format {
    /// Whether the value alone shows what it is.
    pub(crate) fn is_bare(&self) -> bool {
        self.rule.is_some()
    }

    pub(crate) fn value(&self, rng: &mut Rng) -> String {
        expand(&self.template, rng)
    }
}

/// Fills a template with fresh values.
pub(crate) fn expand(template: &str, rng: &mut Rng) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (field, after) = after.split_once('}').expect("closed field");
        out.push_str(before);
        out.push_str(&fill(field, rng));
        rest = after;
    }
    out + rest
}

fn fill(field: &str, rng: &mut Rng) -> String {
    let alnum = [LOWER, UPPER, DIGITS].concat();
    let (kind, length) = field.split_once(':').unwrap_or((field, "0"));
    let length: usize = length.parse().expect("length");
    match kind {
        "uuid" => [8, 4, 4, 4, 12].map(|n| rng.string("0123456789abcdef", n)).join("-"),
        "weak" => format!("{}{}", rng.pick(&WORDS), 1000 + rng.below(9000)),
        "DISCORD" => {
            let digits = rng.string(DIGITS, 15);
            base64(digits.as_bytes(), false).trim_end_matches('=').to_owned()
        }
        "p" => password(rng, length),
        "m" => loop {
            let value = rng.string(&alnum, length);
            let has = |set: &str| value.chars().any(|c| set.contains(c));
            if has(LOWER) && has(UPPER) && has(DIGITS) {
                return value;
            }
        },
        "h" => rng.string("0123456789abcdef", length),
        "H" => rng.string("0123456789ABCDEF", length),
        "d" => format!("{}{}", rng.string("123456789", 1), rng.string(DIGITS, length - 1)),
        "u" => rng.string(&[UPPER, DIGITS].concat(), length),
        "U" => rng.string(UPPER, length),
        "l" => rng.string(&[LOWER, DIGITS].concat(), length),
        "A" => rng.string(&[LOWER, UPPER].concat(), length),
        "2" => rng.string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length),
        "k" => rng.string("0123456789abcdefghjkmnpqrstvwxyz", length),
        "c" => rng.string("0123456789ABCDEFGHJKMNPQRSTVWXYZ", length),
        "b" => {
            rng.string(&alnum, 1) + &rng.string(&(alnum.clone() + "+/"), length - 2) + &rng.string(&alnum, 1)
        }
        "w" => {
            rng.string(&alnum, 1) + &rng.string(&(alnum.clone() + "_-"), length - 2) + &rng.string(&alnum, 1)
        }
        "a" => rng.string(&alnum, length),
        other => panic!("unknown field {other}"),
    }
}

fn password(rng: &mut Rng, length: usize) -> String {
    let alphabet = [LOWER, UPPER, DIGITS, "!#%^*_+=?@"].concat();
    loop {
        let value = rng.string(&alphabet, length);
        let has = |set: &str| value.chars().any(|c| set.contains(c));
        let ends = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if has(LOWER)
            && has(UPPER)
            && has(DIGITS)
            && has("!#%^*_+=?@")
            && ends(value.chars().next())
            && ends(value.chars().last())
        {
            return value;
        }
    }
}

pub(crate) fn base64(bytes: &[u8], url: bool) -> String {
    let alphabet = [UPPER, LOWER, DIGITS, if url { "-_" } else { "+/" }].concat().into_bytes();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = u32::from(chunk[0]) << 16
            | u32::from(*chunk.get(1).unwrap_or(&0)) << 8
            | u32::from(*chunk.get(2).unwrap_or(&0));
        for (i, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            out.push(if i <= chunk.len() { char::from(alphabet[(n >> shift & 63) as usize]) } else { '=' });
        }
    }
    out
}

/// One labelled text.
#[derive(Clone)]
pub(crate) struct Case {
    pub tier: &'static str,
    pub category: String,
    pub format: String,
    pub context: String,
    pub text: String,
    pub secrets: Vec<String>,
    pub must_keep: Vec<String>,
}

/// The whole corpus of one seed: `per_format` contexts of each format.
pub(crate) fn corpus(seed: u64, per_format: usize) -> Vec<Case> {
    let mut rng = Rng::new(seed);
    let mut cases = Vec::new();
    for format in formats() {
        for _ in 0..per_format {
            cases.push(contexts::case(&format, &mut rng));
        }
    }
    cases.extend(special::cases(&mut rng, per_format));
    cases.extend(wordings::cases(&mut rng, per_format));
    cases.extend(disguise::cases(&mut rng, per_format.div_ceil(4)));
    cases.extend(negatives::cases(&mut rng, per_format * 4));
    cases
}
