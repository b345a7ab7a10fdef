//! Rules as they stand in a file.

use std::collections::HashSet;

use serde::Deserialize;
use toml::Spanned;

use crate::detect::Detector;
use crate::kv::NameKind;

/// One `[[rule]]` of a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSpec {
    /// Short and unique.
    pub id: String,
    /// What stands where the secret stood.
    pub placeholder: String,
    /// Literals, one of which every match begins with.
    #[serde(default)]
    pub anchors: Vec<String>,
    /// Shape of what stands before the anchor and belongs to the secret.
    pub before: Option<BeforeSpec>,
    /// Shape of what follows the anchor and stays in the text.
    pub keep: Option<String>,
    /// Shape of what follows the anchor.
    pub shape: Option<String>,
    /// Regex over anchor and what follows.
    pub regex: Option<String>,
    /// The regex' group that is the secret.
    #[serde(default)]
    pub group: usize,
    /// Names of this kind mean a secret value.
    pub name: Option<NameKind>,
    /// Whether the rule has no anchor and is tried where long runs of token characters begin.
    #[serde(default)]
    pub run: bool,
    /// Built-in code that finds the secret.
    pub detector: Option<Detector>,
    /// Whether the anchor matches in any case.
    #[serde(default)]
    pub fold: bool,
    /// Whether the anchor stays in the text.
    #[serde(default)]
    pub keep_anchor: bool,
    /// Whether letters and digits may stand right before.
    #[serde(default)]
    pub inside: bool,
    /// Least number of different bytes.
    pub distinct: Option<usize>,
    /// Least entropy in bits per byte.
    pub entropy: Option<f32>,
    /// Least number of digits.
    #[serde(default)]
    pub digits: usize,
    /// Matches that contain one of these are no secrets.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Which rule names the placeholder where several overlap: the higher.
    pub rank: Option<u8>,
    /// Texts that this rule must change.
    #[serde(default)]
    pub examples: Vec<String>,
    /// Texts that this rule must leave alone.
    #[serde(default)]
    pub counter_examples: Vec<String>,
}

/// What stands before an anchor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeforeSpec {
    /// A byte class, written as a shape of one byte.
    pub class: String,
    /// Least bytes.
    pub min: usize,
    /// Most bytes.
    pub max: usize,
}

/// A rule file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    /// Rules with their places.
    #[serde(default)]
    pub rule: Vec<Spanned<RuleSpec>>,
    /// What a user's allow list names.
    #[serde(default)]
    pub allow: Vec<Spanned<AllowSpec>>,
    /// Word lists.
    pub words: Option<Words>,
}

/// Word lists of the key/value judge; built-in only.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Words that may follow the deciding one: `DB_PASSWORD_PROD`.
    pub trailing: HashSet<String>,
    /// Words before `key` that make it a secret.
    pub telling: HashSet<String>,
    /// Words before `key` that make it harmless.
    pub harmless: HashSet<String>,
    /// Words that are written together with `pass` or `key`.
    pub glued: HashSet<String>,
    /// Parts of the names of cookies that open a session.
    pub cookies: Vec<String>,
}

/// One `[[allow]]` of a user's file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowSpec {
    /// The exact text that may stay.
    pub value: String,
    /// Why, for the people who read the file.
    #[serde(default, rename = "reason")]
    pub _reason: String,
}
