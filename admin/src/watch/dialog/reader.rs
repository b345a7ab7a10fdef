//! A text that may be longer than the dialog it is shown in.

use crossterm::event::{KeyCode, KeyEvent};

/// Where the reader of a text is.
#[derive(Debug, Default)]
pub(in crate::watch) struct Reader {
    offset: usize,
    lines: usize,
    rows: usize,
    read: bool,
}

impl Reader {
    /// Notes how long the text is and how much of it can be seen; returns the first line to be shown.
    pub(super) fn measure(&mut self, lines: usize, rows: usize) -> usize {
        (self.lines, self.rows) = (lines, rows);
        self.scroll(0);
        self.offset
    }

    /// Whether the end has been in view.
    pub(super) fn has_read(&self) -> bool {
        self.read
    }

    /// Whether there is more below.
    pub(super) fn has_more(&self) -> bool {
        self.offset + self.rows < self.lines
    }

    /// Moves on keys that cannot be part of a typed text; false if this is none.
    pub(super) fn page_key(&mut self, key: &KeyEvent) -> bool {
        let page = isize::try_from(self.rows).unwrap_or(isize::MAX).max(2) - 1;
        match key.code {
            KeyCode::PageDown => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::Down => self.scroll(1),
            KeyCode::Up => self.scroll(-1),
            _ => return false,
        }
        true
    }

    /// Moves.
    pub(super) fn key(&mut self, key: &KeyEvent) {
        match key.code {
            KeyCode::Char('j') => self.scroll(1),
            KeyCode::Char('k') => self.scroll(-1),
            KeyCode::Char('g') | KeyCode::Home => self.scroll(isize::MIN / 2),
            KeyCode::Char('G') | KeyCode::End => self.scroll(isize::MAX / 2),
            _ => drop(self.page_key(key)),
        }
    }

    fn scroll(&mut self, by: isize) {
        self.offset = self.offset.saturating_add_signed(by).min(self.lines.saturating_sub(self.rows));
        self.read |= self.rows > 0 && !self.has_more();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_in_view_is_not_read() {
        let mut reader = Reader::default();
        assert!(!reader.has_read(), "not even drawn");
        assert_eq!(reader.measure(10, 4), 0);
        reader.page_key(&KeyCode::PageDown.into());
        assert_eq!((reader.measure(10, 4), reader.has_read()), (3, false));
        reader.page_key(&KeyCode::PageDown.into());
        assert_eq!((reader.measure(10, 4), reader.has_read(), reader.has_more()), (6, true, false));
        reader.page_key(&KeyCode::PageUp.into());
        assert!(reader.has_read() && reader.has_more());
        let mut short = Reader::default();
        short.measure(3, 4);
        assert!(short.has_read());
    }
}
