//! Commands and modes in words. Everything that agents wrote is made visible.

use bridge_proto::admin::yolo::{CommandView, GrantView};

use crate::proposal::{command_facts, state_tint};
use crate::screen::{Look, Tint};
use crate::text::safe_text;
use crate::time::age;

/// Everything that an approval of a command means.
pub(super) fn command(look: Look, command: &CommandView) -> String {
    let mut text = format!(
        "{}  {}  session {} of {} ({}), {}\n",
        look.paint(Tint::Heading, &safe_text(&command.command_id)),
        look.paint(state_tint(&command.state), &safe_text(&command.state)),
        safe_text(&command.requester),
        safe_text(&command.conversation_id),
        safe_text(&command.role),
        age(&command.asked_at, look.now),
    );
    for (name, (value, tint)) in command_facts(command) {
        let value = tint.map_or_else(|| value.clone(), |tint| look.paint(tint, &value));
        text.push_str(&format!("  {name:<10} {value}\n"));
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
