//! Commands and modes in words. Everything that agents wrote is made visible.

use bridge_proto::admin::yolo::{CommandView, GrantView};

use crate::screen::{Look, Tint};
use crate::text::safe_text;
use crate::time::age;

/// Everything that an approval of a command means.
pub(super) fn command(look: Look, command: &CommandView) -> String {
    let tint = match command.state.as_str() {
        "pending" => Tint::Warning,
        "approved" | "running" => Tint::Good,
        "denied" | "lost" => Tint::Bad,
        _ => Tint::Faint,
    };
    let mut text = format!(
        "{}  {}  session {} of {} ({}), {}\n",
        look.paint(Tint::Heading, &safe_text(&command.command_id)),
        look.paint(tint, &safe_text(&command.state)),
        safe_text(&command.requester),
        safe_text(&command.conversation_id),
        safe_text(&command.role),
        age(&command.asked_at, look.now),
    );
    let network = if command.network { look.paint(Tint::Bad, "ALLOWED") } else { "none".to_owned() };
    let lines = [
        ("command", safe_text(&command.command).into_owned()),
        ("program", safe_text(&command.program).into_owned()),
        ("directory", safe_text(&command.workspace).into_owned()),
        (
            "held by",
            format!(
                "mode {}, sandbox {}, killed after {} s",
                safe_text(&command.mode),
                safe_text(&command.sandbox),
                command.timeout
            ),
        ),
        ("network", network),
        ("may read", list(&command.toolchains, "the system's directories only")),
        ("variables", list(&command.environment, "none")),
    ];
    for (name, value) in lines {
        text.push_str(&format!("  {name:<10} {value}\n"));
    }
    if let Some(outcome) = &command.outcome {
        text.push_str(&format!("  {:<10} {}\n", "outcome", safe_text(&outcome.to_string())));
    }
    text
}

/// What a conversation may propose, or asks to.
pub(super) fn grant(look: Look, grant: &GrantView) -> String {
    let who = match &grant.requester {
        Some(session) => format!("asked for by session {}", safe_text(session)),
        None => "enabled".to_owned(),
    };
    let network =
        if grant.network { look.paint(Tint::Bad, "network ALLOWED") } else { "no network".to_owned() };
    format!(
        "{}  mode {} in {}, {} s, {}{}  ({who})\n",
        look.paint(Tint::Heading, &safe_text(&grant.conversation_id)),
        look.paint(Tint::Warning, &safe_text(&grant.mode)),
        safe_text(&grant.workspace),
        grant.timeout,
        network,
        if grant.container { ", in a container" } else { "" },
    )
}

fn list(values: &[String], none: &str) -> String {
    if values.is_empty() {
        return none.to_owned();
    }
    let safe: Vec<_> = values.iter().map(|value| safe_text(value)).collect();
    safe.join(" ")
}
