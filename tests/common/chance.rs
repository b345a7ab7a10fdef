//! Chance that can be repeated: `BRIDGED_TEST_SEED=n` draws the same again.

use std::hash::{BuildHasher as _, RandomState};

/// A source of numbers.
pub(crate) struct Chance(bridge_trials::Chance);

impl Chance {
    /// From the environment, else a fresh one; says which.
    #[allow(clippy::print_stdout, reason = "shown when the test fails")]
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("BRIDGED_TEST_SEED").ok().and_then(|text| text.parse().ok());
        // Short enough to be typed again.
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(test) % 1_000_000);
        println!("{test}: BRIDGED_TEST_SEED={seed}");
        Self(bridge_trials::Chance::new(seed))
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    /// Different numbers below `bound`, in order.
    pub(crate) fn moments(&mut self, count: usize, bound: usize) -> Vec<usize> {
        self.0.moments(count, bound)
    }
}
