//! How far something long has come, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

/// A line on standard error that is written over and over, if a person watches; nothing else otherwise.
pub(crate) struct Progress {
    what: &'static str,
    shown: Option<i64>,
    watched: bool,
}

impl Progress {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, shown: None, watched: io::stderr().is_terminal() }
    }

    /// Says that `done` of `total` is done.
    pub(crate) fn show(&mut self, done: i64, total: i64) {
        let percent = done.saturating_mul(100) / total.max(1);
        if self.watched && self.shown != Some(percent) {
            self.shown = Some(percent);
            write_over(&format!("{} … {percent} %", self.what));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            write_over("");
        }
    }
}

/// Erases the line (ECMA-48, 8.3.41) and writes it anew. When nobody reads it there is nobody left to tell.
fn write_over(text: &str) {
    let mut stream = io::stderr();
    let _told = write!(stream, "\r\x1b[K{text}").and_then(|()| stream.flush()).is_ok();
}
