//! The measures that the engine has to meet, on a generated corpus.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;

use std::collections::BTreeMap;

use bridge_redact::Engine;
use corpus::Case;

struct Measured {
    recall: f64,
    worst: (String, f64),
    false_alarms: f64,
    lost: f64,
    disguised: f64,
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn measure(cases: &[Case]) -> Measured {
    let engine = Engine::builtin().unwrap();
    let mut categories: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut alarms, mut negatives, mut lost, mut disguised, mut disguises) = (0, 0, 0, 0, 0);
    for case in cases {
        let out = engine.redact(&case.text).text.into_owned();
        assert_eq!(engine.redact(&out).text, out, "not idempotent: {}", case.text);
        assert!(!is_json(&case.text) || is_json(&out), "broken JSON: {} -> {out}", case.text);
        if case.secrets.is_empty() {
            negatives += 1;
            alarms += usize::from(out != case.text);
            continue;
        }
        let found = !case.secrets.iter().any(|secret| out.contains(secret.as_str()));
        if case.tier == "disguise" {
            disguises += 1;
            disguised += usize::from(found);
            continue;
        }
        lost += usize::from(case.must_keep.iter().any(|keep| !out.contains(keep.as_str())));
        let tally = categories.entry(&case.category).or_default();
        tally.0 += usize::from(found);
        tally.1 += 1;
    }
    let (found, positives) = categories.values().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
    let rates = categories.iter().map(|(name, c)| ((*name).to_owned(), percent(c.0, c.1)));
    let worst = rates.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    Measured {
        recall: percent(found, positives),
        worst,
        false_alarms: percent(alarms, negatives),
        lost: percent(lost, positives),
        disguised: percent(disguised, disguises),
    }
}

#[test]
fn the_corpus_meets_the_measures() {
    let cases = corpus::corpus(2_026, 12);
    assert!(cases.len() > 7_000, "{}", cases.len());
    let m = measure(&cases);
    assert!(m.recall >= 99.0, "recall {:.2} %", m.recall);
    assert!(m.worst.1 >= 95.0, "{} only {:.2} %", m.worst.0, m.worst.1);
    assert!(m.false_alarms <= 0.5, "false alarms {:.2} %", m.false_alarms);
    assert!(m.lost <= 0.5, "other text lost {:.2} %", m.lost);
    assert!(m.disguised >= 90.0, "disguised {:.2} %", m.disguised);
}
