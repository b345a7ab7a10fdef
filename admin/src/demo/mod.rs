//! `demo`: the whole bridge at work in a private place, every promise checked on the way.

mod agent;
mod sandbox;
mod script;
mod stage;

use std::time::Instant;

use serde::Serialize;

use crate::cli::Demo;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::signals::Signals;
use sandbox::Sandbox;
use stage::{Check, Stage};

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'s> {
    ok: bool,
    seconds: f64,
    checks: &'s [Check],
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
}

pub(crate) fn run(screen: &mut Screen, arguments: &Demo) -> Result<Done, Failure> {
    let start = Instant::now();
    let signals = Signals::watch()?;
    let sandbox = Sandbox::create(&signals)?;
    let mut stage = Stage::new(screen, &signals, arguments);
    let played = script::play(&mut stage, &sandbox);
    let log = if played.is_err() { sandbox.log() } else { String::new() };
    // Whatever happened: no process and no file stays.
    let cleared = sandbox.clear();
    let played = match (played, cleared) {
        (Err(failure), _) | (Ok(()), Err(failure)) => Err(failure),
        (Ok(()), Ok(what)) => stage.check("nothing is left behind", true, &what),
    };
    // The reader went away or somebody pressed Ctrl-C: there is nothing to sum up.
    if let Err(failure @ (Failure::ReaderGone | Failure::Interrupted(_))) = played {
        return Err(failure);
    }
    let stopped = played.err().map(|failure| failure.to_string());
    stage.summary(start.elapsed(), stopped.as_deref(), &log)?;
    let checks = stage.into_checks();
    let ok = stopped.is_none() && checks.iter().all(|check| check.ok);
    if arguments.json {
        screen.json(&Summary { ok, seconds: start.elapsed().as_secs_f64(), checks: &checks, stopped })?;
    }
    Ok(if ok { Done::Well } else { Done::Found })
}
