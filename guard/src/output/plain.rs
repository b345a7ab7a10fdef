//! Bytes meant for a terminal, as plain text.

use vte::{Parser, Perform};

use super::invisible::is_invisible;

const ESCAPE: char = '\u{1b}';

/// Text without anything that a terminal would obey: of control characters only newline and tab are left, and nothing
/// invisible.
///
/// * Bytes that are not UTF-8 become U+FFFD.
/// * Escape sequences go as a whole (ECMA-48: CSI, OSC, DCS, …; with `ESC` or with the C1 control, as a byte or in
///   UTF-8). One that does not end takes no more than its line along, so that nothing can be swallowed by an opening
///   alone.
/// * `\r\n` and `\r` become `\n`: what a terminal would have overwritten is shown.
/// * Bold and underlining by overstriking (`x\bx`, `_\bx`) become `x`; any other backspace goes, and what it would have
///   covered stays.
/// * Invisible and bidirectional characters go: they could hide instructions, show text in an order other than the one
///   in which it is read, or split a secret.
#[must_use]
pub fn plain(bytes: &[u8]) -> String {
    let text = decode(bytes);
    let mut sink = Sink { text: String::with_capacity(text.len()), ..Sink::default() };
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            sink.newline();
        }
        if line.contains(ESCAPE) {
            Parser::new().advance(&mut sink, line.as_bytes());
        } else {
            line.chars().for_each(|c| sink.character(c));
        }
    }
    sink.return_alone();
    sink.text
}

/// UTF-8 with every C1 control as the two characters that mean the same (ECMA-48, 5.3).
fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match seven_bit(u32::from(c)) {
                Some(second) => text.extend([ESCAPE, second]),
                None => text.push(c),
            }
        }
        // A byte that belongs to a broken character is no control.
        match chunk.invalid() {
            [] => {}
            &[byte] if let Some(second) = seven_bit(u32::from(byte)) => text.extend([ESCAPE, second]),
            _ => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    text
}

fn seven_bit(c1: u32) -> Option<char> {
    (0x80..=0x9f).contains(&c1).then(|| char::from_u32(c1 - 0x40)).flatten()
}

#[derive(Default)]
struct Sink {
    text: String,
    /// A carriage return came, and what comes next decides whether it stands alone.
    returned: bool,
    /// A backspace came.
    back: bool,
}

impl Sink {
    fn newline(&mut self) {
        (self.returned, self.back) = (false, false);
        self.text.push('\n');
    }

    fn return_alone(&mut self) {
        if self.returned {
            self.newline();
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '\r' => {
                self.return_alone();
                self.returned = true;
            }
            '\u{8}' => {
                self.return_alone();
                self.back = true;
            }
            '\u{2028}' | '\u{2029}' | '\u{85}' => {
                self.return_alone();
                self.newline();
            }
            c if (c.is_control() && c != '\t' && c != '\n') || is_invisible(c) => {}
            c => self.visible(c),
        }
    }

    fn visible(&mut self, c: char) {
        self.return_alone();
        if std::mem::take(&mut self.back) {
            match self.text.chars().next_back() {
                Some(last) if last == c || c == '_' && last != '\n' => return,
                Some('_') => {
                    self.text.pop();
                }
                _ => {}
            }
        }
        self.text.push(c);
    }
}

impl Perform for Sink {
    fn print(&mut self, c: char) {
        self.character(c);
    }

    fn execute(&mut self, byte: u8) {
        self.character(char::from(byte));
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _ignored: bool, byte: u8) {
        // NEL, the one C1 control that ends a line.
        if intermediates.is_empty() && byte == b'E' {
            self.character('\u{85}');
        }
    }
}
