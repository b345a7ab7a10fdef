//! Chance that can be repeated: `BRIDGED_TEST_SEED=n` draws the same again.

use std::hash::{BuildHasher as _, RandomState};

/// A source of numbers (splitmix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// From the environment, else a fresh one; says which.
    #[allow(clippy::print_stdout, reason = "shown when the test fails")]
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("BRIDGED_TEST_SEED").ok().and_then(|text| text.parse().ok());
        // Short enough to be typed again.
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(test) % 1_000_000);
        println!("{test}: BRIDGED_TEST_SEED={seed}");
        Self(seed)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Different numbers below `bound`, in order.
    pub(crate) fn moments(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut moments = std::collections::BTreeSet::new();
        while moments.len() < count {
            moments.insert(self.below(bound));
        }
        moments.into_iter().collect()
    }
}
