//! Figures of one round.

use serde::Serialize;

/// One measured quantity, ours and the yardstick's.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) what: &'static str,
    /// In which unit.
    pub(crate) unit: &'static str,
    /// Ours.
    pub(crate) ours: f64,
    /// The yardstick's, when there is one.
    pub(crate) yardstick: Option<f64>,
}

/// Latencies of many calls in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Latencies(pub(crate) Vec<f64>);

impl Latencies {
    /// The value below which `share` (0 to 1) of them lie; 0 when there are none.
    pub(crate) fn quantile(&mut self, share: f64) -> f64 {
        self.0.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = ((self.0.len() as f64) * share) as usize;
        self.0.get(index.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// The median of some values; 0 when there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    Latencies(values.into_iter().collect()).quantile(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let mut values = Latencies((0..100).rev().map(f64::from).collect());
        assert!((values.quantile(0.5) - 50.0).abs() < f64::EPSILON);
        assert!((values.quantile(0.99) - 99.0).abs() < f64::EPSILON);
        assert!(Latencies::default().quantile(0.5).abs() < f64::EPSILON);
    }
}
