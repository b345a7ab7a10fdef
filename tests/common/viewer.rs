//! A person before a full-screen program: an emulated terminal behind a pseudo-terminal.

use std::fs::File;
use std::io::Write as _;
use std::num::NonZero;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::sys::termios::{LocalFlags, tcgetattr};
use rustix::termios::Winsize;

use super::PATIENCE;
use super::env::Env;
use super::processes::signal;
use super::pty::{Hangup, Program, Pty};

const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// `bridgectl` on a terminal of 80 by 24.
pub(crate) struct Viewer {
    program: Program,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
}

impl Viewer {
    pub(crate) fn runs(env: &Env, arguments: &[&str]) -> Self {
        Self::runs_on(env, arguments, Hangup::Signalled)
    }

    /// The same, on a terminal that hangs up in that way.
    pub(crate) fn runs_on(env: &Env, arguments: &[&str], hangup: Hangup) -> Self {
        let Pty { program, keyboard, screen } =
            Pty::start(env, arguments, Some(SIZE), "xterm-256color", hangup);
        let [rows, columns] = [SIZE.ws_row, SIZE.ws_col].map(|size| NonZero::new(size).unwrap());
        Self { program, keyboard, output: screen, terminal: vt100::Parser::new(rows, columns, 0) }
    }

    /// What the screen shows now.
    pub(crate) fn picture(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Waits until the screen shows that text.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        self.waits(&format!("{text:?} shows"), |picture| picture.contains(text));
    }

    /// Waits until the screen no longer shows that text.
    #[track_caller]
    pub(crate) fn sees_no_longer(&mut self, text: &str) {
        self.waits(&format!("{text:?} goes"), |picture| !picture.contains(text));
    }

    /// The clock on the screen goes on, so that something new comes for ever.
    #[track_caller]
    fn waits(&mut self, what: &str, condition: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !condition(&self.picture()) {
            assert!(start.elapsed() < PATIENCE, "waited in vain: {what}:\n{}", self.picture());
            assert!(self.look(), "the program ended before {what}:\n{}", self.picture());
        }
    }

    /// Presses keys, as the terminal sends them.
    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Sends a signal to the program that has the terminal.
    pub(crate) fn signal(&self, env: &Env, which: Signal) {
        let all = env.processes("bridgectl");
        assert_eq!(all.len(), 1, "{all:?}");
        signal(all[0], which);
    }

    /// Waits for the end; the terminal must be as it was.
    #[track_caller]
    pub(crate) fn leaves(mut self) -> (ExitStatus, String) {
        while self.look() {}
        let status = self.program.ends();
        let screen = self.terminal.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes come as they are");
        let modes = tcgetattr(&self.keyboard).unwrap().local_flags;
        assert!(modes.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG), "{modes:?}");
        (status, self.picture())
    }

    /// Takes the terminal away, as when its window is closed, and waits for the end.
    #[track_caller]
    pub(crate) fn hangs_up(self) -> ExitStatus {
        let Self { mut program, keyboard, output, .. } = self;
        // The thread that reads the other side lets go of it with the next picture.
        drop((keyboard, output));
        program.ends()
    }

    /// Whether the alternate screen is shown.
    pub(crate) fn is_full_screen(&self) -> bool {
        self.terminal.screen().alternate_screen()
    }

    /// Takes in what the program writes next; false once there is nothing more.
    #[track_caller]
    fn look(&mut self) -> bool {
        match self.output.recv_timeout(PATIENCE) {
            Ok(bytes) => {
                self.terminal.process(&bytes);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("the screen shows nothing new:\n{}", self.picture()),
        }
    }
}
