//! Chance that can be repeated: the same seed draws the same again.

use std::hash::{Hash as _, Hasher as _};

use siphasher::sip::SipHasher13;

/// A source of numbers (splitmix64, <https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The source that this seed stands for.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another source, determined by this one's seed and a name, whatever is drawn from either.
    #[must_use]
    pub fn branch(seed: u64, name: &str) -> Self {
        let mut hasher = SipHasher13::new();
        (seed, name).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from((mixed ^ (mixed >> 31)) % bound).unwrap_or_default()
    }

    /// A number in `from..to`.
    pub fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to.saturating_sub(from))
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of some things.
    pub fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }

    /// Different numbers below `bound`, in order.
    pub fn moments(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut moments = std::collections::BTreeSet::new();
        while moments.len() < count.min(bound) {
            moments.insert(self.below(bound));
        }
        moments.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |mut chance: Chance| (0..50).map(|_| chance.below(1_000)).collect::<Vec<_>>();
        assert_eq!(draw(Chance::new(7)), draw(Chance::new(7)));
        assert_ne!(draw(Chance::new(7)), draw(Chance::new(8)));
        assert_eq!(draw(Chance::branch(7, "a")), draw(Chance::branch(7, "a")));
        assert_ne!(draw(Chance::branch(7, "a")), draw(Chance::branch(7, "b")));
    }
}
