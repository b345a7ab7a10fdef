//! Which commands each mode allows.
//!
//! The policy is the first barrier; the sandbox holds when it is wrong. It is data: `policy.toml` lists every program,
//! subcommand, option and kind of operand there is, and what is not on the list is refused. `docs/commands.md` shows
//! the same to users.
//!
//! # `safe` and `restricted`
//!
//! A command is words, from a line (`words`) or given as such. No shell reads them.
//!
//! * The program is a bare name of the list, found in the system's directories or a toolchain's (`program`).
//! * Options are those of the list, exactly: no abbreviations, no unknown letters in a cluster (`options`).
//! * Paths are followed through symbolic links and stay in the workspace or on a short list of the system's; what is
//!   written stays in the workspace and off the files that configure agents and Git (`place`).
//! * **Patterns** (`*`, `?`, `[…]` outside quotes) are expanded here, and only where a path is expected. Where a program
//!   takes a pattern itself, as in `find . -name *.py` or `grep fo* file`, the word is passed as it is, which is what
//!   its writer means. Words that were given as such are never expanded.
//! * **No pipelines, lists, redirections or substitutions.** Each would need a shell, or a second one of our own, and
//!   what a person approves is one program with its arguments. Most pipelines only shorten output, which is cut
//!   anyway; the refusal says to run the commands one by one. `yolo` has them.
//!
//! # `yolo`
//!
//! A line is run by a shell, words are run as they are, and every program is allowed. Refused are the disasters
//! (`shell`): what nobody wants even in a sandbox, in any spelling, and what keeps a person from seeing it.

mod characters;
mod glob;
mod judge;
mod kind;
mod options;
mod place;
mod program;
mod reference;
mod rule;
mod sed;
mod shell;
mod source;
mod table;
mod user;
mod value;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use self::source::BuiltinSource;
use self::table::{Library, Spec};
use crate::mode::Mode;

pub use self::rule::RULES;

const BUILTIN: &str = include_str!("../../policy.toml");

/// What an agent proposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// One line: words in the lower modes, a shell line in `yolo`.
    Line(String),
    /// Words, taken as they are.
    Argv(Vec<String>),
}

/// What the policy makes of a command it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The program, by its full path.
    pub program: PathBuf,
    /// Its arguments, the name it is called by first.
    pub argv: Vec<String>,
    /// Variables that it needs on top of those that every command gets.
    pub environment: BTreeMap<String, String>,
}

/// Why a command is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Stable word for programs and the audit trail, one of [`RULES`].
    pub rule: &'static str,
    /// For the agent: what is not allowed, and what would be.
    pub reason: String,
}

impl Refusal {
    pub(crate) const fn new(rule: &'static str, reason: String) -> Self {
        Self { rule, reason }
    }
}

/// A policy file that is not valid.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

/// The policy after everything was read.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub source: BuiltinSource,
    pub programs: BTreeMap<String, Spec>,
}

impl Effective {
    fn compile(source: BuiltinSource) -> Result<Self, PolicyError> {
        let library = Library { sets: &source.sets, programs: &source.program };
        let mut programs = BTreeMap::new();
        for (names, command) in &source.program {
            let spec =
                library.compile(command, None).map_err(|what| PolicyError(format!("{names}: {what}")))?;
            for name in names.split_whitespace() {
                if programs.insert(name.to_owned(), spec.clone()).is_some() {
                    return Err(PolicyError(format!("the program {name} is there twice")));
                }
            }
        }
        Ok(Self { source, programs })
    }

    /// Why the lower modes never run a program; its name may carry a version (`perl5.36`).
    pub(crate) fn refused(&self, name: &str) -> Option<&str> {
        let plain =
            name.trim_end_matches(|c: char| c.is_ascii_digit() || "._-".contains(c)).to_ascii_lowercase();
        let is = |known: &str| known == name || known == plain;
        let listed = self.source.refused.iter().find(|refused| refused.programs.split_whitespace().any(is));
        listed.map(|refused| refused.reason.as_str())
    }

    /// The programs of a mode.
    pub(crate) fn programs_of(&self, mode: Mode) -> impl Iterator<Item = &str> {
        self.programs.iter().filter(move |(_, spec)| spec.mode <= mode).map(|(name, _)| name.as_str())
    }
}

/// Which commands each mode allows: the built-in policy and what the user added.
#[derive(Debug, Clone)]
pub struct Policy {
    effective: Effective,
    toolchains: Vec<PathBuf>,
}

impl Policy {
    /// The policy in this binary.
    ///
    /// # Errors
    /// [`PolicyError`] if it is not valid, which a test excludes.
    pub fn builtin() -> Result<Self, PolicyError> {
        Self::from_source(builtin_source()?)
    }

    /// The built-in policy and a user's additions (text of a TOML file). They can add programs and options, and cannot
    /// take a disaster off the list or allow what is refused by name.
    ///
    /// # Errors
    /// [`PolicyError`] naming the line.
    pub fn with_user(text: &str, path: &Path) -> Result<Self, PolicyError> {
        Self::from_source(user::merge(builtin_source()?, text, path)?)
    }

    fn from_source(source: BuiltinSource) -> Result<Self, PolicyError> {
        Ok(Self { effective: Effective::compile(source)?, toolchains: Vec::new() })
    }

    /// Lets programs be found in these directories too, and in their `bin`: before the system's directories for
    /// developers' programs, behind them for the programs of `safe`.
    #[must_use]
    pub fn with_toolchains(mut self, directories: Vec<PathBuf>) -> Self {
        self.toolchains = directories;
        self
    }

    /// The programs of a mode, in order. `yolo` has every program, so it names none of its own.
    pub fn programs(&self, mode: Mode) -> impl Iterator<Item = &str> {
        self.effective.programs_of(mode)
    }

    /// What the lower modes allow, as a list in Markdown: one line for each program and subcommand, with its options
    /// and operands.
    #[must_use]
    pub fn reference(&self) -> String {
        reference::render(&self.effective.programs)
    }

    /// SHA-256 of everything that decides: two policies with the same fingerprint judge the same.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(b"bridged policy 1\n");
        // Its maps are sorted and its keys are strings, so it is written, and always the same way.
        let toolchains: Vec<_> = self.toolchains.iter().map(|path| path.to_string_lossy()).collect();
        digest.update(serde_json::to_vec(&(&self.effective.source, toolchains)).unwrap_or_default());
        digest.finalize().into()
    }

    /// Judges a command. Looks at the file system only to expand patterns, to follow links and to find the program.
    ///
    /// # Errors
    /// [`Refusal`] saying what is not allowed.
    pub fn judge(&self, mode: Mode, command: &Command, workspace: &Path) -> Result<Allowed, Refusal> {
        let workspace = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
        match (mode, command) {
            (Mode::Yolo, Command::Line(line)) => shell::judge_line(&self.effective.source, line, &workspace),
            (Mode::Yolo, Command::Argv(argv)) => {
                let search = program::search_path(&self.toolchains, true);
                shell::judge_argv(&self.effective.source, argv, &search, &workspace)
            }
            (_, Command::Line(line)) => {
                judge::judge(&self.effective, &self.toolchains, mode, &words::split(line)?, &workspace)
            }
            (_, Command::Argv(argv)) => {
                let words = judge::literal_words(argv)?;
                judge::judge(&self.effective, &self.toolchains, mode, &words, &workspace)
            }
        }
    }
}

fn builtin_source() -> Result<BuiltinSource, PolicyError> {
    toml::from_str(BUILTIN).map_err(|error| PolicyError(format!("policy.toml: {error}")))
}
