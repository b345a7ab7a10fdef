//! Standard output: colours, width, and an end without noise when its reader has gone.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use bridge_daemon::clock;
use bridge_daemon::domain::time::Timestamp;
use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;
use crate::text::{safe_json, safe_json_pretty};

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    #[default]
    Auto,
    /// Even into a pipe
    Always,
    /// Not at all
    Never,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tint {
    /// A heading.
    Heading,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Bad,
    /// Beside the point.
    Faint,
    /// The first of two speakers.
    First,
    /// The second of two speakers.
    Second,
}

impl Tint {
    /// Parameters of the SGR sequence (ECMA-48, 8.3.117); the sixteen basic colours work on any background.
    const fn sgr(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "1;31",
            Self::Faint => "2",
            Self::First => "36",
            Self::Second => "35",
        }
    }
}

/// What decides how things look, apart from the things themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Use colours.
    pub(crate) color: bool,
    /// A person watches; otherwise a pipe or a file gets it.
    pub(crate) terminal: bool,
    /// Columns of the terminal.
    pub(crate) width: Option<u16>,
    /// The current time, for ages.
    pub(crate) now: Timestamp,
}

impl Look {
    /// Colours a text, if there are colours.
    pub(crate) fn paint(&self, tint: Tint, text: &str) -> String {
        paint(self.color, tint, text)
    }
}

fn paint(color: bool, tint: Tint, text: &str) -> String {
    if color { format!("\x1b[{}m{text}\x1b[0m", tint.sgr()) } else { text.to_owned() }
}

/// Where commands print.
pub(crate) struct Screen {
    look: Look,
    color_errors: bool,
    out: BufWriter<Stdout>,
}

impl Screen {
    pub(crate) fn new(choice: ColorChoice) -> Self {
        let terminal = io::stdout().is_terminal();
        let look = Look {
            color: wants_color(choice, terminal),
            terminal,
            width: if terminal { width() } else { None },
            now: clock::now(),
        };
        let color_errors = wants_color(choice, io::stderr().is_terminal());
        Self { look, color_errors, out: BufWriter::new(io::stdout()) }
    }

    pub(crate) fn look(&self) -> Look {
        self.look
    }

    /// Prints a text as it is.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(|error| Failure::from_output(&error))
    }

    /// For what writes by itself.
    pub(crate) fn writer(&mut self) -> &mut impl io::Write {
        &mut self.out
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.print(text)?;
        self.print("\n")
    }

    /// Prints a value as indented JSON.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(&safe_json_pretty(value)?)
    }

    /// Prints a value as one line of JSON.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        self.line(&safe_json(value)?)
    }

    /// Lets the reader see everything so far.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| Failure::from_output(&error))
    }

    /// Tells a person something beside the output.
    pub(crate) fn note(&self, text: &str) {
        complain(&paint(self.color_errors, Tint::Warning, text));
    }

    /// Tells a person why it did not work.
    pub(crate) fn problem(&self, failure: &Failure) {
        complain(&format!("{}: {failure}", paint(self.color_errors, Tint::Bad, "bridgectl")));
    }
}

/// A line on standard error. When nobody reads that either, there is nobody left to tell.
fn complain(line: &str) {
    let _told = writeln!(io::stderr(), "{line}").is_ok();
}

/// <https://no-color.org>: any non-empty value means no colours, unless they are asked for.
fn wants_color(choice: ColorChoice, terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

fn width() -> Option<u16> {
    comfy_table::Table::new().width()
}
