//! The policy as it is written: `policy.toml` and the user's file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::place::Paths;
use super::shell::Disasters;
use crate::mode::Mode;

/// How a program reads its options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Style {
    /// `-abc`, `-n5`, `--long`, `--long=value`, as `getopt_long` does, without its abbreviations.
    #[default]
    Getopt,
    /// Every option is one whole word (`-name`), its value the next or behind `=`.
    Whole,
}

/// A program or subcommand.
///
/// An option list is words of the form `-a`, `-n=KIND`, `-n[=KIND]`, `--long`, `--long=KIND`, `--long[=KIND]`, `-NUM`
/// (a number as an option) and `@set` (a named list); a list of operands is words of the form `KIND`, `KIND?`, `KIND+`
/// and `KIND*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CommandSource {
    /// The first mode that has it; a subcommand has its program's unless it says so.
    pub mode: Option<Mode>,
    pub style: Style,
    /// Options of every mode that has the program.
    pub options: String,
    /// Further options from `restricted` on.
    pub restricted: String,
    /// Options that are dangerous, and what they do. Final.
    pub never: BTreeMap<String, String>,
    pub operands: String,
    /// Operands behind `--`, where they are of another kind.
    pub after: String,
    /// Options that take the place of the first operand.
    pub unless: String,
    /// Options that make it write to what it else only reads.
    pub writes_with: String,
    /// Options of which one is needed.
    pub needs: String,
    /// Why, and what to do.
    pub needs_reason: String,
    /// Options end at the first operand.
    pub stop: bool,
    /// A first word without a dash is options, as in `tar xf`.
    pub bundled: bool,
    /// The option whose value names the subcommand, as in `python -m`.
    pub switch: Option<String>,
    /// Another program that this subcommand is the same as.
    pub like: Option<String>,
    /// Arguments put before the user's, which take effect first or switch something off for good.
    pub prefix: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub sub: BTreeMap<String, CommandSource>,
}

/// Programs that the lower modes never run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefusedSource {
    /// Their names, separated by blanks.
    pub programs: String,
    /// Why, and what to use instead.
    pub reason: String,
}

/// The built-in policy file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BuiltinSource {
    pub paths: Paths,
    /// Named lists of options.
    pub sets: BTreeMap<String, String>,
    pub refused: Vec<RefusedSource>,
    pub disasters: Disasters,
    pub program: BTreeMap<String, CommandSource>,
}

/// Options a user adds to a program that is there already.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ExtendSource {
    pub options: String,
    pub restricted: String,
}

/// A user's policy file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UserSource {
    pub program: BTreeMap<String, toml::Spanned<CommandSource>>,
    /// By the program's name, a subcommand's behind it: `"git log"`.
    pub extend: BTreeMap<String, toml::Spanned<ExtendSource>>,
    pub paths: UserPaths,
}

/// Paths a user adds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UserPaths {
    pub protected: Vec<String>,
    pub readable: Vec<toml::Spanned<PathBuf>>,
}
