//! The transcript: who does what, what comes of it, and what was checked.

use std::time::Duration;

use serde::Serialize;

use crate::cli::Demo;
use crate::failure::Failure;
use crate::screen::{Look, Screen, Tint};
use crate::signals::Signals;
use crate::text::{safe_lines, safe_text};

/// Time to read a line.
const BEAT: Duration = Duration::from_millis(130);
/// Columns of a name.
const NAME: usize = 9;

/// An expectation and whether it held.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    name: &'static str,
    pub(super) ok: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    /// The first agent.
    Backend,
    /// The second agent.
    Frontend,
    /// The person in charge.
    Human,
    /// The daemon.
    Daemon,
}

impl Actor {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Frontend => "frontend",
            Self::Human => "human",
            Self::Daemon => "daemon",
        }
    }

    const fn tint(self) -> Tint {
        match self {
            Self::Backend => Tint::First,
            Self::Frontend => Tint::Second,
            Self::Human => Tint::Heading,
            Self::Daemon => Tint::Warning,
        }
    }
}

/// Where the transcript goes.
pub(super) struct Stage<'s> {
    screen: &'s mut Screen,
    signals: Signals,
    look: Look,
    silent: bool,
    beat: Duration,
    checks: Vec<Check>,
}

impl<'s> Stage<'s> {
    pub(super) fn new(screen: &'s mut Screen, signals: &Signals, arguments: &Demo) -> Self {
        let look = screen.look();
        // A pipe does not need time to read.
        let beat = if arguments.fast || arguments.json || !look.terminal { Duration::ZERO } else { BEAT };
        Self { look, screen, signals: signals.clone(), silent: arguments.json, beat, checks: Vec::new() }
    }

    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }

    /// A new part begins.
    pub(super) fn scene(&mut self, title: &str) -> Result<(), Failure> {
        self.show(&format!("\n{}", self.look.paint(Tint::Heading, title)))
    }

    /// Somebody does something.
    pub(super) fn act(&mut self, actor: Actor, what: &str) -> Result<(), Failure> {
        let name = self.look.paint(actor.tint(), &format!("{:<NAME$}", actor.name()));
        self.show(&format!("  {name} {}", safe_text(what)))
    }

    /// A message on its way, with its text below.
    pub(super) fn message(&mut self, from: Actor, to: Actor, text: &str, state: &str) -> Result<(), Failure> {
        let arrow = if self.look.terminal { "──▶" } else { "-->" };
        let from_name = self.look.paint(from.tint(), &format!("{:<NAME$}", from.name()));
        let to_name = self.look.paint(to.tint(), to.name());
        let state = self.look.paint(Tint::Faint, &format!("({})", safe_text(state)));
        self.show(&format!("  {from_name} {arrow} {to_name}  {state}"))?;
        let bar = self.look.paint(from.tint(), if self.look.terminal { "│" } else { "|" });
        for line in safe_lines(text) {
            self.show(&format!("  {:<NAME$} {bar} {line}", ""))?;
        }
        Ok(())
    }

    /// An expectation, met or not.
    pub(super) fn check(&mut self, name: &'static str, ok: bool, detail: &str) -> Result<(), Failure> {
        let mark = match (ok, self.look.terminal) {
            (true, true) => self.look.paint(Tint::Good, "✓"),
            (true, false) => self.look.paint(Tint::Good, "ok"),
            (false, _) => self.look.paint(Tint::Bad, "FAILED"),
        };
        let detail = safe_text(detail);
        let shown = if detail.is_empty() {
            String::new()
        } else {
            self.look.paint(Tint::Faint, &format!(" ({detail})"))
        };
        let line = format!("  {:<NAME$} {mark} {name}{shown}", "");
        self.checks.push(Check { name, ok, detail: detail.into_owned() });
        self.show(&line)
    }

    /// The end of the transcript.
    pub(super) fn summary(
        &mut self,
        time: Duration,
        stopped: Option<&str>,
        log: &str,
    ) -> Result<(), Failure> {
        let failed: Vec<_> = self.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
        let held = self.checks.len() - failed.len();
        let seconds = time.as_secs_f64();
        let mut text = String::new();
        if let Some(why) = stopped {
            text.push_str(&format!("\n{} {why}\n", self.look.paint(Tint::Bad, "The demo had to stop:")));
            for line in safe_lines(log.trim_end()) {
                text.push_str(&format!("  daemon's log | {line}\n"));
            }
        }
        for name in &failed {
            text.push_str(&format!("\n{} {name}", self.look.paint(Tint::Bad, "did not hold:")));
        }
        let tint = if failed.is_empty() && stopped.is_none() { Tint::Good } else { Tint::Bad };
        let count = format!("{held} of {} expectations held", self.checks.len());
        text.push_str(&format!("\n{} in {seconds:.1} s.", self.look.paint(tint, &count)));
        self.show(&text)
    }

    fn show(&mut self, text: &str) -> Result<(), Failure> {
        self.signals.check()?;
        if self.silent {
            return Ok(());
        }
        self.screen.line(text)?;
        self.screen.flush()?;
        self.signals.sleep(self.beat)
    }
}
