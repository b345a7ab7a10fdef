//! A typed text: keys of any line editor.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use textwrap::core::display_width;
use tui_input::{Input, InputRequest};

/// A text under construction.
#[derive(Debug, Default)]
pub(super) struct Editor {
    input: Input,
}

impl Editor {
    /// What was typed.
    pub(super) fn text(&self) -> &str {
        self.input.value()
    }

    /// Takes in a key.
    pub(super) fn key(&mut self, key: &KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let request = match key.code {
            KeyCode::Char('a') if control => InputRequest::GoToStart,
            KeyCode::Char('e') if control => InputRequest::GoToEnd,
            KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
            KeyCode::Char('u') if control => InputRequest::DeleteLine,
            KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
            KeyCode::Char(_) if control => return,
            KeyCode::Char(letter) => InputRequest::InsertChar(letter),
            KeyCode::Backspace => InputRequest::DeletePrevChar,
            KeyCode::Delete => InputRequest::DeleteNextChar,
            KeyCode::Left => InputRequest::GoToPrevChar,
            KeyCode::Right => InputRequest::GoToNextChar,
            KeyCode::Home => InputRequest::GoToStart,
            KeyCode::End => InputRequest::GoToEnd,
            _ => return,
        };
        self.input.handle(request);
    }

    /// Takes in text as a whole: its lines stay lines, other control characters are left out.
    pub(super) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
        for letter in text.chars().filter(|letter| *letter == '\n' || !letter.is_control()) {
            self.input.handle(InputRequest::InsertChar(letter));
        }
    }

    /// The text broken at `width` columns, and the column and line of the cursor.
    pub(super) fn layout(&self, width: usize) -> (Vec<String>, (usize, usize)) {
        let (mut lines, mut column, mut cursor) = (vec![String::new()], 0, (0, 0));
        for (index, letter) in self.text().chars().chain([' ']).enumerate() {
            let columns = display_width(letter.encode_utf8(&mut [0; 4]));
            if letter != '\n' && column + columns > width.max(1) {
                lines.push(String::new());
                column = 0;
            }
            if index == self.input.cursor() {
                cursor = (column, lines.len() - 1);
            }
            if letter == '\n' {
                lines.push(String::new());
                column = 0;
            } else if let Some(line) = lines.last_mut() {
                line.push(letter);
                column += columns;
            }
        }
        (lines, cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Editor {
        let mut editor = Editor::default();
        text.chars().for_each(|letter| editor.key(&KeyCode::Char(letter).into()));
        editor
    }

    #[test]
    fn a_line_is_edited() {
        let mut editor = typed("hello world");
        editor.key(&KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        editor.key(&KeyCode::Home.into());
        editor.key(&KeyCode::Delete.into());
        editor.key(&KeyCode::Char('H').into());
        assert_eq!(editor.text(), "Hello ");
        editor.insert("you\r\nand\tme\u{1b}[2J");
        assert!(editor.text().ends_with("ello ") && editor.text().contains("you\nand    me[2J"));
    }

    #[test]
    fn the_cursor_is_where_the_next_letter_goes() {
        let at = |text: &str| typed(text).layout(4).1;
        assert_eq!((at(""), at("abc"), at("abcd"), at("abcdef")), ((0, 0), (3, 0), (0, 1), (2, 1)));
        assert_eq!((at("a\n"), at("東京東")), ((0, 1), (2, 1)));
        let (lines, _) = typed("ab\ncdefgh").layout(4);
        assert_eq!(lines, ["ab", "cdef", "gh "]);
    }
}
