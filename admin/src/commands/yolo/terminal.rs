//! The person at the controlling terminal, whatever standard input and output are.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};

use crate::failure::Failure;

/// The controlling terminal.
pub(super) struct Terminal {
    input: BufReader<File>,
    output: File,
}

impl Terminal {
    /// Opens it; a process without one is not a person's.
    pub(super) fn open() -> Result<Self, Failure> {
        let open = || OpenOptions::new().read(true).write(true).open("/dev/tty");
        let opened = open().and_then(|input| Ok((input, open()?)));
        let (input, output) = opened.map_err(|error| {
            Failure::HumanOnly(format!(
                "this is for people and there is no terminal to ask one ({error}); run it in a terminal of your own"
            ))
        })?;
        Ok(Self { input: BufReader::new(input), output })
    }

    /// Shows a text.
    pub(super) fn show(&mut self, text: &str) -> Result<(), Failure> {
        self.output
            .write_all(text.as_bytes())
            .and_then(|()| self.output.flush())
            .map_err(|error| Failure::failed("writing to the terminal", error))
    }

    /// Asks for a line.
    pub(super) fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.show(question)?;
        let mut line = String::new();
        let read = self.input.read_line(&mut line);
        match read.map_err(|error| Failure::failed("reading from the terminal", error))? {
            0 => Err(Failure::Failed("nothing was typed; nothing was decided".to_owned())),
            _ => Ok(line.trim().to_owned()),
        }
    }

    /// Asks for something that must not be seen.
    pub(super) fn ask_hidden(&mut self, question: &str) -> Result<String, Failure> {
        self.show("")?;
        rpassword::prompt_password(question)
            .map_err(|error| Failure::failed("reading the passphrase from the terminal", error))
    }
}
