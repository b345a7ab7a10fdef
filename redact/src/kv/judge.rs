//! Whether a value is worth hiding.

use super::extent::Value;
use super::link::{Link, Style};
use super::name::{Name, NameKind, Qualifier};
use crate::placeholder;
use crate::scan::Scan;
use crate::words::{Makeup, entropy};

/// Where a value stands: the weaker the evidence around it, the stronger it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setting {
    /// In a sentence, or with nothing between name and value.
    Loose,
    /// Unquoted in what may be source code.
    Code,
    /// Assigned, quoted, in a table, …
    Firm,
}

/// Whether `value` is a secret, given its name.
pub(super) fn judge(scan: &mut Scan<'_>, name: &Name, link: &Link, value: &Value) -> bool {
    let text = beginning(&scan.text[value.span()]);
    if text.len() < 4 || is_inert(text) {
        return false;
    }
    let quoted = value.quote.is_some();
    let setting = match link.style {
        Style::Prose | Style::Adjacent if !quoted => Setting::Loose,
        Style::Prose | Style::Adjacent if name.kind == NameKind::Pass => Setting::Loose,
        _ if quoted && !value.argument && link.style != Style::Argument => Setting::Firm,
        _ if quoted || value.argument || value.statement || link.spaced && link.style == Style::Assign => {
            Setting::Code
        }
        _ => Setting::Firm,
    };
    let option =
        text.starts_with('-') && text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '-');
    if !quoted
        && (is_code(text) || option && matches!(link.style, Style::Flag | Style::Adjacent | Style::Prose))
    {
        return false;
    }
    let makeup = Makeup::of(text);
    scan.runs.count(makeup.len);
    match name.kind {
        NameKind::Password => is_password(text, &makeup, setting),
        NameKind::Pass if link.style == Style::Adjacent => {
            is_password(text, &makeup, setting) && makeup.changes >= 3 && !makeup.is_wordy()
        }
        NameKind::Pass => is_password(text, &makeup, setting) && makeup.letters() > 0,
        NameKind::Token => is_strong(text, &makeup, setting),
        NameKind::Signature => is_strong(text, &makeup, setting) && link.query,
        // "the redis key session:…" names a place.
        NameKind::Key if link.style == Style::Adjacent && text.contains(':') => false,
        NameKind::Key => {
            is_strong(text, &makeup, setting) && key_is_secret(scan, name, &makeup, setting, link)
        }
        NameKind::Otp => is_base32(text) || is_strong(text, &makeup, setting),
        NameKind::Phrase => is_phrase(text),
        NameKind::Credentials => is_strong(text, &makeup, setting),
    }
}

/// Whether the words before `key` make a strong value a secret.
fn key_is_secret(scan: &Scan<'_>, name: &Name, makeup: &Makeup, setting: Setting, link: &Link) -> bool {
    match name.qualifier(scan) {
        Qualifier::Harmless => false,
        Qualifier::Telling => true,
        Qualifier::Unknown if makeup.hex => {
            makeup.len >= 32 && (setting == Setting::Firm || link.style == Style::Prose)
        }
        Qualifier::Unknown => makeup.len >= 20,
        Qualifier::None => !makeup.hex && makeup.len >= 24 && setting != Setting::Code,
    }
}

/// What templates, masks and regular expressions have in them, by first byte.
const MARKS: [&str; 26] = [
    "${",
    "{{",
    "}}",
    "$(",
    "<%",
    "%(",
    "#{",
    "***",
    "•••",
    "…",
    "...",
    "$env:",
    "[^",
    "(?",
    "[a-z",
    "[A-Z",
    "[0-9",
    "\\d",
    "\\w",
    "\\s",
    ".*",
    "&lt;",
    "[0]",
    "[-1]",
    "[*]",
    "()",
];

fn has_mark(text: &str) -> bool {
    text.bytes().enumerate().any(|(at, byte)| {
        matches!(
            byte,
            b'$' | b'{' | b'}' | b'<' | b'%' | b'#' | b'*' | b'.' | b'[' | b'(' | b'\\' | b'&' | 0xe2
        ) && MARKS.iter().any(|mark| text.as_bytes()[at..].starts_with(mark.as_bytes()))
    })
}

/// As much of a value as its nature shows in.
fn beginning(text: &str) -> &str {
    const ENOUGH: usize = 256;
    &text[..text.floor_char_boundary(ENOUGH)]
}

/// Whether a field of a template stands in `text`: `{self.password}`.
fn has_field(text: &str) -> bool {
    let Some((_, rest)) = text.split_once('{') else { return false };
    let name =
        rest.bytes().take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'_' | b'!')).count();
    rest[name..].starts_with('}') || rest.starts_with("0}")
}

