//! How long it takes until things go on.

use serde::Serialize;

/// Times from the first attempt of a send until it was answered, of sends that needed more than one, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recoveries {
    /// How many sends that were.
    pub sends: usize,
    /// Half of them took no longer.
    pub median_ms: u64,
    /// All but one in a hundred took no longer.
    pub p99_ms: u64,
    /// None took longer.
    pub longest_ms: u64,
}

impl Recoveries {
    /// Sorts the times.
    pub(crate) fn of(times: &mut [u64]) -> Self {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        let [median_ms, p99_ms, longest_ms] =
            [50, 99, 100].map(|percent| at(percent).copied().unwrap_or_default());
        Self { sends: times.len(), median_ms, p99_ms, longest_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_times() {
        let mut times: Vec<u64> = (1..=200).rev().collect();
        let found = Recoveries::of(&mut times);
        assert_eq!(found, Recoveries { sends: 200, median_ms: 101, p99_ms: 199, longest_ms: 200 });
        assert_eq!(Recoveries::of(&mut []), Recoveries::default());
    }
}
