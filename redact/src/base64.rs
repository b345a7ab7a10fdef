//! Base 64 of either alphabet, as far as it is needed to look inside.

/// Decodes `text`; `None` when it is not base 64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in body.bytes() {
        bits = bits << 6 | u32::from(value(byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    (count < 6).then_some(out)
}

/// The first twelve bytes of what `text`, of at least sixteen characters, stands for.
pub(crate) fn head(text: &[u8]) -> Option<[u8; 12]> {
    let mut head = [0; 12];
    for (group, out) in text.get(..16)?.chunks_exact(4).zip(head.chunks_exact_mut(3)) {
        let bits = group.iter().try_fold(0u32, |bits, byte| Some(bits << 6 | u32::from(value(*byte)?)))?;
        out.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    Some(head)
}

/// What one character stands for.
pub(crate) fn value(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