/// Templates, variables, masks and placeholders.
pub(crate) fn is_inert(text: &str) -> bool {
    let text = beginning(text);
    let bytes = text.as_bytes();
    if placeholder::mentions(text) {
        return true;
    }
    let edges = ["__", "%s", "%d"];
    if edges.iter().any(|edge| text.starts_with(edge) || text.ends_with(edge))
        || has_mark(text)
        || has_field(text)
    {
        return true;
    }
    let wrapped = |open: u8, close: u8| bytes[0] == open && bytes[bytes.len() - 1] == close;
    if wrapped(b'<', b'>')
        || wrapped(b'{', b'}')
        || wrapped(b'[', b']')
        || wrapped(b'%', b'%')
        || wrapped(b'@', b'@')
    {
        return true;
    }
    if bytes[0] == b'$' && bytes[1..].iter().all(|b| b.is_ascii_alphanumeric() || b"_:.[]'>-".contains(b)) {
        let name = &text[1..];
        let makeup = Makeup::of(name);
        return makeup.is_wordy() || makeup.lower == 0 || name.len() < 8;
    }
    let crosses = bytes.iter().filter(|b| matches!(b, b'x' | b'X' | b'*' | b'-' | b'0')).count();
    crosses * 2 > bytes.len()
}

/// Unquoted text that is an expression of some programming language.
fn is_code(text: &str) -> bool {
    let path = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"_.:&*!$>-?@".contains(b)).count();
    match text.as_bytes().get(path) {
        Some(b'(' | b'[' | b'{' | b'<') => {
            let digits = text.bytes().take(path).filter(u8::is_ascii_digit).count();
            path > 0 && (digits < 2 || Makeup::of(&text[..path]).is_wordy())
        }
        _ => text.starts_with(['&', '%']) && Makeup::of(text).worded * 2 > Makeup::of(text).letters(),
    }
}

/// Whether someone would choose this as a password.
pub(crate) fn is_password(text: &str, makeup: &Makeup, setting: Setting) -> bool {
    if makeup.len > 128 || makeup.blanks > 0 {
        return false;
    }
    let wordy = makeup.is_wordy();
    if makeup.lower == 0
        && makeup.joints + makeup.letters() + makeup.digits == makeup.len
        && makeup.joints > 0
    {
        // The name of a constant.
        return setting == Setting::Firm && makeup.digits * 2 > makeup.letters();
    }
    if makeup.symbols > 0 {
        return mixed_with_symbols(text, makeup, setting);
    }
    if makeup.digits == 0 && wordy && makeup.joints >= 3 {
        return setting == Setting::Firm && is_word_chain(text, makeup);
    }
    if makeup.digits == 0 {
        let two_cases = makeup.lower > 0 && makeup.upper > 0;
        if two_cases && makeup.joints == 0 && makeup.len >= 10 && setting == Setting::Loose {
            return makeup.changes * 10 >= makeup.len * 3 && makeup.worded * 2 < makeup.letters();
        }
        let least = if two_cases { 8 } else { 10 };
        return !wordy
            && makeup.joints == 0
            && makeup.len >= least
            && makeup.changes * 3 >= makeup.len * usize::from(two_cases)
            && setting == Setting::Firm;
    }
    if makeup.letters() == 0 {
        return setting == Setting::Firm && makeup.joints == 0 && makeup.digits >= 6;
    }
    if wordy && makeup.joints > 0 {
        return setting == Setting::Firm && is_word_chain(text, makeup);
    }
    if is_jargon(text) {
        return false;
    }
    match (wordy, setting) {
        (false, Setting::Firm) => makeup.len >= 6,
        (false, Setting::Code) => makeup.len >= 8 && (makeup.digits >= 2 || makeup.changes >= 4),
        (false, Setting::Loose) => makeup.len >= 8 && (makeup.digits >= 2 || makeup.changes >= 3),
        (true, Setting::Firm) => {
            makeup.len >= 7 && (makeup.digits >= 2 || makeup.upper > 0 || !is_numbered_name(text))
        }
        (true, Setting::Code) => makeup.digits >= 3,
        (true, Setting::Loose) => makeup.len >= 7 && (makeup.digits >= 2 || !is_numbered_name(text)),
    }
}

/// Words that people draw by lot and join: `copper-lantern-42`, `correct-horse-battery-staple`.
fn is_word_chain(text: &str, makeup: &Makeup) -> bool {
    const TELL_TALES: [&str; 22] = [
        "pass", "secret", "token", "key", "name", "your", "user", "example", "test", "dev", "prod", "error",
        "field", "input", "auth", "login", "reset", "db", "config", "id", "type", "form",
    ];
    let joint = if text.contains('-') { '-' } else { '_' };
    let words: Vec<&str> = text.split(joint).collect();
    let plain = |word: &&str| {
        word.bytes().all(|b| b.is_ascii_lowercase()) || word.bytes().all(|b| b.is_ascii_digit())
    };
    let spoken =
        words.iter().filter(|word| word.len() >= 4 && word.bytes().all(|b| b.is_ascii_lowercase())).count();
    let drawn = !words.iter().any(|word| TELL_TALES.iter().any(|tell| word.starts_with(tell)));
    drawn && words.iter().all(plain) && (spoken >= 4 || spoken >= 2 && makeup.digits >= 2)
}

