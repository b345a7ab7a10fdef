//! Attacks, and what is wrong when one gets anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::canaries::is_obeyed;
use super::executor::{Answer, Told};
use super::leftovers;
use super::stage::Stage;
use super::stages::Borrowed;
use super::tally::Tally;

/// Beyond a command's own time: the snapshot, the end of what is left, a busy machine.
const LATE: Duration = Duration::from_secs(15);
/// KiB that the executor itself may have, in a build that is not optimised.
const MEMORY: u64 = 256 << 10;
/// Characters of an answer's outputs: a message has 50,000.
const CHARACTERS: usize = 50_000;
/// Processes and threads that others on the machine may start meanwhile.
const OTHERS: u64 = 400;

/// An attack; a bare line where nothing is to be said about it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a line, or a table with `run`")]
enum Entry {
    Line(String),
    Attack(Attack),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    run: String,
    /// Whether the policy has to refuse it, because there is nothing to see that it would do.
    #[serde(default)]
    blocked: bool,
    /// Whether it has to run: it is about what comes out.
    #[serde(default)]
    runs: bool,
    /// What its output must not have.
    #[serde(default)]
    lacks: Vec<String>,
    /// What its output must have.
    #[serde(default)]
    has: Vec<String>,
    #[serde(default = "timeout")]
    timeout_ms: u64,
}

fn timeout() -> u64 {
    5_000
}

impl Entry {
    fn attack(self) -> Attack {
        match self {
            Self::Attack(attack) => attack,
            Self::Line(run) => Attack {
                run,
                blocked: false,
                runs: false,
                lacks: Vec::new(),
                has: Vec::new(),
                timeout_ms: timeout(),
            },
        }
    }
}

/// Runs a list: of each mode, or of several.
pub(crate) fn run(borrowed: &Borrowed<'_>, list: &Path, tally: &Tally) -> Vec<String> {
    let text = fs::read_to_string(list).unwrap();
    let lists: BTreeMap<String, Vec<Entry>> =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", list.display()));
    let mut failures = Vec::new();
    for (modes, entries) in lists {
        for attack in entries.into_iter().map(Entry::attack) {
            for mode in modes.split(' ').filter(|mode| borrowed.stage().place.tries(mode)) {
                let place = borrowed.stage().place;
                if tally.was_refused(mode, &attack.run) {
                    tally.count(place, "attacks", "blocked elsewhere");
                    continue;
                }
                let (outcome, wrong) = attempt(&mut borrowed.stage(), mode, &attack);
                tally.count(place, "attacks", outcome);
                if outcome == "blocked" {
                    tally.refused(mode, &attack.run);
                }
                if !wrong.is_empty() {
                    failures.push(format!("{mode}: {:?}\n    {}", attack.run, wrong.join("\n    ")));
                }
            }
        }
    }
    failures
}

fn attempt(stage: &mut Stage, mode: &str, attack: &Attack) -> (&'static str, Vec<String>) {
    let line = stage.fill(&attack.run);
    let threads = leftovers::threads();
    let (told, mut wrong) = stage.run(mode, &line, attack.timeout_ms);
    let grown = leftovers::threads().saturating_sub(threads);
    if grown > OTHERS {
        wrong.push(format!("{grown} more processes and threads than before"));
    }
    let told = match told {
        Ok(told) => told,
        Err(words) => {
            wrong.push(words);
            return ("failed", wrong);
        }
    };
    judge(stage, attack, &told, &mut wrong);
    match (wrong.is_empty(), told.answer.ran()) {
        (true, true) => ("contained", wrong),
        (true, false) => ("blocked", wrong),
        (false, _) => {
            let Answer { exit_code, stdout, stderr, reason, timed_out, .. } = told.answer;
            let (stdout, stderr) = (start_of(&stdout), start_of(&stderr));
            wrong.push(format!("{exit_code:?} {timed_out} {stdout:?} {stderr:?} {reason:?}"));
            ("failed", wrong)
        }
    }
}

fn start_of(output: &str) -> String {
    output.chars().take(600).collect()
}

