//! Whether a value is worth hiding.

use super::extent::Value;
use super::link::{Link, Style};
use super::name::{Name, NameKind, Qualifier};
use crate::placeholder;
use crate::scan::Scan;
use crate::words::Makeup;

/// Where a value stands: the weaker the evidence around it, the stronger it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// In a sentence, or with nothing between name and value.
    Loose,
    /// Unquoted in what may be source code.
    Code,
    /// Assigned, quoted, in a table, …
    Firm,
}

/// Whether `value` is a secret, given its name.
pub fn judge(scan: &mut Scan<'_>, name: &Name, link: &Link, value: &Value) -> bool {
    let text = &scan.text[value.span()];
    if text.len() < 4 || is_inert(text) || scan.set.allowed.iter().any(|a| a == text) {
        return false;
    }
    let quoted = value.quote.is_some();
    let setting = match link.style {
        Style::Prose | Style::Adjacent if !quoted => Setting::Loose,
        Style::Prose | Style::Adjacent if name.kind == NameKind::Pass => Setting::Loose,
        _ if quoted && !value.argument => Setting::Firm,
        _ if value.argument || value.statement || link.spaced && link.style == Style::Assign => Setting::Code,
        _ => Setting::Firm,
    };
    let option = text.starts_with('-') && text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '-');
    if !quoted && (is_code(text) || option && matches!(link.style, Style::Flag | Style::Adjacent | Style::Prose)) {
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
        NameKind::Key => match name.qualifier {
            Qualifier::Telling => is_strong(text, &makeup, setting),
            Qualifier::Unknown => is_strong(text, &makeup, setting) && !makeup.hex && makeup.len >= 20,
            _ => is_strong(text, &makeup, setting) && !makeup.hex && makeup.len >= 24 && setting != Setting::Code,
        },
        NameKind::Otp => is_base32(text) || is_strong(text, &makeup, setting),
        NameKind::Phrase => is_phrase(text),
        NameKind::Credentials => credentials(text, setting),
    }
}

/// What templates, masks and regular expressions have in them.
const MARKS: [&str; 29] = [
    "${", "{{", "}}", "$(", "<%", "%(", "#{", "***", "•••", "…", "...", "$env:", "__", "[^", "(?", "[a-z", "[A-Z", "[0-9",
    "\\d", "\\w", "\\s", ".*", "&lt;", "[0]", "[-1]", "[*]", "()", "%s", "<your",
];

/// Whether a field of a template stands in `text`: `{self.password}`.
fn has_field(text: &str) -> bool {
    let Some((_, rest)) = text.split_once('{') else { return false };
    let name = rest.bytes().take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'_' | b'!')).count();
    rest[name..].starts_with('}') || rest.starts_with("0}")
}

/// Templates, variables, masks and placeholders.
pub fn is_inert(text: &str) -> bool {
    let bytes = text.as_bytes();
    if placeholder::mentions(text) {
        return true;
    }
    if MARKS.iter().any(|mark| text.contains(mark)) || has_field(text) {
        return true;
    }
    let wrapped = |open: u8, close: u8| bytes[0] == open && bytes[bytes.len() - 1] == close;
    if wrapped(b'<', b'>') || wrapped(b'{', b'}') || wrapped(b'[', b']') || wrapped(b'%', b'%') || wrapped(b'@', b'@') {
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
    let path = text
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || b"_.:&*!$>-?@".contains(b))
        .count();
    match text.as_bytes().get(path) {
        Some(b'(' | b'[' | b'{' | b'<') => {
            let digits = text.bytes().take(path).filter(u8::is_ascii_digit).count();
            path > 0 && (digits < 2 || Makeup::of(&text[..path]).is_wordy())
        }
        _ => text.starts_with('&') && Makeup::of(text).is_wordy(),
    }
}

/// Whether someone would choose this as a password.
pub fn is_password(text: &str, makeup: &Makeup, setting: Setting) -> bool {
    if makeup.len > 128 || makeup.blanks > 0 {
        return false;
    }
    let wordy = makeup.is_wordy();
    if makeup.symbols > 0 {
        return mixed_with_symbols(text, makeup, setting);
    }
    if makeup.digits == 0 {
        let two_cases = makeup.lower > 0 && makeup.upper > 0;
        let least = if two_cases { 8 } else { 10 };
        return !wordy && makeup.joints == 0 && makeup.len >= least
            && makeup.changes * 3 >= makeup.len * usize::from(two_cases)
            && setting == Setting::Firm;
    }
    if makeup.letters() == 0 {
        return setting == Setting::Firm && makeup.joints == 0 && makeup.digits >= 6;
    }
    if wordy && makeup.joints > 0 {
        return false;
    }
    if is_jargon(text) {
        return false;
    }
    match (wordy, setting) {
        (false, Setting::Firm) => makeup.len >= 6,
        (false, Setting::Code) => makeup.len >= 8 && makeup.digits >= 2,
        (false, Setting::Loose) => makeup.len >= 8 && (makeup.digits >= 2 || makeup.changes >= 3),
        (true, Setting::Firm) => makeup.len >= 7 && (makeup.digits >= 2 || makeup.upper > 0),
        (true, Setting::Code) => makeup.digits >= 3,
        (true, Setting::Loose) => makeup.digits >= 2 && makeup.len >= 7,
    }
}

