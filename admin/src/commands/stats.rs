//! `stats`: counts of everything.

use std::collections::BTreeMap;

use bridge_proto::admin::stats::StatsReport;
use bridge_proto::admin::{Request, Response};

use super::note_offline;
use crate::cli::Json;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::{Source, unexpected};
use crate::table::{Grid, plain};
use crate::text::safe_text;

/// Heights of a bar that is one character wide.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn run(screen: &mut Screen, format: &Json) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let report = fetch(&mut source)?;
    if format.json {
        screen.json(&report)?;
        return Ok(Done::Well);
    }
    note_offline(screen, source.is_live());
    screen.print(&render(screen.look(), &report))?;
    Ok(Done::Well)
}

/// The counts as of now.
pub(super) fn fetch(source: &mut Source) -> Result<StatsReport, Failure> {
    match source.ask(&Request::Stats)? {
        Response::Stats(report) => Ok(*report),
        other => Err(unexpected(&other)),
    }
}

fn render(look: Look, report: &StatsReport) -> String {
    let mut grid = Grid::facts(look);
    let mut fact =
        |name: &str, value: String| grid.row(vec![(name.to_owned(), Some(Tint::Faint)), plain(value)]);
    fact("conversations", by_word(&report.conversations));
    fact("messages", report.messages.to_string());
    fact("deliveries", by_word(&report.deliveries));
    let day: u64 = report.sends_per_hour.iter().sum();
    fact("sends, 24 h", format!("{}  {day} in all", sparkline(&report.sends_per_hour)));
    fact("redactions", report.redactions.to_string());
    fact("refusals", by_word(&report.refusals));
    fact("commands", by_word(&report.commands));
    fact("audit trail", super::count(report.audit_rows, "row", "rows"));
    fact("database", super::size(report.database_bytes));
    grid.render()
}

/// `3 (1 expired, 2 running)`
fn by_word(counts: &BTreeMap<String, u64>) -> String {
    let sum: u64 = counts.values().sum();
    if counts.is_empty() {
        return sum.to_string();
    }
    let parts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {}", safe_text(word))).collect();
    format!("{sum} ({})", parts.join(", "))
}

/// One character per number; nothing at all is a dot.
fn sparkline(numbers: &[u64]) -> String {
    let highest = numbers.iter().copied().max().unwrap_or(0);
    let bar = |number: u64| match (number, highest) {
        (0, _) => '·',
        (number, highest) => {
            let step = (u128::from(number) * BARS.len() as u128).div_ceil(u128::from(highest.max(1)));
            let step = usize::try_from(step).unwrap_or(BARS.len());
            BARS.get(step.saturating_sub(1)).copied().unwrap_or('█')
        }
    };
    numbers.iter().copied().map(bar).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::list::tests::PIPE;
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
    }

    pub(in crate::commands) fn report() -> StatsReport {
        let mut sends_per_hour = vec![0; 24];
        sends_per_hour[20..].copy_from_slice(&[1, 40, 80, 9]);
        StatsReport {
            at: "2026-11-21T06:00:00.000Z".into(),
            conversations: counts(&[("expired", 1), ("running", 2)]),
            messages: 130,
            deliveries: counts(&[("acknowledged", 128), ("stored", 2)]),
            sends_per_hour,
            redactions: 3,
            refusals: counts(&[("rate_limited", 4), ("wrong\u{202e}token", 1)]),
            commands: BTreeMap::new(),
            audit_rows: 301,
            database_bytes: 86_016,
        }
    }

    #[test]
    fn what_a_person_sees() {
        insta::assert_snapshot!(render(PIPE, &report()), @r"
        conversations  3 (1 expired, 2 running)
        messages       130
        deliveries     130 (128 acknowledged, 2 stored)
        sends, 24 h    ····················▁▄█▁  130 in all
        redactions     3
        refusals       5 (4 rate_limited, 1 wrong\u{202e}token)
        commands       0
        audit trail    301 rows
        database       84 KiB
        ");
    }

    #[test]
    fn sparklines_end_at_both_ends() {
        assert_eq!(sparkline(&[0, 1, u64::MAX]), "·▁█");
        assert_eq!(sparkline(&[5]), "█");
        assert_eq!(sparkline(&[]), "");
    }
}
