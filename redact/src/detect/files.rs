//! Files that hold credentials: `.netrc`, `.pgpass`, key sets, seeds in URLs.

use crate::kv::{Setting, is_inert, is_password};
use crate::scan::Scan;
use crate::words::Makeup;

/// `machine HOST login USER password SECRET`, on one line or several.
pub(super) fn netrc(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let bytes = scan.bytes();
    if !crate::boundary::opens(bytes, start) {
        return;
    }
    let mut words = Words { bytes, at: end };
    let Some(_host) = words.next() else { return };
    for _ in 0..4 {
        let Some(key) = words.next() else { return };
        let key = &bytes[key];
        if !matches!(key, b"login" | b"password" | b"account" | b"port" | b"user") {
            return;
        }
        let Some(value) = words.next() else { return };
        if key == b"password" {
            let Some(text) = scan.text.get(value.clone()) else { return };
            let plain = text.bytes().all(|b| b.is_ascii_lowercase()) && Makeup::of(text).is_wordy();
            if text.len() >= 4 && !is_inert(text) && !plain {
                scan.add(rule, value);
            }
        }
    }
}

struct Words<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Words<'_> {
    /// The next word; written-out line ends separate words, too.
    fn next(&mut self) -> Option<std::ops::Range<usize>> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' | b'+' => self.at += 1,
                b'\\' if matches!(self.bytes.get(self.at + 1), Some(b'n' | b't')) => self.at += 2,
                _ => break,
            }
        }
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take(256).take_while(|b| **b > b' ' && !b"\"\\`".contains(b)).count();
        let start = self.at;
        self.at += length;
        (length > 0).then_some(start..self.at)
    }
}

/// `host:port:database:user:SECRET`
pub(super) fn pgpass(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let bytes = scan.bytes();
    let host = bytes[..start]
        .iter()
        .rev()
        .take(80)
        .take_while(|b| b.is_ascii_alphanumeric() || b"._-*".contains(b))
        .count();
    let rest = &bytes[end..bytes.len().min(end + 200)];
    let field =
        |rest: &[u8]| rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"_-*.".contains(b)).count();
    let database = field(rest);
    if host == 0 || database == 0 || rest.get(database) != Some(&b':') {
        return;
    }
    let user = database + 1 + field(&rest[database + 1..]);
    if user == database + 1 || rest.get(user) != Some(&b':') {
        return;
    }
    let secret = rest[user + 1..].iter().take_while(|b| **b > b' ' && !b"\"'`\\,<".contains(b)).count();
    let from = end + user + 1;
    scan.runs.count(user + secret);
    let Some(text) = scan.text.get(from..from + secret) else { return };
    if secret >= 6 && !is_inert(text) && is_password(text, &Makeup::of(text), Setting::Firm) {
        scan.add(rule, from..from + secret);
    }
}

/// `otpauth://totp/…?secret=SEED`
pub(super) fn otpauth(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let run = scan.runs.end(scan.set.common.bare, end).min(end + 1024);
    let Some(found) = memchr::memmem::find(&scan.bytes()[end..run], b"secret") else { return };
    let mut from = end + found + 6;
    from += match &scan.bytes()[from..run] {
        [b'=', ..] => 1,
        [b'%', b'3', b'D' | b'd', ..] => 3,
        _ => return,
    };
    let length = scan.bytes()[from..run].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    if length >= 8 {
        scan.add(rule, from..from + length);
    }
}

/// The private part of a JSON Web Key.
pub(super) fn jwk(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let bytes = scan.bytes();
    let gap = bytes[end..].iter().take(8).take_while(|b| b" :\\\"\t".contains(b)).count();
    let from = end + gap;
    let to = scan.runs.end(scan.set.common.base64, from);
    if !(20..=4096).contains(&(to - from)) {
        return;
    }
    let window = &bytes[start.saturating_sub(600)..bytes.len().min(to + 200)];
    scan.runs.count(window.len());
    if memchr::memmem::find(window, b"kty").is_some() {
        scan.add(rule, from..to);
    }
}
