//! What a trial has shown.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use serde::Serialize;

use crate::model::{Tally, Violation};
use crate::recoveries::Recoveries;
use crate::storm::Goal;
use crate::trial::Options;
use crate::witness::Seen;

/// The result of a trial.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Draws the same faults again.
    pub seed: u64,
    /// When it was to end.
    pub goal: Goal,
    /// Pairs of agents.
    pub pairs: usize,
    /// Faults that were asked for.
    pub wanted_faults: u64,
    /// Whether the programs could be killed at named points.
    pub failpoints: bool,
    /// How long faults happened, in seconds.
    pub seconds: u64,
    /// Sends that were answered.
    pub answered: u64,
    /// Sends without a key whose outcome was never learned; of these so many have arrived.
    pub unknown: u64,
    /// See [`Report::unknown`].
    pub unknown_arrived: u64,
    /// Messages that arrived.
    pub arrived: u64,
    /// Arrivals of what had arrived before, marked as such.
    pub redelivered: u64,
    /// States that senders were told.
    pub states: u64,
    /// Messages that senders saw given back while they were on their way.
    pub given_back: u64,
    /// Faults that happened.
    pub faults: u64,
    /// The same by kind.
    pub faults_by_kind: BTreeMap<String, u64>,
    /// Answered sends that never arrived.
    pub lost: usize,
    /// Messages that came twice without being marked, or were stored twice.
    pub duplicated: usize,
    /// Messages that were overtaken.
    pub out_of_order: usize,
    /// States that went back, or said what had not happened.
    pub wrong_states: usize,
    /// Limits that were not as they must be.
    pub wrong_limits: usize,
    /// Everything else.
    pub other_violations: usize,
    /// How long agents needed to get a send answered when they had to try again.
    pub recoveries: Recoveries,
    /// The longest time from a start of the daemon until it served, in milliseconds.
    pub longest_start_ms: u64,
    /// Conversations that were founded meanwhile, joined, and proven by a first message.
    pub founded: u64,
    /// Sends under the usual limits.
    pub limited: Seen,
    /// Backups that were finished.
    pub backups: u64,
    /// Whether audit trail and database are whole in the end.
    pub audit_whole: bool,
    /// What contradicts the promises.
    pub violations: Vec<String>,
    /// Where the files are, when there is something to look at.
    pub kept: Option<String>,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(crate) fn new(options: &Options, failpoints: bool) -> Self {
        Self {
            seed: options.seed,
            goal: options.goal,
            pairs: options.pairs,
            wanted_faults: options.faults,
            failpoints,
            ..Self::default()
        }
    }

    pub(crate) fn count(&mut self, tallies: &[Tally], violations: &[Violation]) {
        for tally in tallies {
            self.answered += tally.answered;
            self.unknown_arrived += tally.unknown_arrived;
            self.unknown += tally.unknown_arrived + tally.unknown_missing;
            self.arrived += tally.arrived;
            self.redelivered += tally.repeated;
            self.states += tally.states;
            self.given_back += tally.given_back;
        }
        self.blame(violations);
    }

    pub(crate) fn blame(&mut self, violations: &[Violation]) {
        let count = |is: fn(&Violation) -> bool| violations.iter().filter(|found| is(found)).count();
        self.lost = count(|found| matches!(found, Violation::Lost { .. }));
        self.duplicated = count(|found| {
            matches!(found, Violation::UnmarkedDuplicate { .. } | Violation::StoredTwice { .. })
        });
        self.out_of_order = count(|found| matches!(found, Violation::OutOfOrder { .. }));
        self.wrong_states = count(|found| {
            matches!(
                found,
                Violation::StateWentBack { .. }
                    | Violation::AcknowledgedUnread { .. }
                    | Violation::CameAfterAcknowledged { .. }
                    | Violation::NotAcknowledged { .. }
            )
        });
        self.wrong_limits = count(|found| {
            matches!(found, Violation::LimitExceeded { .. } | Violation::LimitTightened { .. })
        });
        let named = self.lost + self.duplicated + self.out_of_order + self.wrong_states + self.wrong_limits;
        self.other_violations = violations.len() - named;
        self.audit_whole = count(|found| matches!(found, Violation::NotWhole { .. })) == 0;
        self.violations = violations.iter().map(ToString::to_string).collect();
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// As tables, and how to do it again.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["figure", ""]);
        for (name, figure) in self.figures() {
            table.add_row([name.to_owned(), figure]);
        }
        let mut kinds = Table::new();
        kinds.load_style(presets::ASCII_MARKDOWN);
        kinds.set_header(["fault", "times"]);
        for (kind, count) in &self.faults_by_kind {
            kinds.add_row([kind.clone(), count.to_string()]);
        }
        let violations: String =
            self.violations.iter().map(|found| format!("VIOLATION: {found}\n")).collect();
        let kept = self.kept.as_ref().map(|path| format!("the files are in {path}\n")).unwrap_or_default();
        format!("{table}\n\n{kinds}\n\n{violations}{kept}the same faults again: {}\n", self.replay())
    }

    fn figures(&self) -> Vec<(&'static str, String)> {
        let backups = format!("{} finished, the last one restored and proven", self.backups);
        vec![
            ("messages answered", self.answered.to_string()),
            ("outcome unknown, of these arrived", format!("{}, {}", self.unknown, self.unknown_arrived)),
            ("messages arrived", self.arrived.to_string()),
            ("came again, marked", self.redelivered.to_string()),
            ("states told, of these given back", format!("{}, {}", self.states, self.given_back)),
            ("faults", self.faults.to_string()),
            ("lost", self.lost.to_string()),
            ("unmarked duplicates", self.duplicated.to_string()),
            ("out of order", self.out_of_order.to_string()),
            ("wrong states", self.wrong_states.to_string()),
            ("wrong limits", self.wrong_limits.to_string()),
            ("other violations", self.other_violations.to_string()),
            ("conversations founded meanwhile", self.founded.to_string()),
            (
                "under the usual limits: sent, refused",
                format!("{}, {}", self.limited.answered, self.limited.refused),
            ),
            ("sends that had to be tried again", self.recoveries.sends.to_string()),
            (
                "these took until they were answered",
                format!("median {} ms, p99 {} ms", self.recoveries.median_ms, self.recoveries.p99_ms),
            ),
            ("longest recovery", format!("{} ms", self.recoveries.longest_ms)),
            ("longest start of bridged", format!("{} ms", self.longest_start_ms)),
            ("backups", if self.backups > 0 { backups } else { "none".to_owned() }),
            ("audit trail and database", if self.audit_whole { "whole" } else { "NOT WHOLE" }.to_owned()),
            ("time", format!("{} s", self.seconds)),
        ]
    }

    fn replay(&self) -> String {
        let goal = match self.goal {
            Goal::Messages(messages) => format!("--messages {messages}"),
            Goal::Seconds(seconds) => format!("--seconds {seconds}"),
        };
        format!(
            "bridge-soak --seed {} {goal} --faults {} --pairs {}",
            self.seed, self.wanted_faults, self.pairs
        )
    }
}