fn judge(stage: &Stage, attack: &Attack, told: &Told, wrong: &mut Vec<String>) {
    let answer = &told.answer;
    if attack.blocked && answer.ran() {
        wrong.push("it ran".to_owned());
    }
    if attack.runs && !answer.ran() {
        wrong.push("it was to run, and to show nothing".to_owned());
    }
    if !answer.ran() && answer.reason.as_deref().unwrap_or_default().is_empty() {
        wrong.push("it was blocked without a reason".to_owned());
    }
    if answer.ran() && answer.tier.as_deref() != Some(stage.place.tier) {
        wrong.push(format!("it ran in {:?}", answer.tier));
    }
    let reason = answer.reason.clone().unwrap_or_default();
    for output in [&answer.stdout, &answer.stderr, &reason] {
        wrong.extend(stage.canaries().heard_in(output).into_iter().map(|what| format!("gave away {what}")));
        wrong.extend(output.chars().find(|c| is_obeyed(*c)).map(|c| format!("has {c:?} in its output")));
    }
    let output = format!("{}\n{}", answer.stdout, answer.stderr);
    for text in attack.lacks.iter().map(|text| stage.fill(text)).filter(|text| output.contains(text)) {
        wrong.push(format!("has {text:?} in its output"));
    }
    for text in attack.has.iter().map(|text| stage.fill(text)).filter(|text| !output.contains(text)) {
        wrong.push(format!("lacks {text:?} in its output"));
    }
    if output.chars().count() > CHARACTERS {
        wrong.push(format!("its output has {} characters", output.chars().count()));
    }
    if told.elapsed > Duration::from_millis(attack.timeout_ms) + LATE {
        wrong.push(format!("took {:?}", told.elapsed));
    }
    if told.memory > MEMORY {
        wrong.push(format!("took {} KiB", told.memory));
    }
}

/// Proves that harm is seen where it is done: the same kinds of attack with nothing to hold them.
pub(crate) fn rehearse(borrowed: &Borrowed<'_>) -> Vec<String> {
    let connect = |how: &str| format!("python3 -c 'import socket as s; {how}'");
    let lines = [
        ("cat ../../outside/secret.txt".to_owned(), "gave away a secret"),
        ("rev ../../outside/secret.txt".to_owned(), "gave away a secret, reversed"),
        ("xxd -p -c 64 %KEY%".to_owned(), "gave away the daemon's key"),
        ("cat %DB%".to_owned(), "gave away the daemon's database"),
        ("echo x >> %OUT%/secret.txt".to_owned(), "was changed"),
        ("touch %HOME%/new".to_owned(), "is new"),
        ("rm -r %OUT%/dir".to_owned(), "is gone"),
        ("chmod 777 %HOME%/.ssh".to_owned(), "was changed"),
        ("touch -d 2001-01-01 %OUT%/secret.txt".to_owned(), "was changed"),
        ("ln %OUT%/secret.txt hard".to_owned(), "was changed"),
        ("echo x > .git/hooks/post-commit".to_owned(), "is new"),
        ("git config alias.x '!x'".to_owned(), "was changed"),
        ("setsid sleep %NAP% > /dev/null 2>&1 &".to_owned(), "left running"),
        ("cd /; env -i setsid sleep %NAP% > /dev/null 2>&1 &".to_owned(), "left running"),
        (connect("s.create_connection((\"127.0.0.1\", %PORT%))"), "TCP"),
        (connect("s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b\"x\", (\"127.0.0.1\", %UDP%))"), "UDP"),
        (connect("s.socket(s.AF_UNIX).connect(\"%OUT%/host.sock\")"), "a Unix socket outside"),
        (connect("s.socket(s.AF_UNIX).connect(\"server.sock\")"), "in the workspace"),
        (connect("s.socket(s.AF_UNIX).connect(\"\\0%ABSTRACT%\")"), "abstract"),
        ("kill -9 %DAEMON%".to_owned(), "does not serve"),
    ];
    let mut failures = Vec::new();
    for (line, expected) in lines {
        let mut stage = borrowed.stage();
        let line = stage.fill(&line);
        let harm = stage.run_unguarded(&line, expected);
        if !harm.iter().any(|harm| harm.contains(expected)) {
            failures.push(format!("{line:?} went unseen: {harm:?}"));
        }
    }
    failures
}
