//! Judges the commands of the modes that have no shell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::place::Place;
use super::words::Word;
use super::{Allowed, Effective, Refusal, characters, options, program, rule};
use crate::mode::Mode;

/// Words of a command after patterns are expanded.
pub(crate) const MAX_WORDS: usize = 4096;
/// Bytes of all of them together.
pub(crate) const MAX_BYTES: usize = 128 * 1024;

/// Judges words.
///
/// # Errors
/// [`Refusal`] saying what is not allowed.
pub(crate) fn judge(
    policy: &Effective,
    toolchains: &[PathBuf],
    mode: Mode,
    words: &[Word],
    workspace: &Path,
) -> Result<Allowed, Refusal> {
    let Some((first, rest)) = words.split_first() else {
        return Err(Refusal::new(rule::EMPTY, "there is no command; name a program".to_owned()));
    };
    let name = first.text.as_str();
    check_name(policy, name)?;
    let Some(spec) = policy.programs.get(name) else {
        let known: Vec<&str> = policy.programs_of(mode).collect();
        let reason = format!("{name} is not a program of mode {mode}; there are {}", known.join(" "));
        return Err(Refusal::new(rule::UNKNOWN_PROGRAM, reason));
    };
    if spec.mode > mode {
        let reason =
            format!("{name} is allowed in mode {} only; propose the command in that mode", spec.mode);
        return Err(Refusal::new(rule::MODE, reason));
    }
    let place = Place { workspace: workspace.to_owned(), paths: &policy.source.paths };
    let checked = options::check(spec, name, rest, mode, &place)?;
    let mut argv = vec![name.to_owned()];
    argv.extend(checked.arguments);
    check_size(&argv)?;
    let search = program::search_path(toolchains, spec.mode > Mode::Safe);
    let program = program::find(name, &search, workspace)?;
    Ok(Allowed { program, argv, environment: checked.environment.into_iter().collect::<BTreeMap<_, _>>() })
}

fn check_name(policy: &Effective, name: &str) -> Result<(), Refusal> {
    characters::check_ascii(name, "the program")?;
    if name.contains('=') {
        let reason =
            format!("{name:?} would set a variable; variables cannot be set in this mode: leave it out");
        return Err(Refusal::new(rule::UNKNOWN_PROGRAM, reason));
    }
    if name.contains('/') {
        let reason = format!(
            "{name:?} is a path; programs are named without one: scripts run as `python3 FILE` or `node FILE`"
        );
        return Err(Refusal::new(rule::UNKNOWN_PROGRAM, reason));
    }
    match policy.refused(name) {
        Some(reason) => {
            Err(Refusal::new(rule::FORBIDDEN_PROGRAM, format!("{name} is never run in this mode: {reason}")))
        }
        None => Ok(()),
    }
}

/// Refuses too much of a command.
///
/// # Errors
/// [`Refusal`] naming the limit.
pub(crate) fn check_size(argv: &[String]) -> Result<(), Refusal> {
    let bytes: usize = argv.iter().map(String::len).sum();
    if argv.len() > MAX_WORDS || bytes > MAX_BYTES {
        let reason = format!(
            "the command has {} words and {bytes} bytes; at most {MAX_WORDS} words and {MAX_BYTES} bytes run: name a directory instead",
            argv.len()
        );
        return Err(Refusal::new(rule::SIZE, reason));
    }
    Ok(())
}

/// Checks words that were given as such.
///
/// # Errors
/// [`Refusal`] for characters a person cannot see.
pub(crate) fn literal_words(argv: &[String]) -> Result<Vec<Word>, Refusal> {
    check_size(argv)?;
    argv.iter().try_for_each(|word| characters::check_visible(word, "\n\t"))?;
    Ok(argv.iter().map(|word| Word::literal(word)).collect())
}
