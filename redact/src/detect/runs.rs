//! Long runs of token characters that no anchor leads to: encoded secrets, tokens of
//! vendors nobody listed, and Discord's, which begin with a number in base 64.

use std::ops::Range;

use crate::base64;
use crate::boundary;
use crate::scan::Scan;
use crate::words::{Makeup, entropy};

/// Shorter runs are words and names.
const SHORTEST: usize = 20;
/// Encoded text longer than this is a file.
const LARGEST_ENCODED: usize = 64 * 1024;
/// How far into a run a token may begin.
const LONGEST_PREFIX: usize = 64;
/// In how many places of a run a token may begin.
const MOST_STARTS: usize = 8;
/// A random part shorter than this may be an identifier.
const LEAST_RANDOM: usize = 30;

/// Which bytes belong to a run: base 64 of either alphabet.
const IN_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    table
};

fn in_run(byte: u8) -> bool {
    IN_RUN[usize::from(byte)]
}

/// Visits every run that has a byte in `within`.
pub(crate) fn check(scan: &mut Scan<'_>, within: Range<usize>, inner: bool) {
    let bytes = scan.bytes();
    let mut at = within.start;
    // A run this long has a byte at every SHORTEST-th place: the others need no look.
    while at < within.end && at + SHORTEST <= bytes.len() {
        let probe = at + SHORTEST - 1;
        if !in_run(bytes[probe]) {
            at = probe + 1;
            continue;
        }
        let floor = if at == within.start { 0 } else { at };
        let start = probe - bytes[floor..probe].iter().rev().take_while(|b| in_run(**b)).count();
        let end = probe + bytes[probe..].iter().take_while(|b| in_run(**b)).count();
        if end - start >= SHORTEST {
            visit(scan, start..end, inner);
        }
        at = end + 1;
    }
    scan.runs.count(within.len());
}

fn visit(scan: &mut Scan<'_>, run: Range<usize>, inner: bool) {
    // The mark of a diff, a path's or an option's.
    let marks = scan.bytes()[run.clone()].iter().take_while(|b| b"+-/".contains(b)).count();
    let escape = if marks == 0 { boundary::rest_of_escape(scan.bytes(), run.start) } else { 0 };
    let run = run.start + marks + escape..run.end;
    if run.len() < SHORTEST {
        return;
    }
    let ids = scan.set.ids;
    let joints = scan.bytes()[run.clone()]
        .iter()
        .take(LONGEST_PREFIX)
        .enumerate()
        .filter(|(_, b)| b"+-/_".contains(b));
    let starts = std::iter::once(0).chain(joints.map(|(at, _)| at + 1)).take(MOST_STARTS);
    for start in starts {
        scan.verify_run(run.start + start, start == 0);
    }
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
    let segment =
        |from: usize| bytes[from..].iter().take(64).take_while(|b| in_run(**b) && **b != b'/').count();
    if !(23..=30).contains(&run.len())
        || !matches!(bytes[run.start], b'M' | b'N' | b'O')
        || bytes.get(run.end) != Some(&b'.')
    {
        return None;
    }
    let middle = segment(run.end + 1);
    let last_start = run.end + 1 + middle + 1;
    if !(5..=7).contains(&middle) || bytes.get(last_start - 1) != Some(&b'.') {
        return None;
    }
    let last = segment(last_start);
    let whole = std::str::from_utf8(&bytes[run.start..last_start + last]).ok()?;
    let makeup = Makeup::of(whole);
    let random =
        makeup.digits >= 3 && makeup.lower > 0 && makeup.changes * 4 >= makeup.len && !makeup.is_wordy();
    (last >= 26 && random).then_some(run.start..last_start + last)
}

/// Whether the run is text in base 64 and that text has a secret.
fn encoded(scan: &mut Scan<'_>, run: &Range<usize>) -> bool {
    if run.len() > LARGEST_ENCODED {
        return false;
    }
    let text = &scan.text[run.clone()];
    let printable = |bytes: &[u8]| {
        bytes.iter().all(|b| (0x20..0x7f).contains(b) || matches!(b, b'\n' | b'\r' | b'\t' | 0x80..))
    };
    if let Some(plain) = hexadecimal(text) {
        scan.runs.count(plain.len());
        return printable(plain.as_bytes()) && Scan::run_inner(scan.set, &plain);
    }
    // Hashes, keys and images stop being text within the first few bytes.
    let Some(head) = base64::head(text.as_bytes()) else { return false };
    if !printable(&head) {
        return false;
    }
    let Some(plain) = base64::decode(text) else { return false };
    scan.runs.count(plain.len());
    let Ok(plain) = String::from_utf8(plain) else { return false };
    printable(plain.as_bytes()) && Scan::run_inner(scan.set, &plain)
}

/// What hexadecimal digits stand for, if that is text.
fn hexadecimal(text: &str) -> Option<String> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let byte = |pair: &[u8]| {
        u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok().filter(|b| (0x20..0x7f).contains(b))
    };
    let plain: Option<Vec<u8>> = pairs.map(byte).collect();
    plain.and_then(|plain| String::from_utf8(plain).ok())
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
    let plain_prefix = (3..=20).contains(&prefix.len())
        && prefix[0].is_ascii_lowercase()
        && prefix.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    let public = [&b"pk"[..], b"sha", b"md5", b"pub", b"ssh", b"phc", b"h1", b"blake"]
        .iter()
        .any(|p| prefix.starts_with(p));
    if random.len() < LEAST_RANDOM
        || random.len() > 200
        || !plain_prefix
        || public
        || !random.iter().all(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let text = std::str::from_utf8(random).ok()?;
    let makeup = Makeup::of(text);
    let random = makeup.lower > 3
        && makeup.upper > 3
        && makeup.digits >= 2
        && makeup.changes * 10 >= makeup.len * 4
        && !makeup.is_wordy()
        && entropy(text) > 4.0;
    random.then(|| run.clone())
}
