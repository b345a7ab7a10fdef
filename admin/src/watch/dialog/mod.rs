//! What lies over the panes and has the keyboard: help, details, decisions, the person's own message.

mod confirm;
mod details;
mod draw;
mod editor;
mod reader;
mod refusal;
mod say;

use crossterm::event::{KeyCode, KeyEvent};

pub(super) use confirm::Confirm;
pub(super) use details::Details;
pub(super) use draw::draw;
pub(super) use refusal::Refusal;
pub(super) use say::SayForm;

use super::feed::Ask;
use reader::Reader;

/// What a dialog wants after a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// To go on.
    Stay,
    /// To be closed.
    Close,
    /// To have the daemon asked, and to wait for its answer.
    Ask(Ask),
    /// To have the daemon asked, and to be closed.
    AskAndClose(Ask),
}

/// A dialog.
#[derive(Debug)]
pub(super) enum Dialog {
    /// The keys.
    Help(Reader),
    /// One entry, whole.
    Details(Details),
    /// A command or a mode is released.
    Confirm(Confirm),
    /// A command or a mode is refused.
    Refusal(Refusal),
    /// The person says something.
    Say(SayForm),
}

impl Dialog {
    pub(super) fn help() -> Self {
        Self::Help(Reader::default())
    }

    /// Takes in a key.
    pub(super) fn key(&mut self, key: &KeyEvent) -> Turn {
        match self {
            Self::Help(reader) | Self::Details(Details { reader, .. }) => match key.code {
                KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | '?') => Turn::Close,
                _ => {
                    reader.key(key);
                    Turn::Stay
                }
            },
            Self::Confirm(confirm) => confirm.key(key),
            Self::Refusal(refusal) => refusal.key(key),
            Self::Say(form) => form.key(key),
        }
    }

    /// Takes in pasted text.
    pub(super) fn paste(&mut self, text: &str) {
        match self {
            Self::Confirm(confirm) => confirm.paste(text),
            Self::Say(form) => form.paste(text),
            Self::Help(_) | Self::Details(_) | Self::Refusal(_) => {}
        }
    }
}