fn mixed_with_symbols(text: &str, makeup: &Makeup, setting: Setting) -> bool {
    if makeup.len < 6 || makeup.letters() + makeup.digits < 3 {
        return false;
    }
    if makeup.letters() < 2 && makeup.digits + makeup.joints + 2 > makeup.len {
        return false;
    }
    let unusual = text.bytes().filter(|b| b"!#$%^&*+=~@?|\\{}".contains(b)).count();
    let wordy = makeup.is_wordy();
    match setting {
        Setting::Firm => makeup.digits > 0 && unusual > 0 || !wordy && (unusual > 0 || makeup.digits > 1),
        _ => makeup.digits > 0 && unusual > 0 && (makeup.changes >= 1 || !wordy),
    }
}

/// Names of algorithms and formats, which mix letters and digits and are in every text.
fn is_jargon(text: &str) -> bool {
    const STEMS: [&str; 28] = [
        "base", "sha", "md", "aes", "rsa", "utf", "argon", "bcrypt", "pbkdf", "x", "ed", "oauth", "http", "ipv",
        "hs", "rs", "es", "ps", "pkcs", "sha-", "utf-", "aes-", "base-", "token", "key", "pass", "password", "secret",
    ];
    let stem_end = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let stem = text[..stem_end].to_ascii_lowercase();
    text.len() - stem_end <= 8 && STEMS.contains(&stem.as_str())
}

/// Whether a machine made this.
pub fn is_strong(text: &str, makeup: &Makeup, setting: Setting) -> bool {
    let least = if setting == Setting::Firm { 12 } else { 16 };
    if makeup.len < least || makeup.blanks > 0 || makeup.foreign > 0 || makeup.distinct < 6 {
        return false;
    }
    if makeup.hex {
        return makeup.len >= 16 && makeup.digits > 0 && makeup.letters() > 0 && makeup.entropy > 2.5;
    }
    if makeup.is_wordy() || looks_like_place(text, makeup) {
        return false;
    }
    let least_entropy = if makeup.len >= 20 { 3.0 } else { 2.8 };
    if makeup.entropy < least_entropy {
        return false;
    }
    if makeup.digits == 0 {
        return makeup.len >= 20 && makeup.lower > 0 && makeup.upper > 0 && makeup.changes * 5 >= makeup.len * 2;
    }
    if makeup.lower == 0 && makeup.joints > 0 && makeup.digits * 4 < makeup.len {
        return false;
    }
    makeup.changes * 10 >= makeup.len && (makeup.digits >= 2 || makeup.changes * 4 >= makeup.len)
}

/// How digests, public keys and certificates begin.
const PUBLIC: [&str; 22] = [
    "ssh-", "sha1-", "sha256", "sha384", "sha512", "SHA256:", "MD5:", "AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "MFkwEwYH", "MFYwEAYH",
    "MHYwEAYH", "MIIBIjAN", "MIICIjAN", "MIGfMA0G", "MCowBQYD", "MIIC", "MIID", "MIIF", "pk_", "pk.",
];

/// Paths, URLs and dates are long and mixed, too.
fn looks_like_place(text: &str, makeup: &Makeup) -> bool {
    let bytes = text.as_bytes();
    text.contains("://")
        || bytes[0] == b'/' && makeup.worded * 2 > makeup.letters()
        || bytes[0] == b'.' && bytes[1..].iter().any(|b| *b == b'/')
        || makeup.letters() < 3
        || PUBLIC.iter().any(|prefix| text.starts_with(prefix))
        || makeup.worded * 2 > makeup.letters() && makeup.joints >= 2
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
        && text.split_ascii_whitespace().all(|w| (3..=8).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_lowercase()))
}

/// `user:password` or `user/password`.
fn credentials(text: &str, setting: Setting) -> bool {
    let Some((_, secret)) = text.split_once([':', '/']) else {
        let makeup = Makeup::of(text);
        return is_strong(text, &makeup, setting);
    };
    let makeup = Makeup::of(secret);
    secret.len() >= 6 && is_password(secret, &makeup, Setting::Loose.max(setting.min(Setting::Code)))
}
