//! A command tried at once, without an approval: what a person does at a terminal to see what a mode would do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::guard::{Guard, GuardError, Occasion, Request};
use crate::mode::Mode;
use crate::outcome::{Ended, Outcome};
use crate::output::{Redact, plain};
use crate::policy::Command;
use crate::sandbox::Tier;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It was not run.
    Blocked {
        /// Why, fit for a terminal.
        reason: String,
    },
    /// It was run.
    Ran {
        /// What held it.
        tier: Tier,
        /// How it went.
        outcome: Box<Outcome>,
    },
}

/// An attempt as programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whether it ran.
    pub decision: Decision,
    /// Its exit code; 128 and the signal's number when a signal ended it, as shells have it. `null` when it did not run
    /// or was killed when its time was over.
    pub exit_code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Whether its time was over.
    pub timed_out: bool,
    /// Why it did not run.
    pub reason: Option<String>,
    /// What held it.
    pub tier: Option<Tier>,
}

/// Whether a command ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It did not.
    Blocked,
    /// It did.
    Ran,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    mode: Mode,
    command: Words,
    workspace: PathBuf,
    timeout_ms: u64,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "the command must be a line or a list of words")]
enum Words {
    Line(String),
    Argv(Vec<String>),
}

/// Plans a request and runs the plan.
#[must_use]
pub fn attempt(guard: &Guard, request: &Request, occasion: &Occasion<'_>, redact: Redact<'_>) -> Attempt {
    let run = || -> Result<Attempt, GuardError> {
        let plan = guard.plan(request)?;
        let outcome = guard.run(&plan, occasion, redact)?;
        Ok(Attempt::Ran { tier: plan.tier, outcome: Box::new(outcome) })
    };
    run().unwrap_or_else(|error| blocked(&error.to_string()))
}

/// The same for one JSON object: `{"mode", "command", "workspace", "timeout_ms"}`, all of them, the command a line or a
/// list of words. Whatever else it is, it is blocked with the reason.
#[must_use]
pub fn answer(guard: &Guard, input: &[u8], occasion: &Occasion<'_>, redact: Redact<'_>) -> Answer {
    // The parser would also take a list of the values.
    if input.trim_ascii_start().first() != Some(&b'{') {
        return blocked("the request is not a JSON object").into();
    }
    let Input { mode, command, workspace, timeout_ms } = match serde_json::from_slice(input) {
        Ok(input) => input,
        Err(error) => return blocked(&format!("the request is not valid: {error}")).into(),
    };
    let command = match command {
        Words::Line(line) => Command::Line(line),
        Words::Argv(words) => Command::Argv(words),
    };
    let request = Request { mode, command, workspace, timeout_ms, network: false, container: false };
    attempt(guard, &request, occasion, redact).into()
}

fn blocked(reason: &str) -> Attempt {
    Attempt::Blocked { reason: plain(reason.as_bytes()) }
}

impl From<Attempt> for Answer {
    fn from(attempt: Attempt) -> Self {
        match attempt {
            Attempt::Blocked { reason } => Self {
                decision: Decision::Blocked,
                exit_code: None,
                stdout: String::new(),
                stderr: String::new(),
                timed_out: false,
                reason: Some(reason),
                tier: None,
            },
            Attempt::Ran { tier, outcome } => Self {
                decision: Decision::Ran,
                exit_code: match outcome.ended {
                    Ended::Code(code) => Some(code),
                    Ended::Signal(signal) => Some(128 + signal),
                    Ended::TimedOut => None,
                },
                stdout: outcome.stdout.text,
                stderr: outcome.stderr.text,
                timed_out: outcome.ended == Ended::TimedOut,
                reason: None,
                tier: Some(tier),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Stream;

    fn ran(ended: Ended) -> String {
        let outcome = Outcome {
            ended,
            duration_ms: 1,
            stdout: Stream { text: "out".into(), ..Stream::default() },
            stderr: Stream::default(),
            remarks: vec!["remark".into()],
            snapshot: None,
        };
        let attempt = Attempt::Ran { tier: Tier::Landlock, outcome: Box::new(outcome) };
        serde_json::to_string(&Answer::from(attempt)).unwrap()
    }

    #[test]
    fn every_end_has_its_answer() {
        let answer = |code, timed_out| {
            format!(
                r#"{{"decision":"ran","exit_code":{code},"stdout":"out","stderr":"","timed_out":{timed_out},"reason":null,"tier":"landlock"}}"#
            )
        };
        assert_eq!(ran(Ended::Code(3)), answer("3", false));
        assert_eq!(ran(Ended::Signal(9)), answer("137", false));
        assert_eq!(ran(Ended::TimedOut), answer("null", true));
        let blocked = serde_json::to_string(&Answer::from(blocked("no\u{1b}[2J"))).unwrap();
        assert_eq!(
            blocked,
            r#"{"decision":"blocked","exit_code":null,"stdout":"","stderr":"","timed_out":false,"reason":"no","tier":null}"#
        );
    }
}
