//! `yolo pending` and `yolo tokens`: what waits for a person, live.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use bridge_proto::admin::yolo::{YoloList, YoloRequest, YoloResponse};
use bridge_proto::admin::{Request, Response};

use super::show;
use crate::cli::{Json, Pending};
use crate::commands::note_offline;
use crate::failure::{Done, Failure};
use crate::screen::{Screen, Tint};
use crate::source::{Source, unexpected};
use crate::text::safe_text;

/// How often `--follow` looks again.
const EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(screen: &mut Screen, arguments: &Pending) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let list = fetch(&mut source, arguments.all)?;
    if arguments.follow {
        return follow(screen, &mut source, arguments.format.json);
    }
    if arguments.format.json {
        screen.json(&list)?;
        return Ok(Done::Well);
    }
    note_offline(screen, source.is_live());
    print(screen, &list)?;
    if list.mode_requests.is_empty() && list.commands.is_empty() {
        screen.flush()?;
        screen.note("nothing waits for you");
    }
    Ok(Done::Well)
}

/// Approvals that can still be used.
pub(super) fn tokens(screen: &mut Screen, format: &Json) -> Result<Done, Failure> {
    let mut list = fetch(&mut Source::open()?, false)?;
    list.commands.retain(|command| command.state == "approved");
    if format.json {
        screen.json(&list.commands)?;
        return Ok(Done::Well);
    }
    for command in &list.commands {
        let text = format!(
            "{}  until {}  {}",
            safe_text(&command.command_id),
            safe_text(&command.good_until),
            safe_text(&command.command)
        );
        screen.line(&text)?;
    }
    if list.commands.is_empty() {
        screen.note("no approval waits to be used");
    }
    Ok(Done::Well)
}

fn print(screen: &mut Screen, list: &YoloList) -> Result<(), Failure> {
    let look = screen.look();
    let tint = if list.gate_open { Tint::Faint } else { Tint::Warning };
    screen.line(&look.paint(tint, &format!("sandbox: {}", safe_text(&list.sandbox))))?;
    for grant in list.modes.iter().chain(&list.mode_requests) {
        screen.print(&show::grant(look, grant))?;
    }
    for command in &list.commands {
        screen.print(&show::command(look, command))?;
    }
    Ok(())
}

/// Shows what is new until interrupted or until nobody reads.
fn follow(screen: &mut Screen, source: &mut Source, json: bool) -> Result<Done, Failure> {
    let mut seen: HashSet<(String, String)> = HashSet::new();
    loop {
        let list = fetch(source, false)?;
        for grant in &list.mode_requests {
            let key = (grant.conversation_id.clone(), format!("{grant:?}"));
            if seen.insert(key) {
                if json {
                    screen.json_line(grant)?;
                } else {
                    let text = show::grant(screen.look(), grant);
                    screen.print(&text)?;
                }
            }
        }
        for command in &list.commands {
            if seen.insert((command.command_id.clone(), command.state.clone())) {
                if json {
                    screen.json_line(command)?;
                } else {
                    let text = show::command(screen.look(), command);
                    screen.print(&text)?;
                }
            }
        }
        screen.flush()?;
        thread::sleep(EVERY);
    }
}

fn fetch(source: &mut Source, all: bool) -> Result<YoloList, Failure> {
    match source.ask(&Request::Yolo { request: YoloRequest::List { all } })? {
        Response::Yolo(YoloResponse::List(list)) => Ok(list),
        other => Err(unexpected(&other)),
    }
}
