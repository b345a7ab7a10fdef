//! Measures the engine on labelled JSONL: `measure FILE... [--show N]`.
//!
//! Each line has `text`, `secrets` that must not survive, `must_keep` that must, and
//! optionally `category`, `format`, `context`, `tier`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use bridge_redact::Engine;
use serde::Deserialize;

#[derive(Deserialize, Clone)]
#[serde(default)]
struct Row {
    text: String,
    secrets: Vec<String>,
    must_keep: Vec<String>,
    category: String,
    format: String,
    context: String,
    tier: String,
}

impl Default for Row {
    fn default() -> Self {
        let empty = String::new;
        Row {
            text: empty(),
            secrets: vec![],
            must_keep: vec![],
            category: empty(),
            format: empty(),
            context: empty(),
            tier: "core".into(),
        }
    }
}

#[derive(Default, Clone)]
struct Tally {
    rows: usize,
    found: usize,
    lost: usize,
}

/// What became of one row.
struct Outcome {
    out: String,
    positive: bool,
    hit: bool,
    lost: bool,
    broken: bool,
    unstable: bool,
}

fn judge(engine: &Engine, row: &Row) -> Outcome {
    let out = engine.redact(&row.text).text.into_owned();
    let positive = !row.secrets.is_empty();
    let survived = row.secrets.iter().any(|s| out.contains(s.as_str()));
    let is_json = |t: &str| serde_json::from_str::<serde::de::IgnoredAny>(t).is_ok();
    Outcome {
        positive,
        hit: if positive { !survived } else { out != row.text },
        lost: row.must_keep.iter().any(|k| !out.contains(k.as_str())),
        broken: is_json(&row.text) && !is_json(&out),
        unstable: engine.redact(&out).text != out,
        out,
    }
}

impl Outcome {
    fn faults(&self) -> Vec<&'static str> {
        let faults = [
            (self.hit != self.positive, "WRONG"),
            (self.lost, "LOST"),
            (self.broken, "BROKEN"),
            (self.unstable, "UNSTABLE"),
        ];
        faults.iter().filter(|fault| fault.0).map(|fault| fault.1).collect()
    }
}

fn percent(n: usize, of: usize) -> f64 {
    100.0 * n as f64 / of.max(1) as f64
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut show: usize =
        args.iter().position(|a| a == "--show").map_or(10, |i| args[i + 1].parse().unwrap());
    let engine = Engine::builtin().expect("built-in rules");
    let mut by: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut broken, mut unstable) = (0, 0);
    for file in args.iter().filter(|a| a.ends_with(".jsonl")) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let row: Row = serde_json::from_str(line).unwrap();
            let outcome = judge(&engine, &row);
            broken += usize::from(outcome.broken);
            unstable += usize::from(outcome.unstable);
            let side = if outcome.positive { "+" } else { "-" };
            for key in [
                side.into(),
                format!("{side}{} {}", row.tier, row.category),
                format!("{side}ctx {}", row.context),
            ] {
                let tally = by.entry(key).or_default();
                tally.rows += 1;
                tally.found += usize::from(outcome.hit);
                tally.lost += usize::from(outcome.lost);
            }
            let faults = outcome.faults();
            if !faults.is_empty() && show > 0 {
                show -= 1;
                let short = |t: &str| t.escape_debug().to_string().chars().take(400).collect::<String>();
                println!("{} {}/{}/{}", faults.join("+"), row.category, row.format, row.context);
                println!("   in  {}\n   out {}", short(&row.text), short(&outcome.out));
            }
        }
    }
    report(&by);
    println!("broken JSON {broken}, not idempotent {unstable}");
}

fn report(by: &BTreeMap<String, Tally>) {
    for (key, t) in by {
        let full = if key.starts_with('+') { t.found == t.rows } else { t.found == 0 };
        if key.len() > 1 && (!full || t.lost > 0) {
            println!(
                "{key:40} {:5}/{:<5} {:6.2} %  lost {}",
                t.found,
                t.rows,
                percent(t.found, t.rows),
                t.lost
            );
        }
    }
    let side = |key: &str| by.get(key).cloned().unwrap_or_default();
    let (found, alarms) = (side("+"), side("-"));
    println!(
        "recall {:.2} % of {}, lost {:.2} %; false alarms {:.2} % of {}",
        percent(found.found, found.rows),
        found.rows,
        percent(found.lost, found.rows),
        percent(alarms.found, alarms.rows),
        alarms.rows
    );
}
