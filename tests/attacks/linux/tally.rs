//! How many of each came to what.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use super::place::Place;

/// Counts by place, kind and outcome.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<(String, &'static str), BTreeMap<&'static str, usize>>>);

impl Tally {
    pub(crate) fn count(&self, place: Place, kind: &'static str, outcome: &'static str) {
        let mut counts = self.0.lock().unwrap();
        *counts.entry((place.to_string(), kind)).or_default().entry(outcome).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((place, kind), outcomes) in &*self.0.lock().unwrap() {
            let total: usize = outcomes.values().sum();
            write!(formatter, "{place}: {total} {kind}:")?;
            let mut counts = outcomes.iter();
            if let Some((outcome, count)) = counts.next() {
                write!(formatter, " {count} {outcome}")?;
            }
            counts.try_for_each(|(outcome, count)| write!(formatter, ", {count} {outcome}"))?;
            writeln!(formatter)?;
        }
        Ok(())
    }
}
