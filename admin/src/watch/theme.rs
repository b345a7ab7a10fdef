//! Colours: the sixteen of the terminal, which its owner has made readable on their background, or none.

use ratatui::style::{Color, Modifier, Style};

use crate::screen::Tint;

/// Whether there are colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    pub(super) color: bool,
}

impl Theme {
    /// The look of a meaning, the same as the other commands print it.
    pub(super) fn style(self, tint: Tint) -> Style {
        let (modifier, color) = match tint {
            Tint::Heading => (Modifier::BOLD, None),
            Tint::Good => (Modifier::empty(), Some(Color::Green)),
            Tint::Warning => (Modifier::empty(), Some(Color::Yellow)),
            Tint::Bad => (Modifier::BOLD, Some(Color::Red)),
            Tint::Faint => (Modifier::DIM, None),
            Tint::First => (Modifier::empty(), Some(Color::Cyan)),
            Tint::Second => (Modifier::empty(), Some(Color::Magenta)),
        };
        let style = Style::new().add_modifier(modifier);
        match color {
            Some(color) if self.color => style.fg(color),
            _ => style,
        }
    }

    /// The selected entry of the list that has the keyboard.
    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}
