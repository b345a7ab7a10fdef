//! What can be wrong with a rule file.

use std::path::PathBuf;

/// A rule file that cannot be used, and where.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {}{problem}", origin.display(), in_rule(rule.as_deref()))]
pub struct RuleError {
    /// The file as the user knows it.
    pub origin: PathBuf,
    /// The line of the rule, from 1.
    pub line: usize,
    /// The rule's id, when it has one.
    pub rule: Option<String>,
    /// What is wrong and what would be right.
    pub problem: Problem,
}

fn in_rule(rule: Option<&str>) -> String {
    rule.map(|id| format!("rule `{id}`: ")).unwrap_or_default()
}

/// What is wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is not TOML or has unknown keys.
    #[error("{0}")]
    Syntax(String),
    /// Two rules share an id.
    #[error("the id is already taken; choose another")]
    DuplicateId,
    /// An id must be short and plain.
    #[error("an id is 2 to 64 of a-z, 0-9 and -")]
    BadId,
    /// A placeholder that redaction could not recognise again.
    #[error("a placeholder is upper-case letters, digits and _ and ends in _REDACTED")]
    BadPlaceholder,
    /// Without an anchor a rule would run over the whole text.
    #[error(
        "no anchor: give `anchors` (3 bytes or more), or begin the regex with as many literal characters"
    )]
    NoAnchor,
    /// An anchor so short that it would match everywhere.
    #[error("anchor `{0}` is too short: 3 bytes or more")]
    ShortAnchor(String),
    /// The shape cannot be read.
    #[error("shape: {0}")]
    Shape(#[from] crate::shape::ShapeError),
    /// The regex cannot be compiled, or not within its limits.
    #[error("regex: {0}")]
    Regex(Box<regex::Error>),
    /// A regex that matches nothing at all would redact nothing everywhere.
    #[error("the regex matches the empty text")]
    EmptyMatch,
    /// The wanted group is not in the regex.
    #[error("the regex has no group {0}")]
    NoGroup(usize),
    /// Exactly one way to match is needed.
    #[error("give exactly one of `shape`, `regex`, `name` and `detector`")]
    OneMatcher,
    /// A user rule cannot run the built-in code.
    #[error("`{0}` is for built-in rules only")]
    Reserved(&'static str),
    /// User rules prove what they do.
    #[error("give at least one entry in each of `examples` and `counter_examples`")]
    NoExamples,
    /// An example is not redacted.
    #[error("example {0} is not found by this rule")]
    ExampleMissed(usize),
    /// A counter-example is redacted.
    #[error("counter-example {0} is found by this rule")]
    CounterExampleFound(usize),
    /// An allowed value so short that it would let secrets through.
    #[error("an allowed value has 6 bytes or more")]
    ShortAllowed,
    /// The automaton over all anchors cannot be built.
    #[error("anchors: {0}")]
    Anchors(String),
}
