//! Rules of users prove what they do, when they are loaded.

use std::path::Path;
use std::sync::Arc;

use crate::engine::Engine;
use crate::error::{Problem, RuleError};
use crate::rules::RuleSet;
use crate::scan::Scan;
use crate::spec::RuleSpec;

/// A user's rule that passed its own examples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRule {
    /// Its id.
    pub id: Arc<str>,
    /// What it puts in a secret's place.
    pub placeholder: Arc<str>,
    /// The line it stands on.
    pub line: usize,
    /// Examples it found.
    pub examples: usize,
    /// Counter-examples it left alone.
    pub counter_examples: usize,
}

impl Engine {
    /// Loads a user's rules as [`Engine::with_user_rules`] would and lists them.
    pub fn check_user_rules(toml: &str, origin: &Path) -> Result<Vec<CheckedRule>, RuleError> {
        Engine::load(toml, origin).map(|(_, checked)| checked)
    }
}

/// Runs the examples of `specs`, which are the last rules of `set`.
pub(crate) fn prove(
    set: &RuleSet,
    specs: &[(RuleSpec, usize)],
    origin: &Path,
) -> Result<Vec<CheckedRule>, RuleError> {
    let first = set.rules.len() - specs.len();
    specs
        .iter()
        .enumerate()
        .map(|(index, (spec, line))| {
            let rule = &set.rules[first + index];
            let wrong = |problem| RuleError {
                origin: origin.to_owned(),
                line: *line,
                rule: Some(spec.id.clone()),
                problem,
            };
            let finds = |text: &str| {
                Scan::run(set, text).found.iter().any(|found| usize::from(found.rule) == first + index)
            };
            if let Some(missed) = spec.examples.iter().position(|text| !finds(text)) {
                return Err(wrong(Problem::ExampleMissed(missed + 1)));
            }
            if let Some(found) = spec.counter_examples.iter().position(|text| finds(text)) {
                return Err(wrong(Problem::CounterExampleFound(found + 1)));
            }
            Ok(CheckedRule {
                id: rule.id.clone(),
                placeholder: rule.placeholder.clone(),
                line: *line,
                examples: spec.examples.len(),
                counter_examples: spec.counter_examples.len(),
            })
        })
        .collect()
}
