//! Commands that were proposed, and modes.

use bridge_proto::admin::yolo::{CommandView, CommandsPage, YoloList};
use bridge_proto::admin::{AdminError, Response};
use rusqlite::Connection;

use super::{PAGE, Source, failed, fit, parse_id};
use crate::admin::yolo::view;
use crate::store::read::commands;

/// Commands that one list holds at most.
const LISTED: u32 = 200;

/// What waits, what is enabled, and (with `all`) what was.
pub(super) fn list(connection: &Connection, source: &Source<'_>, all: bool) -> Result<YoloList, AdminError> {
    let now = source.now;
    Ok(YoloList {
        gate_open: source.gate.open,
        sandbox: source.gate.sandbox.clone(),
        held: source.gate.held,
        mode_requests: commands::mode_requests(connection, now)
            .map_err(failed)?
            .iter()
            .map(view::asked)
            .collect(),
        modes: commands::grants(connection, now)
            .map_err(failed)?
            .iter()
            .map(|(id, grant)| view::grant(*id, grant))
            .collect(),
        commands: views(&commands::list(connection, all, LISTED, now).map_err(failed)?)?,
    })
}

/// Some of the commands of one conversation.
pub(super) fn page(
    connection: &Connection,
    source: &Source<'_>,
    conversation: &str,
    skip: u32,
) -> Result<Response, AdminError> {
    let id = parse_id(conversation)?;
    let mode = commands::grant_of(connection, id).map_err(failed)?;
    let records = commands::of_conversation(connection, id, skip, PAGE, source.now).map_err(failed)?;
    let mut commands = views(&records)?;
    fit(&mut commands, |command| {
        let words = command.argv.iter().chain(&command.toolchains).chain(&command.environment);
        // A control character takes six bytes as JSON; argv and command say the same.
        2_000 + 12 * words.map(String::len).sum::<usize>()
    });
    let mode = mode.map(|grant| view::grant(id, &grant));
    Ok(Response::Commands(Box::new(CommandsPage { mode, commands })))
}

fn views(records: &[commands::CommandRecord]) -> Result<Vec<CommandView>, AdminError> {
    records.iter().map(view::command).collect()
}
