//! Where a token may begin and end.
//!
//! `\b` of a regex is not enough: a token in raw JSON stands behind `\n`, whose `n` is a
//! letter; in a URL behind `%3D`; on a terminal behind `ESC[31m`; in Chinese or Japanese
//! text it has letters on both sides.

/// Whether a token may begin at `at`.
pub(crate) fn opens(bytes: &[u8], at: usize) -> bool {
    let Some(&before) = at.checked_sub(1).and_then(|i| bytes.get(i)) else { return true };
    !before.is_ascii_alphanumeric() || ends_escape(&bytes[at.saturating_sub(12)..at])
}

/// How many letters and digits at `at` belong to an escape that began before, such as the
/// `n` of `\n` or the `31m` of a colour.
pub(crate) fn rest_of_escape(bytes: &[u8], at: usize) -> usize {
    let begun = at.checked_sub(1).is_some_and(|i| matches!(bytes[i], b'\\' | b'%' | b'[' | b';'));
    let ends = |length: &usize| {
        let end = at + length;
        end <= bytes.len() && ends_escape(&bytes[end.saturating_sub(12)..end])
    };
    if begun { (1..=5).find(ends).unwrap_or(0) } else { 0 }
}

/// Whether a token may end at `at`.
pub(crate) fn closes(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|next| !next.is_ascii_alphanumeric())
}

/// The length of a terminal colour at `at`, raw or written out.
pub(crate) fn colour(bytes: &[u8], at: usize) -> usize {
    const OPENERS: [&[u8]; 7] =
        [b"\x1b[", b"\\x1b[", b"\\u001b[", b"\\u001B[", b"\\033[", b"\\e[", b"\\x1B["];
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(opener) = OPENERS.iter().find(|opener| rest.starts_with(opener)) else { return 0 };
    let codes =
        rest[opener.len()..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b';').count();
    let end = opener.len() + codes;
    if matches!(rest.get(end), Some(b'm' | b'K')) { end + 1 } else { 0 }
}

/// Whether `head` ends in an escape that merely looks like letters.
fn ends_escape(head: &[u8]) -> bool {
    backslash_letter(head)
        || coded(head, b"%", 2)
        || coded(head, b"\\x", 2)
        || coded(head, b"\\u", 4)
        || ansi(head)
}

/// `\n`, `\t`, `\r`, … with an odd number of backslashes or in text escaped twice.
fn backslash_letter(head: &[u8]) -> bool {
    matches!(head, [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f' | b'v' | b'0' | b'e'])
}

/// `prefix` and then `digits` hexadecimal digits.
fn coded(head: &[u8], prefix: &[u8], digits: usize) -> bool {
    let Some(code) = head.len().checked_sub(digits) else { return false };
    head[..code].ends_with(prefix) && head[code..].iter().all(u8::is_ascii_hexdigit)
}

/// A terminal colour: `ESC [ 1 ; 31 m`, raw or written as `\e[`, `\033[`, `\x1b[`, `\u001b[`.
fn ansi(head: &[u8]) -> bool {
    let [rest @ .., b'm' | b'K' | b'G'] = head else { return false };
    let digits = rest.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b';').count();
    let [rest @ .., b'['] = &rest[..rest.len() - digits] else { return false };
    let written: [&[u8]; 6] = [b"\x1b", b"\\e", b"\\033", b"1b", b"1B", b"\xe2\x90\x9b"];
    written.iter().any(|escape| rest.ends_with(escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_after_escapes_and_foreign_letters() {
        for head in
            ["", " ", "=", "x\\n", "%3D", "\\u0022", "\x1b[31m", "\\u001b[1;31m", "\\033[0m", "密钥", "_"]
        {
            assert!(opens(head.as_bytes(), head.len()), "{head}");
        }
        for head in ["x", "9", "3D", "task", "[31m"] {
            assert!(!opens(head.as_bytes(), head.len()), "{head}");
        }
    }
}
