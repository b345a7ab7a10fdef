//! Refusing a command, or a mode, asks for one letter.

use bridge_proto::admin::yolo::{CommandView, GrantView};
use crossterm::event::{KeyCode, KeyEvent};

use super::Turn;
use crate::text::safe_text;
use crate::watch::feed::Ask;

/// What is about to be refused.
#[derive(Debug)]
pub(in crate::watch) struct Refusal {
    /// In words.
    pub(super) question: String,
    /// What it is about.
    pub(super) subject: String,
    ask: Ask,
}

impl Refusal {
    pub(in crate::watch) fn of_command(command: &CommandView) -> Self {
        let id = safe_text(&command.command_id);
        let question = match command.state.as_str() {
            "approved" => format!("Take the approval of {id} back?"),
            _ => format!("Deny {id}?"),
        };
        let subject = safe_text(&command.command).into_owned();
        Self { question, subject, ask: Ask::Deny { command: command.command_id.clone() } }
    }

    pub(in crate::watch) fn of_mode(grant: &GrantView) -> Self {
        Self {
            question: "Let this conversation propose no commands? What waits there lapses.".to_owned(),
            subject: safe_text(&grant.conversation_id).into_owned(),
            ask: Ask::Disable { conversation: grant.conversation_id.clone() },
        }
    }

    pub(super) fn key(&mut self, key: &KeyEvent) -> Turn {
        match key.code {
            KeyCode::Char('y') => Turn::AskAndClose(self.ask.clone()),
            KeyCode::Char('n' | 'q') | KeyCode::Esc | KeyCode::Enter => Turn::Close,
            _ => Turn::Stay,
        }
    }
}
