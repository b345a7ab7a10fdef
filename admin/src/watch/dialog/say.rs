//! The person's own message: its text, and whom it is for.

use bridge_proto::admin::ConversationSummary;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Turn;
use super::editor::Editor;
use crate::text::safe_text;
use crate::watch::feed::Ask;

/// A message under construction.
#[derive(Debug)]
pub(in crate::watch) struct SayForm {
    conversation: String,
    /// Labels and roles of the sessions.
    sessions: Vec<(String, String)>,
    /// Which of them gets it; all unless given.
    to: Option<usize>,
    pub(super) editor: Editor,
}

impl SayForm {
    pub(in crate::watch) fn new(conversation: &ConversationSummary) -> Self {
        let sessions = conversation.sessions.iter();
        Self {
            conversation: conversation.conversation_id.clone(),
            sessions: sessions.map(|session| (session.session_id.clone(), session.role.clone())).collect(),
            to: None,
            editor: Editor::default(),
        }
    }

    /// Whom it is for, in words.
    pub(super) fn recipients(&self) -> String {
        let name = |(label, role): &(String, String)| format!("{} ({})", safe_text(label), safe_text(role));
        match self.to.and_then(|index| self.sessions.get(index)) {
            Some(session) => format!("only {}", name(session)),
            None => self.sessions.iter().map(name).collect::<Vec<_>>().join(" and "),
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.editor.insert(text);
    }

    pub(super) fn key(&mut self, key: &KeyEvent) -> Turn {
        let newline = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT);
        match key.code {
            KeyCode::Esc => return Turn::Close,
            KeyCode::Tab => {
                let next = self.to.map_or(0, |index| index + 1);
                self.to = (next < self.sessions.len()).then_some(next);
            }
            KeyCode::Enter if newline => self.editor.insert("\n"),
            KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => self.editor.insert("\n"),
            KeyCode::Enter if !self.editor.text().trim().is_empty() => {
                let to = self.to.and_then(|index| self.sessions.get(index)).map(|(label, _)| label.clone());
                let message = self.editor.text().to_owned();
                return Turn::AskAndClose(Ask::Say { conversation: self.conversation.clone(), to, message });
            }
            _ => self.editor.key(key),
        }
        Turn::Stay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::fixtures::conversation;

    #[test]
    fn a_message_goes_to_all_unless_told_otherwise() {
        let mut form = SayForm::new(&conversation(1));
        assert_eq!(form.key(&KeyCode::Enter.into()), Turn::Stay, "nothing was typed");
        form.paste("stop\r\nnow");
        form.key(&KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT));
        form.key(&KeyCode::Char('!').into());
        let say = |to: Option<&str>| {
            Turn::AskAndClose(Ask::Say {
                conversation: "conv_0000000000000001".into(),
                to: to.map(ToOwned::to_owned),
                message: "stop\nnow\n!".into(),
            })
        };
        assert_eq!(form.recipients(), r"a (backend developer) and b (front\u{202e}end)");
        assert_eq!(form.key(&KeyCode::Enter.into()), say(None));
        form.key(&KeyCode::Tab.into());
        assert_eq!(form.key(&KeyCode::Enter.into()), say(Some("a")));
        form.key(&KeyCode::Tab.into());
        assert_eq!(form.key(&KeyCode::Enter.into()), say(Some("b")));
        form.key(&KeyCode::Tab.into());
        assert_eq!(form.key(&KeyCode::Enter.into()), say(None));
        assert_eq!(form.key(&KeyCode::Esc.into()), Turn::Close);
    }
}
