//! Passwords and tokens in the user part of URLs.

use crate::kv::{Setting, is_inert, is_password, is_strong};
use crate::scan::Scan;
use crate::words::Makeup;

/// Reads the authority after `://`.
pub(super) fn check(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let bytes = scan.bytes();
    let run = scan.runs.end(scan.set.common.bare, end).min(end + 1024);
    let rest = &bytes[end..run];
    let Some(at) = user_info(rest) else { return };
    let user_info = &scan.text[end..end + at];
    scan.runs.count(at);
    match user_info.split_once(':') {
        Some((user, secret)) => {
            let start = end + user.len() + 1;
            if hides(user, secret) {
                scan.add(rule, start..start + secret.len());
            }
            let makeup = Makeup::of(user);
            if user.len() >= 16 && is_strong(user, &makeup, Setting::Firm) {
                scan.add(rule, end..end + user.len());
            }
        }
        None => {
            let makeup = Makeup::of(user_info);
            if user_info.len() >= 16 && !is_inert(user_info) && is_strong(user_info, &makeup, Setting::Firm) {
                scan.add(rule, end..end + at);
            }
        }
    }
}

/// Where the `@` stands that ends the user part.
fn user_info(rest: &[u8]) -> Option<usize> {
    let authority = rest.iter().position(|b| b"/?#<>'`\\,".contains(b)).unwrap_or(rest.len());
    if let Some(at) = memchr::memrchr(b'@', &rest[..authority]) {
        return Some(at);
    }
    // A careless password has a bare `/`, `?` or `#` in it. Then a colon stands before, and
    // not merely that of a port.
    let colon = memchr::memchr(b':', &rest[..authority])?;
    let at = memchr::memchr(b'@', rest)?;
    let host = rest[at + 1..].iter().take_while(|b| b.is_ascii_alphanumeric() || b"-.".contains(b)).count();
    let port = rest[colon + 1..authority].iter().all(u8::is_ascii_digit);
    let quoted = rest[..at].iter().any(|b| b"<>'`\\".contains(b));
    (!port && !quoted && host > 0 && colon > 0).then_some(at)
}

fn hides(user: &str, secret: &str) -> bool {
    if secret.len() < 3 || is_inert(secret) || secret.starts_with('$') || secret == user {
        return false;
    }
    let makeup = Makeup::of(secret);
    is_password(secret, &makeup, Setting::Firm) || makeup.len >= 8 && !makeup.is_wordy()
}
