//! `$'…'`: the escapes of ANSI C.

/// Decodes up to behind the closing quote; answers the text and how many characters were read.
///
/// Source: Bash reference manual, 3.1.2.4.
///
/// # Errors
/// What cannot be understood, as a sentence.
pub(crate) fn decode(chars: &[char]) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut at = 0;
    loop {
        match chars.get(at) {
            None => return Err("a $' is never closed".to_owned()),
            Some('\'') => return Ok((text, at + 1)),
            Some('\\') => {
                let (decoded, length) = escape(&chars[at + 1..])?;
                text.push(decoded);
                at += 1 + length;
            }
            Some(c) => {
                text.push(*c);
                at += 1;
            }
        }
    }
}

fn escape(chars: &[char]) -> Result<(char, usize), String> {
    let unknown = || "an escape in $'…' is not understood".to_owned();
    let first = *chars.first().ok_or_else(unknown)?;
    let simple = match first {
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'e' | 'E' => Some('\u{1b}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        '\\' | '\'' | '"' | '?' => Some(first),
        _ => None,
    };
    if let Some(c) = simple {
        return Ok((c, 1));
    }
    let (skip, radix, most) = match first {
        'x' => (1, 16, 2),
        'u' => (1, 16, 4),
        'U' => (1, 16, 8),
        '0'..='7' => (0, 8, 3),
        _ => return Err(unknown()),
    };
    let digits: String = chars[skip..].iter().take(most).take_while(|c| c.is_digit(radix)).collect();
    let code = u32::from_str_radix(&digits, radix).map_err(|_| unknown())?;
    match char::from_u32(code) {
        Some(c) if code != 0 => Ok((c, skip + digits.len())),
        _ => Err("an escape in $'…' is no character".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        let decoded = |text: &str| decode(&text.chars().collect::<Vec<_>>());
        assert_eq!(decoded(r"\x73\165\u0064o\n'rest").unwrap(), ("sudo\n".to_owned(), 18));
        for bad in [r"abc", r"\0'", r"\q'", r"\x'", r"\"] {
            assert!(decoded(bad).is_err(), "{bad}");
        }
    }
}
