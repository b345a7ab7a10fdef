//! `bridge-shim`: carries an MCP client's stdio to the daemon's Unix socket and back, byte for byte.
//!
//! It knows no tool and no protocol revision. It starts the daemon when none runs, rides out a restart of it without
//! the client noticing, confirms what was delivered, and is gone when its client is.

mod args;
mod autostart;
mod client;
mod connect;
mod down;
mod errors;
mod link;
mod name;
mod outbox;
mod queue;
pub mod relay;
mod session;
mod up;

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process::ExitCode;

use bridge_proto::paths::Paths;

use crate::args::Action;
pub use crate::autostart::{FindLaunch, Launch, start_daemon};
use crate::client::say;

/// Forbids starting a daemon when set to anything.
const NO_AUTOSTART: &str = "BRIDGE_NO_AUTOSTART";

/// The whole program.
#[must_use]
pub fn run() -> ExitCode {
    let action = args::parse(std::env::args_os().skip(1), std::env::var_os(args::AGENT_VARIABLE));
    let agent = match action {
        Ok(Action::Relay { agent }) => agent,
        Ok(Action::Print(text)) => {
            return if io::stdout().write_all(text.as_bytes()).is_ok() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Err(problem) => return usage_error(&problem),
    };
    let paths = match Paths::from_env() {
        Ok(paths) => paths,
        Err(problem) => return usage_error(&problem.to_string()),
    };
    let forbidden = std::env::var_os(NO_AUTOSTART).is_some_and(|value| !value.is_empty());
    let launch: Option<FindLaunch> = if forbidden { None } else { Some(Box::new(Launch::from_env)) };
    let config = relay::Config { paths, agent, launch };
    relay::run(io::stdin().as_fd(), io::stdout().as_fd(), config)
}

fn usage_error(problem: &str) -> ExitCode {
    say(problem);
    ExitCode::from(2)
}
