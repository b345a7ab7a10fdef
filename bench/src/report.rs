//! What all rounds say together.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::figures::{Figure, median};
use super::machine::Machine;

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
    spread: Spread,
    #[serde(skip)]
    rounds: Vec<Figure>,
}

/// Between what the rounds lie: their ratios or, without a yardstick, our figures.
#[derive(Debug, Clone, Copy, Serialize)]
struct Spread {
    lowest: f64,
    highest: f64,
}

/// What a script needs to show the results.
#[derive(Debug, Serialize)]
struct Document<'a> {
    machine: &'a Machine,
    command: &'a str,
    results: &'a [Row],
}

impl Report {
    /// Adds the figures of one round of a scenario.
    pub(crate) fn add(&mut self, scenario: &'static str, figures: Vec<Figure>) {
        for figure in figures {
            let known =
                self.rows.iter_mut().find(|row| row.scenario == scenario && row.median.what == figure.what);
            match known {
                Some(row) => row.add(figure),
                None => self.rows.push(Row::new(scenario, figure)),
            }
        }
    }

    /// As JSON, with what was run and where.
    pub(crate) fn to_json(&self, machine: &Machine, command: &str) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&Document { machine, command, results: &self.rows })
    }

    /// As a table.
    pub(crate) fn to_table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["scenario", "figure", "ours", "yardstick", "ratio", "rounds"]);
        for row in &self.rows {
            let figure = &row.median;
            let shown = |value: f64| format!("{value:.2} {}", figure.unit);
            table.add_row([
                row.scenario.to_owned(),
                figure.what.to_owned(),
                shown(figure.ours),
                figure.yardstick.map(shown).unwrap_or_default(),
                row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
                format!("{:.2} to {:.2}", row.spread.lowest, row.spread.highest),
            ]);
        }
        table.to_string()
    }
}

impl Row {
    fn new(scenario: &'static str, figure: Figure) -> Self {
        let spread = Spread { lowest: figure.ours, highest: figure.ours };
        let mut row = Self { scenario, median: figure.clone(), ratio: None, spread, rounds: Vec::new() };
        row.add(figure);
        row
    }

    /// Medians over the rounds; the ratio is the median of the rounds' ratios, not the ratio of medians.
    fn add(&mut self, figure: Figure) {
        self.rounds.push(figure);
        self.median.ours = median(self.rounds.iter().map(|figure| figure.ours));
        let beside: Vec<(f64, f64)> =
            self.rounds.iter().filter_map(|figure| Some((figure.ours, figure.yardstick?))).collect();
        if beside.is_empty() {
            self.spread = Spread::of(self.rounds.iter().map(|figure| figure.ours));
        } else {
            let ratios = beside.iter().map(|(ours, yardstick)| ours / yardstick);
            self.median.yardstick = Some(median(beside.iter().map(|(_, yardstick)| *yardstick)));
            self.ratio = Some(median(ratios.clone()));
            self.spread = Spread::of(ratios);
        }
    }
}

impl Spread {
    /// Of at least one value.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let nothing = Self { lowest: f64::INFINITY, highest: f64::NEG_INFINITY };
        values.fold(nothing, |spread, value| Self {
            lowest: spread.lowest.min(value),
            highest: spread.highest.max(value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_rounds() -> Report {
        let mut report = Report::default();
        for (ours, yardstick) in [(10.0, 5.0), (12.0, 12.0), (30.0, 10.0)] {
            report.add(
                "send",
                vec![Figure::beside("p50", "µs", ours, yardstick), Figure::alone("stored", "MB", ours)],
            );
        }
        report
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds() {
        let report = three_rounds();
        let json = report.to_json(&Machine::default(), "bridge-bench --rounds 3").unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["command"], "bridge-bench --rounds 3");
        assert!(json["machine"].is_object());
        let (p50, stored) = (&json["results"][0], &json["results"][1]);
        assert_eq!(
            (&p50["scenario"], &p50["what"], &p50["unit"]),
            (&"send".into(), &"p50".into(), &"µs".into())
        );
        assert_eq!((&p50["ours"], &p50["yardstick"]), (&12.0.into(), &10.0.into()));
        assert_eq!(p50["ratio"], 2.0);
        assert_eq!(p50["spread"], serde_json::json!({"lowest": 1.0, "highest": 3.0}));
        assert!(stored["ratio"].is_null() && stored["yardstick"].is_null());
        assert_eq!(stored["spread"], serde_json::json!({"lowest": 10.0, "highest": 30.0}));
    }

    #[test]
    fn the_table_has_a_line_for_every_figure() {
        let table = three_rounds().to_table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        let cells: Vec<&str> = lines[2].split('|').map(str::trim).collect();
        assert_eq!(cells[1..7], ["send", "p50", "12.00 µs", "10.00 µs", "2.00", "1.00 to 3.00"]);
        let cells: Vec<&str> = lines[3].split('|').map(str::trim).collect();
        assert_eq!(cells[1..7], ["send", "stored", "12.00 MB", "", "", "10.00 to 30.00"]);
    }
}
