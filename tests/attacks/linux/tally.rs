//! How many of each came to what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;

use super::place::Place;

type Counts = BTreeMap<(String, &'static str), BTreeMap<&'static str, usize>>;

/// Counts by place, kind and outcome, and what was refused: the policy knows no places, so that need not be tried in
/// all of them.
#[derive(Default)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
    refused: Mutex<BTreeSet<(String, String)>>,
}

impl Tally {
    pub(crate) fn was_refused(&self, mode: &str, run: &str) -> bool {
        self.refused.lock().unwrap().contains(&(mode.to_owned(), run.to_owned()))
    }

    pub(crate) fn refused(&self, mode: &str, run: &str) {
        self.refused.lock().unwrap().insert((mode.to_owned(), run.to_owned()));
    }

    pub(crate) fn count(&self, place: Place, kind: &'static str, outcome: &'static str) {
        let mut counts = self.counts.lock().unwrap();
        *counts.entry((place.to_string(), kind)).or_default().entry(outcome).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((place, kind), outcomes) in &*self.counts.lock().unwrap() {
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
