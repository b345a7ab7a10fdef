//! One disguised character, and what is under it.

use super::fold;

/// What was taken off.
pub(super) struct Peeled {
    /// Bytes of the text.
    pub length: usize,
    /// The character under them; nothing for one without width.
    pub bare: Option<char>,
}

/// Whether `bytes` may have a disguise at all.
pub(super) fn any(bytes: &[u8]) -> bool {
    memchr::memchr3(b'%', b'\\', b'&', bytes).is_some_and(|first| coded(&bytes[first..]))
        || !bytes.is_ascii() && bytes.iter().any(|b| leads(*b))
        || memchr::memchr(b'+', bytes).is_some_and(|first| added(bytes, first))
}

/// Whether a disguise beyond ASCII may begin with `byte`.
fn leads(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xc4 | 0xc9 | 0xca | 0xcc..=0xd6 | 0xe1..=0xe3 | 0xea | 0xef | 0xf0 | 0xf3)
}

/// The next place from `at` on where a disguise may stand.
pub(super) fn next(bytes: &[u8], at: usize, end: usize) -> Option<usize> {
    let here = |b: &u8| matches!(b, b'%' | b'\\' | b'&' | b'"' | b'\'') || leads(*b);
    bytes[at..end].iter().position(here).map(|found| at + found)
}

/// Whether a percent code, a written-out escape or an entity stands somewhere.
fn coded(bytes: &[u8]) -> bool {
    memchr::memchr3_iter(b'%', b'\\', b'&', bytes).any(|at| ascii_code(bytes, at).is_some())
}

/// Whether two string literals are added up somewhere.
fn added(bytes: &[u8], first: usize) -> bool {
    memchr::memchr_iter(b'+', &bytes[first..]).map(|found| first + found).any(|at| {
        let before = bytes[..at].trim_ascii_end().last();
        let after = bytes[at + 1..].trim_ascii_start().first();
        matches!((before, after), (Some(b'"' | b'\''), Some(b'"' | b'\'')))
    })
}

/// The disguised character at `at`.
pub(super) fn at(text: &str, at: usize, end: usize) -> Option<Peeled> {
    let bytes = &text.as_bytes()[..end];
    match bytes[at] {
        b'%' | b'\\' | b'&' => {
            let (length, bare) = ascii_code(bytes, at)?;
            Some(Peeled { length, bare: Some(bare) })
        }
        b'"' | b'\'' => {
            let length = literal_joint(bytes, at)?;
            Some(Peeled { length, bare: None })
        }
        0xc2.. => {
            let character = text[at..end].chars().next()?;
            let bare = if fold::is_invisible(character) { None } else { Some(fold::look_alike(character)?) };
            Some(Peeled { length: character.len_utf8(), bare })
        }
        _ => None,
    }
}

/// `" + "`: the joint of two string literals.
fn literal_joint(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at + 1..];
    let blanks = |from: usize| rest[from..].iter().take(8).take_while(|b| b.is_ascii_whitespace()).count();
    let plus = blanks(0);
    let close = bytes[at];
    if rest.get(plus) != Some(&b'+') {
        return None;
    }
    let open = plus + 1 + blanks(plus + 1);
    (rest.get(open) == Some(&close)).then_some(open + 2)
}

/// The printable ASCII character that the code at `at` stands for, and the code's length.
fn ascii_code(bytes: &[u8], at: usize) -> Option<(usize, char)> {
    let rest = bytes.get(at..bytes.len().min(at + 12))?;
    let (length, value) = match rest {
        [b'%', a, b, ..] => (3, hex(&[*a, *b])?),
        [b'\\', b'x', a, b, ..] => (4, hex(&[*a, *b])?),
        [b'\\', b'u', b'{', inner @ ..] => {
            let close = inner.iter().position(|b| *b == b'}')?;
            (close + 4, hex(&inner[..close])?)
        }
        [b'\\', b'u', a, b, c, d, ..] => (6, hex(&[*a, *b, *c, *d])?),
        [b'&', b'#', b'x' | b'X', inner @ ..] => {
            let close = inner.iter().position(|b| *b == b';')?;
            (close + 4, hex(&inner[..close])?)
        }
        [b'&', b'#', inner @ ..] => {
            let close = inner.iter().position(|b| *b == b';')?;
            (close + 3, std::str::from_utf8(&inner[..close]).ok()?.parse().ok()?)
        }
        [b'&', ..] => named_entity(rest)?,
        _ => return None,
    };
    let character = char::from_u32(value)?;
    let shows = (0x20..0x7f).contains(&value) && character != '\\';
    (shows || fold::look_alike(character).is_some())
        .then(|| (length, fold::look_alike(character).unwrap_or(character)))
}

fn named_entity(rest: &[u8]) -> Option<(usize, u32)> {
    const NAMES: [(&[u8], u8); 16] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
        (b"&equals;", b'='),
        (b"&colon;", b':'),
        (b"&lowbar;", b'_'),
        (b"&period;", b'.'),
        (b"&num;", b'#'),
        (b"&commat;", b'@'),
        (b"&excl;", b'!'),
        (b"&sol;", b'/'),
        (b"&plus;", b'+'),
        (b"&hyphen;", b'-'),
        (b"&nbsp;", b' '),
    ];
    NAMES.iter().find(|(name, _)| rest.starts_with(name)).map(|(name, value)| (name.len(), u32::from(*value)))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}
