//! One entry of a list, whole.

use bridge_daemon::domain::time::Timestamp;
use bridge_proto::admin::AuditRow;

use super::reader::Reader;
use crate::proposal::{Fact, command_facts, grant_facts, state_tint};
use crate::screen::Tint;
use crate::table::plain;
use crate::text::{safe_json_pretty, safe_text};
use crate::time::{age, column};
use crate::watch::app::Proposal;

/// What is to be known of an entry.
#[derive(Debug)]
pub(in crate::watch) struct Details {
    pub(super) title: String,
    pub(super) facts: Vec<Fact>,
    pub(super) reader: Reader,
}

impl Details {
    pub(in crate::watch) fn of_proposal(proposal: Proposal<'_>, now: Timestamp) -> Self {
        let (title, facts) = match proposal {
            Proposal::Mode(grant) => {
                (format!("{} asks for a mode", safe_text(&grant.conversation_id)), grant_facts(grant))
            }
            Proposal::Command(command) => {
                let mut facts = vec![
                    ("state", (safe_text(&command.state).into_owned(), Some(state_tint(&command.state)))),
                    (
                        "proposed",
                        plain(format!(
                            "{} by {} ({}) of {}",
                            age(&command.asked_at, now),
                            safe_text(&command.requester),
                            safe_text(&command.role),
                            safe_text(&command.conversation_id)
                        )),
                    ),
                    ("good until", plain(column(&command.good_until))),
                ];
                facts.extend(command_facts(command));
                (safe_text(&command.command_id).into_owned(), facts)
            }
        };
        Self { title, facts, reader: Reader::default() }
    }

    pub(in crate::watch) fn of_row(row: &AuditRow) -> Self {
        let tint = if row.outcome == "ok" { Tint::Good } else { Tint::Bad };
        let conversation = row.conversation_id.as_deref().unwrap_or("-");
        let mut facts = vec![
            ("time", plain(column(&row.at))),
            ("conversation", plain(safe_text(conversation))),
            ("actor", plain(safe_text(&row.actor))),
            ("action", plain(safe_text(&row.action))),
            ("outcome", (safe_text(&row.outcome).into_owned(), Some(tint))),
        ];
        let details = safe_json_pretty(&row.details).unwrap_or_default();
        let name = |index| if index == 0 { "details" } else { "" };
        facts.extend(details.lines().enumerate().map(|(index, line)| (name(index), plain(line))));
        facts.push(("mac", plain(safe_text(&row.mac))));
        Self { title: format!("audit row {}", row.seq), facts, reader: Reader::default() }
    }
}
