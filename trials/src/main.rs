//! `bridge-soak`: lets agents talk while everything dies, and says whether every promise was kept.
#![allow(clippy::print_stdout, reason = "it prints its results")]

#[cfg(feature = "failpoints")]
mod disguise;

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;

use bridge_trials::{Goal, Options, Programs};
use clap::Parser;

/// Lets agents talk while everything dies
#[derive(Debug, Parser)]
#[command(name = "bridge-soak")]
struct Arguments {
    /// End when so many sends were answered and the faults have happened [default: 2000]
    #[arg(long, conflicts_with = "seconds")]
    messages: Option<u64>,
    /// End after so many seconds instead
    #[arg(long)]
    seconds: Option<u64>,
    /// Faults in that time [default: one for every 200 messages, or every two seconds]
    #[arg(long)]
    faults: Option<u64>,
    /// Pairs of agents that talk
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=500))]
    pairs: u16,
    /// Draw the faults of an earlier run again
    #[arg(long)]
    seed: Option<u64>,
    /// Directory with bridged, bridge-shim and bridgectl [default: where this program is; a build with failpoints is
    /// all three of them]
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    if let Some(code) = disguise::act() {
        return code;
    }
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(report) => {
            println!("{}", if arguments.json { report.to_json() } else { report.to_text() });
            if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            println!("bridge-soak: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> std::io::Result<bridge_trials::Report> {
    let goal = match arguments.seconds {
        Some(seconds) => Goal::Seconds(seconds),
        None => Goal::Messages(arguments.messages.unwrap_or(2_000)),
    };
    let usual = match goal {
        Goal::Messages(messages) => messages / 200,
        Goal::Seconds(seconds) => seconds / 2,
    };
    // Short enough to be typed again.
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().hash_one("seed") % 1_000_000);
    let programs = Programs::in_directory(&directory(arguments)?);
    let faults = arguments.faults.unwrap_or(usual);
    let pairs = usize::from(arguments.pairs);
    bridge_trials::run(&Options { programs, seed, goal, faults, pairs, tell })
}

#[expect(clippy::print_stderr, reason = "standard output is for the result")]
fn tell(progress: &str) {
    eprintln!("{progress}");
}

#[cfg(not(feature = "failpoints"))]
fn directory(arguments: &Arguments) -> std::io::Result<PathBuf> {
    match &arguments.binaries {
        Some(directory) => Ok(directory.clone()),
        None => Ok(std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default()),
    }
}

#[cfg(feature = "failpoints")]
fn directory(arguments: &Arguments) -> std::io::Result<PathBuf> {
    match &arguments.binaries {
        Some(directory) => Ok(directory.clone()),
        None => disguise::wardrobe(),
    }
}
