//! `completions`: a script for the shell.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::failure::{Done, Failure};
use crate::screen::Screen;

pub(super) fn run(screen: &mut Screen, shell: clap_complete::Shell) -> Result<Done, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bridgectl", &mut script);
    screen.print(&String::from_utf8_lossy(&script))?;
    Ok(Done::Well)
}
