//! Invite codes: short enough to say aloud, useless after ten minutes or one use.
//!
//! `BRIDGE-XXXX-XXXX`: eight symbols of Crockford's base 32 (no I, L, O, U), 40 random bits. Guessing is limited
//! per process and for the whole daemon, so that ten minutes allow a few hundred tries of 10¹².

use std::time::Duration;

/// How long an invite code is valid.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// Random bytes that one code takes.
pub const RANDOM_BYTES: usize = 5;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: &str = "BRIDGE";

/// The code for 40 random bits.
#[must_use]
pub fn encode(random: [u8; RANDOM_BYTES]) -> String {
    let bits = random.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let symbol = |index: u32| char::from(ALPHABET[(bits >> (35 - 5 * index)) as usize & 31]);
    let group = |from: u32| (from..from + 4).map(symbol).collect::<String>();
    format!("{PREFIX}-{}-{}", group(0), group(4))
}

/// The canonical form of a code as a person or a model may have written it: case, spaces and missing hyphens are
/// forgiven, and so are Crockford's look-alikes (I and L for 1, O for 0). `None` when it cannot be a code.
#[must_use]
pub fn normalise(text: &str) -> Option<String> {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let symbols = letters.strip_prefix(PREFIX)?;
    if symbols.len() != 8 || text.chars().any(|c| !(c.is_ascii_alphanumeric() || "- `'\".".contains(c))) {
        return None;
    }
    let canonical: String = symbols
        .chars()
        .map(|c| match c {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        })
        .collect();
    canonical
        .bytes()
        .all(|b| ALPHABET.contains(&b))
        .then(|| format!("{PREFIX}-{}-{}", &canonical[..4], &canonical[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sloppy_spelling_is_forgiven() {
        let code = encode([0x08, 0x42, 0x10, 0x84, 0x21]);
        assert_eq!(code, "BRIDGE-1111-1111");
        for text in ["bridge-1111-1111", " BRIDGE 1111 1111 ", "bridge-iill-1l1i.", "`BRIDGE-11111111`"] {
            assert_eq!(normalise(text).as_deref(), Some("BRIDGE-1111-1111"), "{text}");
        }
        for text in [
            "",
            "BRIDGE",
            "BRIDGE-1111-111",
            "BRIDGE-1111-11111",
            "BRIDGE-1111-111U",
            "1111-1111",
            "BRIDGE-1111-111é",
        ] {
            assert_eq!(normalise(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_code_is_its_own_normal_form(random: [u8; RANDOM_BYTES]) {
            let code = encode(random);
            prop_assert_eq!(normalise(&code), Some(code.clone()));
            prop_assert_eq!(normalise(&code.to_lowercase()), Some(code));
        }
    }
}
