//! Code of other languages in a line: looked through for the disasters that are written plainly.
//!
//! This reads no language. It takes the strings out of the code and judges them as lines and paths where the code names a
//! function that would run or delete them. Who hides more than that is stopped by the sandbox.

use super::fields::Field;
use super::inspect::Inspector;
use crate::policy::{Refusal, rule};

/// Names of functions that run a command.
const RUNNERS: [&str; 9] =
    ["system", "popen", "Popen", "subprocess", "exec", "spawn", "child_process", "Open3", "qx"];
/// Names of functions that delete.
const DELETERS: [&str; 16] = [
    "rmtree",
    "removedirs",
    "rmdir",
    "unlink",
    "remove_tree",
    "rm_rf",
    "rm_r",
    "rmSync",
    "rmdirSync",
    "unlinkSync",
    "fs.rm",
    "os.remove",
    "shutil.move",
    "FileUtils.rm",
    "remove_entry",
    "rimraf",
];
/// Words that loops begin with.
const LOOPS: [&str; 5] = ["while", "for", "until", "loop", "forever"];

/// Refuses disasters in code.
///
/// # Errors
/// [`Refusal`] naming the disaster.
pub(crate) fn check(inspector: &Inspector<'_>, code: &str, is_awk: bool) -> Result<(), Refusal> {
    let literals = strings(code);
    for literal in &literals {
        inspector.check_device(literal, false, false)?;
    }
    let words: Vec<&str> = code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    if words.iter().any(|word| word.ends_with("fork")) && words.iter().any(|word| LOOPS.contains(word)) {
        let reason = "the code forks in a loop: it would start processes without end".to_owned();
        return Err(Refusal::new(rule::FORK_BOMB, reason));
    }
    if is_awk || code.contains('`') || RUNNERS.iter().any(|runner| code.contains(runner)) {
        words.iter().try_for_each(|word| privileged(inspector, word))?;
        let mut lines = literals.clone();
        lines.push(literals.join(" "));
        lines.iter().try_for_each(|line| certain(inspector.line(line)))?;
        // Without quotes: `system rm -rf /`, `qw(rm -rf /)`.
        let bare = code.split(['(', ')', '{', '}', ';', '[', ']']);
        bare.into_iter().try_for_each(|part| certain(inspector.line(&part.replace("system", ""))))?;
    }
    if DELETERS.iter().any(|deleter| code.contains(deleter)) {
        for literal in literals.iter().filter(|literal| literal.starts_with(['/', '~'])) {
            let path = literal
                .strip_prefix('~')
                .map_or(literal.clone(), |rest| format!("{}{rest}", super::fields::HOME));
            inspector.check_target(&Field { text: path, active: true, process: false }, true)?;
        }
        if ["Path.home", "homedir", "Dir.home", "os.sep", "path.sep"].iter().any(|home| code.contains(home)) {
            let reason =
                "the code deletes something of the home directory or the root; name the workspace's files"
                    .to_owned();
            return Err(Refusal::new(rule::DESTRUCTION, reason));
        }
    }
    Ok(())
}

fn privileged(inspector: &Inspector<'_>, word: &str) -> Result<(), Refusal> {
    let found = inspector.check_name(word);
    if found.as_ref().is_err_and(|refusal| refusal.rule == rule::PRIVILEGE) { found } else { Ok(()) }
}

/// Strings in code are not all lines: only a disaster counts, not that one is not understood.
fn certain(judged: Result<(), Refusal>) -> Result<(), Refusal> {
    match judged {
        Err(refusal) if [rule::SHELL_SYNTAX, rule::UNSEEN_CODE].contains(&refusal.rule) => Ok(()),
        judged => judged,
    }
}

/// What stands between quotes.
fn strings(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(char, String)> = None;
    let mut escaped = false;
    for c in code.chars() {
        match &mut open {
            _ if escaped => {
                escaped = false;
                if let Some((_, text)) = &mut open {
                    text.push(c);
                }
            }
            Some((quote, text)) if *quote == c => {
                found.push(std::mem::take(text));
                open = None;
            }
            _ if c == '\\' => escaped = true,
            Some((_, text)) => text.push(c),
            None if "'\"`".contains(c) => open = Some((c, String::new())),
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_in_any_quotes() {
        assert_eq!(strings(r#"a('b', "c\"d") + `e f`"#), ["b", "c\"d", "e f"]);
    }
}
