//! What happened, in order.

use bridge_proto::admin::yolo::CommandView;
use bridge_proto::admin::{AuditRow, MessageView};

use super::dossier::Dossier;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event<'d> {
    /// A session said something.
    Message(&'d MessageView),
    /// A session proposed a command.
    Command(&'d CommandView),
    /// A person decided something.
    Decision(&'d AuditRow),
    /// A call was refused.
    Refusal(&'d AuditRow),
    /// A session came in.
    Arrival(&'d AuditRow),
}

impl Event<'_> {
    /// When, as on the wire: of one width, so that texts sort as times do.
    pub(super) fn at(&self) -> &str {
        match self {
            Self::Message(message) => &message.sent_at,
            Self::Command(command) => &command.asked_at,
            Self::Decision(row) | Self::Refusal(row) | Self::Arrival(row) => &row.at,
        }
    }
}

/// Everything worth a line of its own. What else is on record is in the audit rows.
pub(super) fn events(dossier: &Dossier) -> Vec<Event<'_>> {
    let rows = dossier.audit.iter().filter_map(|row| match (row.outcome.as_str(), row.actor.as_str()) {
        ("ok", "human") => Some(Event::Decision(row)),
        ("ok", _) if matches!(row.action.as_str(), "create_conversation" | "join_conversation") => {
            Some(Event::Arrival(row))
        }
        ("ok", _) => None,
        _ => Some(Event::Refusal(row)),
    });
    let mut events: Vec<_> = rows
        .chain(dossier.commands.iter().map(Event::Command))
        .chain(dossier.messages.iter().map(Event::Message))
        .collect();
    events.sort_by(|one, other| one.at().cmp(other.at()));
    events
}
