//! Measures the real binaries from outside, as agents would see them.
//!
//! Absolute figures mean little on shared machines. So every round measures ours and, when its binaries are given with
//! `--yardstick`, a bare prototype beside it, in turn; what is reported is the median of the rounds' ratios.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its results")]

mod client;
mod figures;
mod fill;
mod floods;
mod footprint;
mod hook;
mod instructions;
mod machine;
mod memory;
mod raw;
mod recovery;
mod report;
mod rig;
mod scenarios;
mod sends;
mod stored;
mod tools;
mod twins;
mod waits;
mod yardstick;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use machine::Machine;
use report::Report;
use tempfile::TempDir;

/// Whole-system benchmarks of bridged
#[derive(Debug, Parser)]
#[command(name = "bridge-bench")]
struct Arguments {
    /// Directory with bridged and bridge-shim [default: where this program is]
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Directory with the prototype's protod and shim_std, measured beside ours
    #[arg(long, value_name = "DIR")]
    yardstick: Option<PathBuf>,
    /// Only scenarios whose name contains this; floods, recovery and full databases take long and run only so
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Rounds of each scenario
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load in each round
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Messages in the databases of `recovery` and `1 M stored`
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// Megabytes of the database of `daemon start, 1 GB`
    #[arg(long, value_name = "MB", default_value_t = 1_024)]
    database: u64,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Only count the daemon's instructions for one send, by callgrind; fail when there are more than this
    #[arg(long, value_name = "MOST")]
    instructions: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(most) = arguments.instructions {
        return count(&arguments, most);
    }
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bridge-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Fails when one send costs more than `most` instructions.
fn count(arguments: &Arguments, most: u64) -> ExitCode {
    let counted =
        scratch().and_then(|scratch| instructions::of_one_send(&binaries(arguments), scratch.path()));
    match counted {
        Ok(counted) => {
            println!("one send costs the daemon {counted} instructions; {most} are allowed");
            if counted > most { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("bridge-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Where the programs to measure are.
fn binaries(arguments: &Arguments) -> PathBuf {
    let beside =
        || std::env::current_exe().ok().and_then(|exe| exe.parent().map(PathBuf::from)).unwrap_or_default();
    arguments.binaries.clone().unwrap_or_else(beside)
}

fn scratch() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("bridge-bench").tempdir()
}

/// The command line as it can be repeated elsewhere: without where this program is.
fn command() -> String {
    let words =
        std::env::args().skip(1).map(|word| if word.contains(' ') { format!("\"{word}\"") } else { word });
    std::iter::once("bridge-bench".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Measures and prints the results; whether all scenarios succeeded. One that fails takes nothing from the others.
fn run(arguments: &Arguments) -> std::io::Result<bool> {
    let setting = scenarios::Setting {
        binaries: binaries(arguments),
        yardstick: arguments.yardstick.clone(),
        messages: arguments.messages,
        database_bytes: arguments.database << 20,
        load: Duration::from_secs_f64(arguments.seconds),
        scratch: scratch()?,
    };
    let (mut report, mut succeeded) = (Report::default(), true);
    floods::raise_descriptor_limit()?;
    for scenario in scenarios::ALL.iter().chain(floods::ALL) {
        let wanted = match &arguments.only {
            Some(only) => scenario.name.contains(only.as_str()),
            None => !scenario.on_request,
        };
        if !wanted {
            continue;
        }
        match scenario.run(&setting, arguments.rounds) {
            Ok(rounds) => rounds.into_iter().for_each(|figures| report.add(scenario.name, figures)),
            Err(error) => {
                eprintln!("bridge-bench: {}: {error}", scenario.name);
                succeeded = false;
            }
        }
    }
    let machine = Machine::here(setting.scratch.path());
    println!("{}", if arguments.json { report.to_json(&machine, &command())? } else { report.to_table() });
    Ok(succeeded)
}
