//! `bridgectl`: what the human in charge of the bridge uses to look in, let in and clean up.
//!
//! One command, one file below [`commands`]. Commands read through [`source::Source`], which is the running daemon
//! or, when none runs, its database; they write through [`screen::Screen`] and nothing else.
mod backup;
mod cli;
mod client;
mod commands;
mod demo;
mod failure;
mod install;
mod output;
mod progress;
mod proposal;
mod screen;
mod signals;
mod source;
mod table;
mod text;
mod time;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use cli::Cli;
use failure::{Done, Failure};
use screen::Screen;

/// Entry of the `bridgectl` binary.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut screen = Screen::new(cli.color);
    let outcome = commands::run(cli.command, &mut screen);
    // What was printed before a failure must be seen before the failure's own words.
    let flushed = screen.flush();
    match outcome.and_then(|done| flushed.map(|()| done)) {
        Ok(done) => done.into(),
        // The reader has seen enough (`| head`): nothing went wrong.
        Err(Failure::ReaderGone) => Done::Well.into(),
        Err(failure) => {
            screen.problem(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
