//! The terminal while it is taken over, and its return to what it was, however the program ends.

use std::io::{self, IsTerminal as _, Stdout};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd as _;
use std::sync::Once;
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::failure::Failure;

/// What a program ends with that SIGHUP ends.
const HANGUP: u8 = Signal::SIGHUP as u8;

/// The full screen, until dropped.
pub(super) struct Screen {
    /// Never dropped: it would complain on a standard error that may be gone with the terminal, and panic over that. What
    /// it would do, [`restore`] does.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn open() -> Result<Self, Failure> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Failure::Usage(
                "`watch` draws on a terminal, and this is none; for programs there are `status --json`, `show --json` and \
                 `audit --follow --json`"
                    .to_owned(),
            ));
        }
        restore_on_panic();
        let opened = enable_raw_mode()
            .and_then(|()| execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste))
            .and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
        match opened {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal) }),
            Err(error) => {
                restore();
                Err(Failure::failed("taking the terminal over", error))
            }
        }
    }

    /// What the person does next, if it is done within that time. [`Failure::Interrupted`] once the terminal has hung up:
    /// SIGHUP goes only to programs whose controlling terminal it was.
    pub(super) fn event(&self, within: Duration) -> Result<Option<Event>, Failure> {
        let came = event::poll(within).and_then(|came| came.then(event::read).transpose());
        if has_hung_up()? {
            return Err(Failure::Interrupted(HANGUP));
        }
        came.map_err(|error| Failure::failed("reading from the terminal", error))
    }

    /// Draws one picture.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> Result<(), Failure> {
        let drawn = self.terminal.draw(render);
        match drawn {
            Ok(_) => Ok(()),
            Err(_) if has_hung_up()? => Err(Failure::Interrupted(HANGUP)),
            Err(error) => Err(Failure::from_output(&error)),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Whether nobody holds the terminal's other side any more. Input that was typed before does not count then.
fn has_hung_up() -> Result<bool, Failure> {
    let stdin = io::stdin();
    let mut terminal = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
    match poll(&mut terminal, PollTimeout::ZERO) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(error) => return Err(Failure::failed("looking at the terminal", error)),
    }
    Ok(terminal[0].any().unwrap_or(true))
}

/// A terminal that is gone needs no restoring, so failures do not count.
fn restore() {
    let _left = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show).is_ok();
    let _cooked = disable_raw_mode().is_ok();
}

/// The words of a panic must be readable, and the terminal usable after it.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
        }));
    });
}
