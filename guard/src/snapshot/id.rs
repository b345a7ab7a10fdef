//! Names of snapshots.

/// Crockford's base32: no letter that looks like a digit.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Enough for the milliseconds of a thousand years since 1970.
const LENGTH: u32 = 9;

/// A name that sorts by time: the milliseconds in base 32.
pub(super) fn at(milliseconds: i64) -> String {
    let milliseconds = u64::try_from(milliseconds).unwrap_or(0);
    (0..LENGTH).rev().map(|place| char::from(DIGITS[(milliseconds >> (5 * place) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let ids = [0, 1, 31, 32, 1_750_000_000_000, 1_750_000_000_001, 4_000_000_000_000].map(at);
        assert!(ids.is_sorted());
        assert_eq!(ids[4], "1jxt21q00");
        assert!(ids.iter().all(|id| id.len() == 9));
    }
}
