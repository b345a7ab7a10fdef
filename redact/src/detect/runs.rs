//! Long runs of token characters that no anchor leads to: encoded secrets, tokens of
//! vendors nobody listed, and Discord's, which begin with a number in base 64.

use std::ops::Range;

use crate::base64;
use crate::boundary;
use crate::scan::Scan;
use crate::words::Makeup;

/// Shorter runs are words and names.
const SHORTEST: usize = 20;
/// Encoded text longer than this is a file.
const LARGEST_ENCODED: usize = 64 * 1024;
/// A random part shorter than this may be an identifier.
const LEAST_RANDOM: usize = 30;

fn in_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Visits every run of the text.
pub fn check(scan: &mut Scan<'_>, inner: bool) {
    let bytes = scan.bytes();
    let mut at = 0;
    // A run this long has a byte at every SHORTEST-th place: the others need no look.
    while at + SHORTEST <= bytes.len() {
        let probe = at + SHORTEST - 1;
        if !in_run(bytes[probe]) {
            at = probe + 1;
            continue;
        }
        let start = probe - bytes[at..probe].iter().rev().take_while(|b| in_run(**b)).count();
        let end = probe + bytes[probe..].iter().take_while(|b| in_run(**b)).count();
        if end - start >= SHORTEST {
            visit(scan, start..end, inner);
        }
        at = end + 1;
    }
    scan.runs.count(bytes.len());
}

fn visit(scan: &mut Scan<'_>, run: Range<usize>, inner: bool) {
    let ids = scan.set.ids;
    if let Some(span) = discord(scan.bytes(), &run) {
        scan.add(ids.discord, span);
        return;
    }
    if !inner && encoded(scan, &run) {
        let padding = scan.bytes()[run.end..].iter().take(2).take_while(|b| **b == b'=').count();
        scan.add(ids.encoded, run.start..run.end + padding);
        return;
    }
    if let Some(span) = prefixed(scan, &run) {
        scan.add(ids.random, span);
    }
}

/// `MTIz….Xyz123.abc…`: a user's number in base 64, a time, a signature.
fn discord(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let segment = |from: usize| bytes[from..].iter().take(64).take_while(|b| in_run(**b) && **b != b'/').count();
    if !(23..=30).contains(&run.len()) || !matches!(bytes[run.start], b'M' | b'N' | b'O') || bytes.get(run.end) != Some(&b'.') {
        return None;
    }
    let middle = segment(run.end + 1);
    let last_start = run.end + 1 + middle + 1;
    if !(5..=8).contains(&middle) || bytes.get(last_start - 1) != Some(&b'.') {
        return None;
    }
    let last = segment(last_start);
    let number = base64::decode(std::str::from_utf8(&bytes[run.clone()]).ok()?)?;
    let is_number = number.iter().all(u8::is_ascii_digit);
    (last >= 26 && is_number).then_some(run.start..last_start + last)
}

/// Whether the run is text in base 64 and that text has a secret.
fn encoded(scan: &mut Scan<'_>, run: &Range<usize>) -> bool {
    if run.len() > LARGEST_ENCODED {
        return false;
    }
    let text = &scan.text[run.clone()];
    let printable = |bytes: &[u8]| bytes.iter().all(|b| (0x20..0x7f).contains(b) || matches!(b, b'\n' | b'\r' | b'\t' | 0x80..));
    // Hashes, keys and images stop being text within the first few bytes.
    let Some(head) = base64::decode(&text[..16]) else { return false };
    if !printable(&head) {
        return false;
    }
    let Some(plain) = base64::decode(text) else { return false };
    scan.runs.count(plain.len());
    let Ok(plain) = String::from_utf8(plain) else { return false };
    printable(plain.as_bytes()) && Scan::run_inner(scan.set, &plain)
}

/// `vendor_` and then something long and random.
fn prefixed(scan: &Scan<'_>, run: &Range<usize>) -> Option<Range<usize>> {
    let bytes = &scan.bytes()[run.clone()];
    if !boundary::opens(scan.bytes(), run.start) || matches!(scan.bytes().get(run.end), Some(b'=' | b'.')) {
        return None;
    }
    let joint = bytes.iter().rposition(|b| matches!(b, b'_' | b'-'))?;
    let prefix = &bytes[..joint];
    let random = &bytes[joint + 1..];
    let plain_prefix = (2..=20).contains(&prefix.len())
        && prefix[0].is_ascii_lowercase()
        && prefix.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    let public = [&b"pk"[..], b"sha", b"md5", b"pub", b"ssh", b"phc", b"h1", b"blake"].iter().any(|p| prefix.starts_with(p));
    if random.len() < LEAST_RANDOM || random.len() > 200 || !plain_prefix || public || !random.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let text = std::str::from_utf8(random).ok()?;
    let makeup = Makeup::of(text);
    let random = makeup.lower > 3
        && makeup.upper > 3
        && makeup.digits >= 2
        && makeup.changes * 10 >= makeup.len * 4
        && makeup.entropy > 4.0
        && !makeup.is_wordy();
    random.then(|| run.clone())
}
