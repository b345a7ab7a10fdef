//! One command, one file.

pub(crate) mod audit;
mod audit_export;
mod audit_verify;
mod backup;
mod cleanup;
mod completions;
pub(crate) mod config;
mod db_check;
mod db_vacuum;
mod doctor;
mod export;
mod hook;
mod import;
mod install;
mod install_view;
mod invite;
mod list;
mod man;
mod metrics;
mod pair;
mod redact;
mod reload;
mod restore;
pub(crate) mod say;
pub(crate) mod sessions;
pub(crate) mod show;
mod stats;
mod status;
mod tokens;
mod uninstall;
mod wait;
mod yolo;

use crate::cli::{Command, Db};
use crate::demo;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::watch;

/// Does what the command line asks for.
pub(crate) fn run(command: Command, screen: &mut Screen) -> Result<Done, Failure> {
    match command {
        Command::Status(format) => status::run(screen, &format),
        Command::List(arguments) => list::run(screen, &arguments),
        Command::Show(arguments) => show::run(screen, &arguments),
        Command::Watch(arguments) => watch::run(screen.look(), arguments),
        Command::Tokens(arguments) => tokens::run(screen, &arguments),
        Command::Invite(arguments) => invite::run(screen, &arguments),
        Command::Pair(arguments) => pair::run(screen, &arguments),
        Command::Say(arguments) => say::run(screen, arguments),
        Command::Audit(arguments) => audit::run(screen, &arguments),
        Command::Cleanup(arguments) => cleanup::run(screen, &arguments),
        Command::Install(arguments) => install::run(screen, &arguments),
        Command::Uninstall(arguments) => uninstall::run(screen, &arguments),
        Command::Backup(arguments) => backup::run(screen, &arguments),
        Command::Restore(arguments) => restore::run(screen, &arguments),
        Command::Db(Db::Check(format)) => db_check::run(screen, &format),
        Command::Db(Db::Vacuum) => db_vacuum::run(screen),
        Command::Export(arguments) => export::run(screen, &arguments),
        Command::Import(arguments) => import::run(screen, &arguments),
        Command::Stats(format) => stats::run(screen, &format),
        Command::Metrics => metrics::run(screen),
        Command::Doctor(arguments) => doctor::run(screen, &arguments),
        Command::Reload => reload::run(screen),
        Command::Wait(arguments) => wait::run(screen, &arguments),
        Command::Hook(arguments) => hook::run(screen, &arguments),
        Command::Yolo(command) => yolo::run(screen, command),
        Command::Redact(arguments) => redact::run(screen, &arguments),
        Command::Config(command) => config::run(screen, &command),
        Command::Completions { shell } => completions::run(screen, shell),
        Command::Man { directory } => man::run(screen, directory.as_deref()),
        Command::Demo(arguments) => demo::run(screen, &arguments),
    }
}

/// Says on standard error that the daemon did not answer, so that what only it knows is missing.
fn note_offline(screen: &Screen, live: bool) {
    if !live {
        screen.note("(the daemon is not running: read from its database)");
    }
}

/// One thing or several.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        1_048_576..1_073_741_824 => format!("{} MiB", bytes / 1_048_576),
        _ => format!("{} GiB", bytes / 1_073_741_824),
    }
}
