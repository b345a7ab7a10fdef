//! `yolo try`: the policy and the sandbox at work on a command of the person's own, without a daemon.

use std::io::Read as _;
use std::path::PathBuf;

use bridge_daemon::clock;
use bridge_daemon::exec;
use bridge_guard::attempt::{Answer, Attempt, answer, attempt};
use bridge_guard::{Command, Ended, Guard, Mode, Occasion, Outcome, Request, Tier};
use bridge_proto::admin::yolo::YoloRequest;
use bridge_proto::paths::Paths;
use bridge_redact::Engine;

use super::ask;
use crate::cli::Try;
use crate::client::Client;
use crate::commands::config::{engine, load};
use crate::failure::{Done, Failure};
use crate::screen::{Screen, Tint};
use crate::source::paths;

/// Bytes of a request on standard input; the longest command has 1,000 characters.
const INPUT: u64 = 1 << 20;
/// What its snapshots are called.
const LABEL: &str = "try";

pub(super) fn run(screen: &mut Screen, arguments: Try) -> Result<Done, Failure> {
    let paths = paths()?;
    require_person(&paths, &arguments)?;
    let config = load(&paths.config)?;
    let engine = engine(&config)?;
    let guard = exec::guard(&config.yolo, &paths).map_err(|error| Failure::Failed(error.to_string()))?;
    let redact = |text: &str| redacted(&engine, text);
    let occasion = Occasion { now_ms: clock::now().millis(), label: LABEL };
    if arguments.json {
        let mut input = Vec::new();
        let read = std::io::stdin().lock().take(INPUT).read_to_end(&mut input);
        read.map_err(|error| Failure::failed("reading the request from standard input", error))?;
        let answer: Answer = answer(&guard, &input, &occasion, &redact);
        screen.json_line(&answer)?;
        return Ok(Done::Well);
    }
    match attempt(&guard, &request(arguments)?, &occasion, &redact) {
        Attempt::Blocked { reason } => Err(Failure::Failed(format!("blocked: {reason}"))),
        Attempt::Ran { tier, outcome } => show(screen, &guard, tier, &outcome),
    }
}

/// Refused below a connected agent. Without a daemon nobody is connected to it.
fn require_person(paths: &Paths, arguments: &Try) -> Result<(), Failure> {
    match Client::connect(&paths.socket) {
        Ok(mut daemon) => {
            let command = arguments.command.join(" ");
            ask(&mut daemon, YoloRequest::Vouch { command }).map(drop)
        }
        Err(Failure::NotRunning { .. }) => Ok(()),
        Err(other) => Err(other),
    }
}

pub(super) fn redacted(engine: &Engine, text: &str) -> (String, u32) {
    let redacted = engine.redact(text);
    (redacted.text.into_owned(), u32::try_from(redacted.hits.len()).unwrap_or(u32::MAX))
}

fn request(arguments: Try) -> Result<Request, Failure> {
    let mode = arguments.mode.unwrap_or_default().parse::<Mode>();
    let mode = mode.map_err(|error| Failure::Usage(error.to_string()))?;
    let command = match <[String; 1]>::try_from(arguments.command) {
        Ok([line]) => Command::Line(line),
        Err(words) => Command::Argv(words),
    };
    let workspace: PathBuf = arguments.workspace.unwrap_or_default();
    let timeout_ms = arguments.timeout * 1_000;
    Ok(Request { mode, command, workspace, timeout_ms, network: false, container: false })
}

fn show(screen: &mut Screen, guard: &Guard, tier: Tier, outcome: &Outcome) -> Result<Done, Failure> {
    screen.print(&outcome.stdout.text)?;
    screen.flush()?;
    let ended = match outcome.ended {
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Signal(signal) => format!("killed by signal {signal}"),
        Ended::TimedOut => "killed: its time was over".to_owned(),
    };
    if !outcome.stderr.text.is_empty() {
        screen.note(outcome.stderr.text.trim_end());
    }
    let look = screen.look();
    screen.note(
        &look.paint(Tint::Faint, &format!("{ended} after {} ms in the {tier} sandbox", outcome.duration_ms)),
    );
    for remark in &outcome.remarks {
        screen.note(remark);
    }
    if let (Some(snapshot), Ok(_)) = (&outcome.snapshot, guard.snapshots()) {
        screen.note(&format!("`bridgectl yolo restore {snapshot}` brings back what was there before"));
    }
    Ok(if outcome.ended == Ended::Code(0) { Done::Well } else { Done::Found })
}
