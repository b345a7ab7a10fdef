//! Commands of every day: they run, and do what they do.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::stage::Stage;
use super::stages::Borrowed;
use super::tally::Tally;

/// A command; a bare line where its exit code is 0 and its output does not matter.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a line, or a table with `run`")]
enum Entry {
    Line(String),
    Command(Everyday),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Everyday {
    run: String,
    /// What its standard output has.
    #[serde(default)]
    out: String,
    /// What its standard error has.
    #[serde(default)]
    err: String,
    #[serde(default)]
    exit: i32,
    /// A file that is there afterwards.
    #[serde(default)]
    makes: Option<String>,
    /// One that is not.
    #[serde(default)]
    removes: Option<String>,
    /// A program that not every machine has.
    #[serde(default)]
    needs: Option<String>,
    /// What Landlock cannot give it; there it must fail, so that this is taken away when it can.
    #[serde(default)]
    not_in_landlock: Option<String>,
    #[serde(default = "timeout")]
    timeout_ms: u64,
}

fn timeout() -> u64 {
    60_000
}

#[derive(Deserialize)]
struct List {
    commands: Vec<Entry>,
}

impl Entry {
    fn command(self) -> Everyday {
        match self {
            Self::Command(command) => command,
            Self::Line(run) => Everyday {
                run,
                out: String::new(),
                err: String::new(),
                exit: 0,
                makes: None,
                removes: None,
                needs: None,
                not_in_landlock: None,
                timeout_ms: timeout(),
            },
        }
    }
}

/// Runs a list in the mode that it is named after.
pub(crate) fn run(borrowed: &Borrowed<'_>, list: &Path, tally: &Tally) -> Vec<String> {
    let mode = list.file_stem().unwrap().to_str().unwrap();
    let text = fs::read_to_string(list).unwrap();
    let List { commands } =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", list.display()));
    let mut failures = Vec::new();
    for command in commands.into_iter().map(Entry::command) {
        let mut stage = borrowed.stage();
        if let Some(program) = command.needs.as_deref().filter(|program| !stage.has_program(program)) {
            println!("NOT TRIED HERE: {}: {mode}: {:?} needs {program}", stage.place, command.run);
            tally.count(stage.place, kind(mode), "not tried");
            continue;
        }
        let wrong = attempt(&mut stage, mode, &command);
        if let Some(lack) = command.not_in_landlock.as_deref().filter(|_| stage.place.tier == "landlock") {
            tally.count(stage.place, kind(mode), "impossible");
            if wrong.is_empty() {
                failures.push(format!("{mode}: {:?} works, and is said to lack {lack}", command.run));
            }
            continue;
        }
        tally.count(stage.place, kind(mode), if wrong.is_empty() { "done" } else { "failed" });
        if !wrong.is_empty() {
            failures.push(format!("{mode}: {:?}\n    {}", command.run, wrong.join("\n    ")));
        }
    }
    failures
}

fn kind(mode: &str) -> &'static str {
    match mode {
        "safe" => "everyday commands of safe",
        "restricted" => "everyday commands of restricted",
        _ => "everyday commands of yolo",
    }
}

fn attempt(stage: &mut Stage, mode: &str, command: &Everyday) -> Vec<String> {
    let line = stage.fill(&command.run);
    let (told, mut wrong) = stage.run(mode, &line, command.timeout_ms);
    let answer = match told {
        Ok(told) => told.answer,
        Err(words) => {
            wrong.push(words);
            return wrong;
        }
    };
    if !answer.ran() {
        wrong.push(format!("it was blocked: {}", answer.reason.unwrap_or_default()));
        return wrong;
    }
    let there = |name: &String| stage.workspace().join(name).symlink_metadata().is_ok();
    let (out, err) = (stage.fill(&command.out), stage.fill(&command.err));
    for (fits, what) in [
        (answer.exit_code == Some(command.exit), "another exit code was expected"),
        (answer.stdout.contains(&out), "its standard output lacks what was expected"),
        (answer.stderr.contains(&err), "its standard error lacks what was expected"),
        (command.makes.as_ref().is_none_or(there), "it did not make what it was to make"),
        (!command.removes.as_ref().is_some_and(there), "it did not remove what it was to remove"),
    ] {
        if !fits {
            wrong.push(format!("{what}: {:?} {:?} {:?}", answer.exit_code, answer.stdout, answer.stderr));
        }
    }
    wrong
}
