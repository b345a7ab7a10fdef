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

impl Figure {
    /// One that has nothing beside it.
    pub(crate) const fn alone(what: &'static str, unit: &'static str, ours: f64) -> Self {
        Self { what, unit, ours, yardstick: None }
    }

    /// One with the same of a yardstick.
    pub(crate) const fn beside(what: &'static str, unit: &'static str, ours: f64, yardstick: f64) -> Self {
        Self { what, unit, ours, yardstick: Some(yardstick) }
    }
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

    /// The same quantile of these and of a yardstick's, in microseconds.
    pub(crate) fn against(&mut self, yardstick: &mut Self, what: &'static str, share: f64) -> Figure {
        Figure::beside(what, "µs", self.quantile(share), yardstick.quantile(share))
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

    #[test]
    fn a_figure_compares_equal_quantiles() {
        let (mut ours, mut theirs) = (Latencies(vec![4.0, 1.0, 3.0]), Latencies(vec![2.0, 5.0, 1.0]));
        let figure = ours.against(&mut theirs, "p50", 0.5);
        assert_eq!((figure.ours, figure.yardstick), (3.0, Some(2.0)));
    }
}
