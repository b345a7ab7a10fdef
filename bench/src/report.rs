//! What all rounds say together.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::figures::{Figure, median};

/// All figures of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    scenario: &'static str,
    #[serde(flatten)]
    median: Figure,
    ratio: Option<f64>,
    #[serde(skip)]
    rounds: Vec<Figure>,
}

impl Report {
    /// Adds the figures of one round of a scenario.
    pub(crate) fn add(&mut self, scenario: &'static str, figures: Vec<Figure>) {
        for figure in figures {
            let known =
                self.rows.iter_mut().find(|row| row.scenario == scenario && row.median.what == figure.what);
            match known {
                Some(row) => row.rounds.push(figure),
                None => self.rows.push(Row {
                    scenario,
                    median: figure.clone(),
                    ratio: None,
                    rounds: vec![figure],
                }),
            }
        }
        self.rows.iter_mut().for_each(Row::settle);
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.rows).unwrap_or_default()
    }

    /// As a table.
    pub(crate) fn to_table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["scenario", "figure", "ours", "yardstick", "ratio"]);
        for row in &self.rows {
            let figure = &row.median;
            let shown = |value: f64| format!("{value:.2} {}", figure.unit);
            table.add_row([
                row.scenario.to_owned(),
                figure.what.to_owned(),
                shown(figure.ours),
                figure.yardstick.map(shown).unwrap_or_default(),
                row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            ]);
        }
        table.to_string()
    }
}

impl Row {
    /// Medians over the rounds; the ratio is the median of the rounds' ratios, not the ratio of medians.
    fn settle(&mut self) {
        self.median.ours = median(self.rounds.iter().map(|figure| figure.ours));
        let beside: Vec<(f64, f64)> =
            self.rounds.iter().filter_map(|figure| Some((figure.ours, figure.yardstick?))).collect();
        if !beside.is_empty() {
            self.median.yardstick = Some(median(beside.iter().map(|(_, yardstick)| *yardstick)));
            self.ratio = Some(median(beside.iter().map(|(ours, yardstick)| ours / yardstick)));
        }
    }
}
