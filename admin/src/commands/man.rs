//! `man`: manual pages, made from the command line's own description.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::failure::{Done, Failure};
use crate::screen::Screen;

pub(super) fn run(screen: &mut Screen, directory: Option<&Path>) -> Result<Done, Failure> {
    let mut main = Cli::command();
    main.build();
    let Some(directory) = directory else {
        screen.print(&page(&main)?.1)?;
        return Ok(Done::Well);
    };
    fs::create_dir_all(directory).map_err(|error| Failure::failed(directory.display(), error))?;
    let mut pending = vec![main];
    while let Some(command) = pending.pop() {
        let (name, text) = page(&command)?;
        let path = directory.join(name);
        fs::write(&path, text).map_err(|error| Failure::failed(path.display(), error))?;
        screen.line(&path.display().to_string())?;
        pending.extend(command.get_subcommands().filter(|sub| sub.get_name() != "help").cloned().map(
            |sub| {
                // `bridgectl audit verify` is in bridgectl-audit-verify(1).
                let full = sub.get_bin_name().unwrap_or(sub.get_name()).replace(' ', "-");
                sub.display_name(full)
            },
        ));
    }
    Ok(Done::Well)
}

/// File name and text of one page.
fn page(command: &Command) -> Result<(String, String), Failure> {
    let man = Man::new(command.clone()).manual("bridged");
    let mut text = Vec::new();
    man.render(&mut text).map_err(|error| Failure::failed("writing the manual page", error))?;
    Ok((man.get_filename(), String::from_utf8_lossy(&text).into_owned()))
}
