//! Judges what `yolo` runs: everything but disasters.
//!
//! A line is read as a shell reads it ([`lexer`], [`quoting`]), the simple commands are found wherever they stand
//! ([`commands`]), their words are expanded as far as the line tells ([`fields`]), and each is looked at
//! ([`inspect`], [`disasters`]). Refused are other users' rights, deleting what is not the workspace's, disks, the
//! machine's power and kernel, and processes without end. So is code that a person could not see in the line: a program
//! named by a variable of unknown value, `| sh`, `eval "$x"`. What cannot be read with certainty is refused as well.

mod ansi;
mod commands;
mod disasters;
mod fields;
mod inline;
mod inspect;
mod launch;
mod lexer;
mod quoting;
mod targets;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::fields::Field;
use self::inspect::Inspector;
use super::judge::{check_size, literal_words};
use super::source::BuiltinSource;
use super::{Allowed, Refusal, characters, program, rule};

/// Shells that lines are run by, the best first, and what each is given before the line.
const SHELLS: [(&str, &[&str]); 2] =
    [("/bin/bash", &["bash", "--noprofile", "--norc", "-c"]), ("/bin/sh", &["sh", "-c"])];

/// How a program that runs another takes its options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Wrapper {
    /// Options with a value.
    pub values: String,
    /// Operands before the other program.
    pub skip: usize,
}

/// What is refused in `yolo` too. Names are separated by blanks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disasters {
    /// Programs that give other rights.
    pub privilege: String,
    /// Programs that change the machine.
    pub system: String,
    /// Programs that write to disks.
    pub devices: String,
    /// Shells.
    pub shells: String,
    /// Other interpreters.
    pub interpreters: String,
    /// Programs that run another one.
    pub wrappers: BTreeMap<String, Wrapper>,
}

impl Disasters {
    /// The rule that a program's name breaks.
    pub(crate) fn rule(&self, name: &str) -> Option<&'static str> {
        let lists = |list: &str| list.split_whitespace().any(|known| known == name);
        if lists(&self.privilege) {
            Some(rule::PRIVILEGE)
        } else if lists(&self.system) {
            Some(rule::SYSTEM)
        } else if lists(&self.devices) || name.starts_with("mkfs.") || name.starts_with("fsck.") {
            Some(rule::DEVICE)
        } else {
            None
        }
    }

    /// Whether a program is refused by its name alone.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.rule(&name.to_ascii_lowercase()).is_some()
    }
}

/// Judges a shell line.
///
/// # Errors
/// [`Refusal`] naming the disaster.
pub(crate) fn judge_line(policy: &BuiltinSource, line: &str, workspace: &Path) -> Result<Allowed, Refusal> {
    characters::check_visible(line, "\n\t")?;
    if line.trim().is_empty() {
        return Err(Refusal::new(rule::EMPTY, "there is no command; write a shell line".to_owned()));
    }
    check_size(&[line.to_owned()])?;
    Inspector::new(&policy.disasters, workspace).line(line)?;
    let Some((path, before)) = SHELLS.into_iter().find(|(path, _)| Path::new(path).is_file()) else {
        return Err(Refusal::new(
            rule::NOT_INSTALLED,
            "there is no /bin/bash and no /bin/sh here".to_owned(),
        ));
    };
    let argv = before.iter().map(|word| (*word).to_owned()).chain([line.to_owned()]).collect();
    Ok(Allowed { program: path.into(), argv, environment: BTreeMap::new() })
}

/// Judges words that are run as they are.
///
/// # Errors
/// [`Refusal`] naming the disaster.
pub(crate) fn judge_argv(
    policy: &BuiltinSource,
    argv: &[String],
    search: &[PathBuf],
    workspace: &Path,
) -> Result<Allowed, Refusal> {
    let words = literal_words(argv)?;
    let Some(name) = words.first().map(|word| word.text.as_str()).filter(|name| !name.is_empty()) else {
        return Err(Refusal::new(rule::EMPTY, "there is no command; name a program".to_owned()));
    };
    let fields: Vec<Field> = words.iter().map(|word| Field::literal(&word.text)).collect();
    Inspector::new(&policy.disasters, workspace).command(&fields, &[])?;
    if name.contains('/') {
        let path = workspace.join(name);
        return Ok(Allowed { program: path, argv: argv.to_vec(), environment: BTreeMap::new() });
    }
    let program = program::find(name, search, workspace)?;
    Ok(Allowed { program, argv: argv.to_vec(), environment: BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static POLICY: LazyLock<BuiltinSource> = LazyLock::new(|| crate::policy::builtin_source().unwrap());

    proptest! {
        #[test]
        fn no_line_panics(line in "[a-c \n'\"\\\\$`(){}\\[\\]<>|&;#!*?~=/0-1-]{0,40}") {
            drop(judge_line(&POLICY, &line, Path::new("/w")));
        }

        #[test]
        fn no_text_panics(line in "\\PC{0,40}") {
            drop(judge_line(&POLICY, &line, Path::new("/w")));
        }

        #[test]
        fn words_of_the_language_in_any_order(words in prop::collection::vec(prop::sample::select(vec![
            "if", "then", "fi", "for", "x", "in", "do", "done", "case", "esac", ";;", ")", "(", "{", "}", "[[", "]]", "<<E",
            "\nE\n", "$(", "${x", "$((", "))", "`", "'", "\"", "|", "&", ";", "\n", "f()", "while", "true", "rm", "-rf", "/",
        ]), 0..14)) {
            drop(judge_line(&POLICY, &words.join(" "), Path::new("/w")));
        }
    }
}
