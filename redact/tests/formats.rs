//! Every format and every rule, one by one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;

use std::collections::BTreeSet;

use bridge_redact::Engine;
use corpus::{Rng, contexts, formats};

fn engine() -> Engine {
    Engine::builtin().unwrap()
}

#[test]
fn every_format_is_found_in_every_context() {
    let engine = engine();
    let mut rng = Rng::new(11);
    let mut missed = Vec::new();
    let mut total = 0;
    for format in formats() {
        for case in contexts::all(&format, &mut rng) {
            total += 1;
            let out = engine.redact(&case.text).text;
            if case.secrets.iter().any(|secret| out.contains(secret.as_str())) {
                missed.push(format!("{} in {}: {}", case.format, case.context, case.text));
            }
        }
    }
    assert!(total > 20_000, "{total}");
    assert!(missed.len() * 200 < total, "{} of {total} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_bare_token_is_named_by_its_own_rule() {
    let engine = engine();
    let mut rng = Rng::new(12);
    let mut wrong = Vec::new();
    for format in formats() {
        let Some(rule) = &format.rule else { continue };
        // Values are random, and one in many is too uniform to be told from a mask.
        let named = (0..5).filter(|_| {
            let value = format.value(&mut rng);
            let text = format!("see {value} there");
            let redacted = engine.redact(&text);
            redacted.hits.len() == 1 && *redacted.hits[0].rule == **rule && !redacted.text.contains(&value)
        });
        if named.count() < 4 {
            wrong.push(format!("{} is not named by {rule}", format.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_with_a_shape_has_a_format() {
    let tried: BTreeSet<String> = formats().into_iter().filter_map(|format| format.rule).collect();
    let rules = engine().rule_ids().into_iter().filter(|(_, by_shape)| *by_shape).map(|(id, _)| id);
    let untried: Vec<String> = rules.filter(|id| !tried.contains(id)).collect();
    assert!(untried.is_empty(), "{untried:?}");
}

/// What documentation puts in a token's place.
#[test]
fn masked_tokens_stay() {
    let engine = engine();
    let mut rng = Rng::new(13);
    for format in formats().iter().filter(|format| format.is_bare()) {
        let template = &format.template;
        if template.contains("://") || !template.contains(":4") && template.matches('{').count() > 3 {
            continue;
        }
        let prefix = template.split('{').next().unwrap_or_default();
        if prefix.len() < 3 || prefix.contains("eyJ") || prefix.len() > 14 {
            continue;
        }
        let value = format.value(&mut rng);
        for masked in [
            format!("{prefix}{}", "x".repeat(value.len() - prefix.len())),
            format!("{prefix}..."),
            format!("{prefix}<your-token>"),
            format!("{prefix}{}", "*".repeat(12)),
            prefix.to_owned(),
        ] {
            let text = format!("use {masked} here");
            assert_eq!(engine.redact(&text).text, text, "{}", format.id);
        }
    }
}
