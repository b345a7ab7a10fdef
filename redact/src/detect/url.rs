//! Passwords and tokens in the user part of URLs.

use crate::kv::{Setting, is_inert, is_password, is_strong};
use crate::scan::Scan;
use crate::words::Makeup;

/// Reads the authority after `://`.
pub fn check(scan: &mut Scan<'_>, rule: u16, _start: usize, end: usize) {
    let bytes = scan.bytes();
    let run = scan.runs.end(scan.set.common.bare, end).min(end + 1024);
    let rest = &bytes[end..run];
    let authority = rest.iter().position(|b| b"/?#<>'`\\,".contains(b)).unwrap_or(rest.len());
    // A password may hold a bare `/` or `#`; the port and host after the last `@` tell.
    let Some(at) = memchr::memrchr(b'@', &rest[..authority]) else { return };
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

fn hides(user: &str, secret: &str) -> bool {
    if secret.len() < 3 || is_inert(secret) || secret.starts_with('$') || secret == user {
        return false;
    }
    let makeup = Makeup::of(secret);
    is_password(secret, &makeup, Setting::Firm) || makeup.len >= 8 && !makeup.is_wordy()
}
