//! `yolo enable` and `yolo approve`: shown whole, confirmed on the terminal.

use bridge_proto::admin::yolo::{Decision, Prepared, Proof, YoloRequest, YoloResponse};

use super::terminal::Terminal;
use super::{ask, show, surprise};
use crate::cli::{Enable, Json};
use crate::failure::{Done, Failure};
use crate::proposal::{ENABLE_WARNING, YOLO_WARNING, settled};
use crate::screen::{Look, Screen, Tint};
use crate::source::daemon;
use crate::text::safe_text;
use crate::time::age;

pub(super) fn enable(screen: &mut Screen, arguments: &Enable) -> Result<Done, Failure> {
    let workspace = match &arguments.workspace {
        None => None,
        Some(path) => {
            let real = path.canonicalize().map_err(|error| Failure::failed(path.display(), error))?;
            Some(real.to_string_lossy().into_owned())
        }
    };
    let decision = Decision::Enable {
        conversation: arguments.conversation.clone(),
        mode: arguments.mode.clone(),
        workspace,
        timeout: arguments.timeout,
        container: arguments.container,
        network: arguments.network,
    };
    match confirm(screen.look(), decision)? {
        YoloResponse::Enabled(grant) if arguments.format.json => screen.json(&grant)?,
        YoloResponse::Enabled(grant) => {
            let text = show::grant(screen.look(), &grant);
            screen.print(&text)?;
        }
        other => return Err(surprise(other)),
    }
    Ok(Done::Well)
}

pub(super) fn approve(screen: &mut Screen, command: String, format: &Json) -> Result<Done, Failure> {
    let approval = match confirm(screen.look(), Decision::Approve { command })? {
        YoloResponse::Approved(approval) => approval,
        other => return Err(surprise(other)),
    };
    if format.json {
        screen.json(&approval)?;
        return Ok(Done::Well);
    }
    let look = screen.look();
    screen.line(&look.paint(Tint::Heading, &safe_text(&approval.approval_token)))?;
    screen.flush()?;
    screen.note(&format!(
        "An agent that waits for it runs it now. Otherwise give it this token: it releases exactly this command, once, and \
         ends {}.\nHead of the audit trail, to be noted elsewhere: {}",
        age(&approval.good_until, look.now),
        safe_text(&approval.audit_head),
    ));
    Ok(Done::Well)
}

/// Shows what a decision means, has it confirmed, and carries it out.
fn confirm(look: Look, decision: Decision) -> Result<YoloResponse, Failure> {
    let mut terminal = Terminal::open()?;
    let mut daemon = daemon()?;
    let prepared = match ask(&mut daemon, YoloRequest::Prepare(decision.clone()))? {
        YoloResponse::Prepared(prepared) => *prepared,
        other => return Err(surprise(other)),
    };
    terminal.show(&explain(look, &prepared))?;
    let decision = settled(decision, &prepared);
    let phrase = match &prepared.phrase {
        None => None,
        Some(phrase) => {
            Some(terminal.ask(&format!("Type {} to go on: ", look.paint(Tint::Heading, phrase)))?)
        }
    };
    let question = format!("Retype the code {}: ", look.paint(Tint::Heading, &safe_text(&prepared.code)));
    let code = terminal.ask(&question)?;
    let passphrase = if prepared.passphrase { Some(terminal.ask_hidden("Passphrase: ")?) } else { None };
    ask(&mut daemon, YoloRequest::Decide { decision, proof: Proof { phrase, code, passphrase } })
}

fn explain(look: Look, prepared: &Prepared) -> String {
    let mut text = String::new();
    if let Some(grant) = &prepared.grant {
        text.push_str(&look.paint(Tint::Warning, ENABLE_WARNING));
        if grant.mode == "yolo" {
            text.push_str(&look.paint(Tint::Bad, YOLO_WARNING));
        }
        text.push_str(&show::grant(look, grant));
    }
    if let Some(command) = &prepared.command {
        text.push_str(&show::command(look, command));
    }
    text
}