fn mixed_with_symbols(text: &str, makeup: &Makeup, setting: Setting) -> bool {
    if makeup.len < 6 || makeup.letters() + makeup.digits < 3 {
        return false;
    }
    if makeup.letters() < 2 && makeup.digits + makeup.joints + 2 > makeup.len {
        return false;
    }
    let unusual = text.bytes().filter(|b| b"!#$%^&*+=~@?\\{}".contains(b)).count();
    let wordy = makeup.is_wordy();
    match setting {
        Setting::Firm => makeup.digits > 0 && unusual > 0 || !wordy && (unusual > 0 || makeup.digits > 1),
        _ => makeup.digits > 0 && unusual > 0 && (makeup.changes >= 1 || !wordy),
    }
}

/// A plain word with a number behind it that is rather the name of one of several things: `field2`, `server1`.
fn is_numbered_name(text: &str) -> bool {
    const STEMS: [&str; 44] = [
        "account", "address", "answer", "arg", "article", "attempt", "chapter", "client", "cluster",
        "column", "config", "default", "device", "entry", "example", "field", "group", "index", "input",
        "item", "level", "line", "message", "method", "module", "node", "number", "object", "option",
        "param", "phase", "player", "project", "question", "result", "sample", "section", "server", "stage",
        "string", "table", "testing", "value", "version",
    ];
    let stem = text.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
    stem.len() == text.len() || STEMS.contains(&stem.as_str())
}

/// Names of algorithms and formats, which mix letters and digits and are in every text.
fn is_jargon(text: &str) -> bool {
    const STEMS: [&str; 28] = [
        "base", "sha", "md", "aes", "rsa", "utf", "argon", "bcrypt", "pbkdf", "x", "ed", "oauth", "http",
        "ipv", "hs", "rs", "es", "ps", "pkcs", "sha-", "utf-", "aes-", "base-", "token", "key", "pass",
        "password", "secret",
    ];
    let stem_end = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let stem = text[..stem_end].to_ascii_lowercase();
    text.len() - stem_end <= 8 && STEMS.contains(&stem.as_str())
}

/// Whether a machine made this.
pub(crate) fn is_strong(text: &str, makeup: &Makeup, setting: Setting) -> bool {
    let least = if setting == Setting::Firm { 12 } else { 16 };
    if makeup.len < least || makeup.blanks > 0 || makeup.foreign > 0 || makeup.distinct < 6 {
        return false;
    }
    if makeup.hex {
        return makeup.len >= 16 && makeup.digits > 0 && makeup.letters() > 0 && entropy(text) > 2.5;
    }
    if makeup.is_wordy() || looks_like_place(text, makeup) {
        return false;
    }
    let least_entropy = if makeup.len >= 20 { 3.0 } else { 2.8 };
    if entropy(text) < least_entropy {
        return false;
    }
    if makeup.digits == 0 {
        let two_cases = makeup.lower > 0 && makeup.upper > 0;
        return makeup.len >= 16
            && two_cases
            && makeup.changes * 10 >= makeup.len * 3
            && makeup.worded * 2 < makeup.letters();
    }
    if makeup.lower == 0 && makeup.joints > 0 && makeup.digits * 4 < makeup.len {
        return false;
    }
    makeup.changes * 10 >= makeup.len && (makeup.digits >= 2 || makeup.changes * 4 >= makeup.len)
}

/// How digests, public keys and certificates begin.
const PUBLIC: [&str; 22] = [
    "ssh-",
    "sha1-",
    "sha256",
    "sha384",
    "sha512",
    "SHA256:",
    "MD5:",
    "AAAAB3NzaC1",
    "AAAAC3NzaC1",
    "AAAAE2VjZHNh",
    "MFkwEwYH",
    "MFYwEAYH",
    "MHYwEAYH",
    "MIIBIjAN",
    "MIICIjAN",
    "MIGfMA0G",
    "MCowBQYD",
    "MIIC",
    "MIID",
    "MIIF",
    "pk_",
    "pk.",
];

/// Paths, URLs and dates are long and mixed, too.
fn looks_like_place(text: &str, makeup: &Makeup) -> bool {
    let bytes = text.as_bytes();
    text.contains("://")
        || bytes[0] == b'/' && makeup.worded * 2 > makeup.letters()
        || bytes[0] == b'.' && bytes[1..].contains(&b'/')
        || makeup.letters() < 3
        || PUBLIC.iter().any(|prefix| text.starts_with(prefix))
        || makeup.worded * 5 > makeup.letters() * 3 && makeup.joints >= 2
}

fn is_base32(text: &str) -> bool {
    let letters = text.bytes().filter(|b| !matches!(b, b' ' | b'-' | b'='));
    let good = letters.clone().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b))
        || letters.clone().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
    good && letters.count() >= 16 && text.bytes().any(|b| b.is_ascii_digit())
}

/// Twelve or more plain words: the seed of a wallet.
fn is_phrase(text: &str) -> bool {
    let words = text.split_ascii_whitespace().count();
    (12..=25).contains(&words)
        && text
            .split_ascii_whitespace()
            .all(|w| (3..=8).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Whether the second half of `user / password` is one.
pub(super) fn is_pair_secret(text: &str) -> bool {
    text.len() >= 6
        && !text.starts_with("//")
        && !is_inert(text)
        && !is_code(text)
        && is_password(text, &Makeup::of(text), Setting::Loose)
}
