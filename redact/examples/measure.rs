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

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let show = args.iter().position(|a| a == "--show").map_or(10, |i| args[i + 1].parse().unwrap());
    let engine = Engine::builtin().expect("built-in rules");
    let mut by: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut broken, mut unstable, mut shown) = (0, 0, 0);
    let mut all = (Tally::default(), Tally::default());
    for file in args.iter().filter(|a| a.ends_with(".jsonl")) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let row: Row = serde_json::from_str(line).unwrap();
            let out = engine.redact(&row.text).text.into_owned();
            let positive = !row.secrets.is_empty();
            let survived = row.secrets.iter().any(|s| out.contains(s.as_str()));
            let hit = if positive { !survived } else { out != row.text };
            let lost = row.must_keep.iter().any(|k| !out.contains(k.as_str()));
            let is_json = |t: &str| serde_json::from_str::<serde::de::IgnoredAny>(t).is_ok();
            let breaks = is_json(&row.text) && !is_json(&out);
            let again = engine.redact(&out).text != out;
            broken += usize::from(breaks);
            unstable += usize::from(again);
            let side = if positive { "+" } else { "-" };
            let mut keys = vec![format!("{side}{} {}", row.tier, row.category)];
            keys.push(format!("{side}ctx {}", row.context));
            for key in keys {
                let tally = by.entry(key).or_default();
                tally.rows += 1;
                tally.found += usize::from(hit);
                tally.lost += usize::from(lost);
            }
            let tally = if positive { &mut all.0 } else { &mut all.1 };
            tally.rows += 1;
            tally.found += usize::from(hit);
            tally.lost += usize::from(lost);
            if (hit != positive || lost || breaks || again) && shown < show {
                shown += 1;
                let why =
                    [(hit != positive, "WRONG"), (lost, "LOST"), (breaks, "BROKEN"), (again, "UNSTABLE")];
                let why: Vec<&str> = why.iter().filter(|w| w.0).map(|w| w.1).collect();
                println!("{} {}/{}/{}", why.join("+"), row.category, row.format, row.context);
                println!(
                    "   in  {}",
                    row.text.escape_debug().to_string().chars().take(400).collect::<String>()
                );
                println!("   out {}", out.escape_debug().to_string().chars().take(400).collect::<String>());
            }
        }
    }
    for (key, t) in &by {
        let full = if key.starts_with('+') { t.found == t.rows } else { t.found == 0 };
        if !full || t.lost > 0 {
            println!(
                "{key:40} {:5}/{:<5} {:6.2} %  lost {}",
                t.found,
                t.rows,
                100.0 * t.found as f64 / t.rows as f64,
                t.lost
            );
        }
    }
    let percent = |n: usize, of: usize| 100.0 * n as f64 / of.max(1) as f64;
    println!(
        "recall {:.2} % of {}, lost {:.2} %; false alarms {:.2} % of {}; broken JSON {broken}, not idempotent {unstable}",
        percent(all.0.found, all.0.rows),
        all.0.rows,
        percent(all.0.lost, all.0.rows),
        percent(all.1.found, all.1.rows),
        all.1.rows
    );
}
