//! Claude Code's channels: a line that shows up in a session that is not looking, once messages have come. Only with
//! `mcp.claude_channel`, and never the messages: a client drops such lines without a word unless its user allowed them, and
//! nothing says whether it did (<https://code.claude.com/docs/en/channels-reference>).

use std::sync::Arc;

use rmcp::model::{CustomNotification, ExperimentalCapabilities, ServerNotification};
use rmcp::service::{Peer, RoleServer};
use serde_json::{Value, json};

use crate::live::{Binding, Connection, Told};

/// What the agent is told about the lines beforehand.
pub(super) const INSTRUCTIONS: &str =
    " A <channel> line of this server only says that messages wait: call check_messages to receive them.";
/// Letters of a role that are shown.
const ROLE_LENGTH: usize = 40;

/// What makes a client listen.
pub(super) fn capability() -> ExperimentalCapabilities {
    ExperimentalCapabilities::from([("claude/channel".to_owned(), serde_json::Map::new())])
}

/// Tells a client of messages that come while it waits for none, until it is gone.
pub(super) async fn announce(connection: Arc<Connection>, peer: Peer<RoleServer>) {
    let mut told = Told::default();
    loop {
        tokio::select! {
            () = connection.mail.notified() => {}
            () = connection.closed.cancelled() => return,
        }
        // A long poll takes them.
        if connection.is_waiting() {
            continue;
        }
        for (binding, count) in connection.news(&mut told) {
            let line =
                CustomNotification::new("notifications/claude/channel", Some(parameters(&binding, count)));
            if peer.send_notification(ServerNotification::CustomNotification(line)).await.is_err() {
                return;
            }
        }
    }
}

/// Roles come from agents: only their letters are shown, so that none can speak to the model from here.
fn parameters(binding: &Binding, count: u64) -> Value {
    let partner = binding.conversation.partners(binding.session.label).next();
    let role = partner.map(|partner| partner.role.as_str()).unwrap_or_default();
    let role: String =
        role.chars().filter(|c| c.is_alphanumeric() || "_- ".contains(*c)).take(ROLE_LENGTH).collect();
    let messages = if count == 1 { "message" } else { "messages" };
    json!({
        "content": format!("{count} {messages} waiting from {role}: call check_messages."),
        "meta": {
            "conversation": binding.conversation.id.to_string(),
            "session": binding.session.label.to_string(),
        },
    })
}
