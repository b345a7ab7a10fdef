//! A person at a pseudo-terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::env::{BRIDGECTL, Env};
use super::{PATIENCE, until_some};

/// Whether a program is told by a signal that its terminal has hung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hangup {
    /// The terminal is its controlling one: SIGHUP comes.
    Signalled,
    /// It only reads and writes there.
    Silent,
}

/// A program, killed when dropped.
pub(crate) struct Program(Child);

impl Program {
    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        until_some("bridgectl ends", || self.0.try_wait().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// `bridgectl` on a pseudo-terminal of its own.
pub(crate) struct Pty {
    /// The process that has it as its controlling terminal, or waits for the one that has.
    pub(crate) program: Program,
    /// Our side of the terminal.
    pub(crate) keyboard: File,
    /// What comes from it.
    pub(crate) screen: Receiver<Vec<u8>>,
}

impl Pty {
    /// Starts it.
    pub(crate) fn start(
        env: &Env,
        arguments: &[&str],
        size: Option<Winsize>,
        term: &str,
        hangup: Hangup,
    ) -> Self {
        // A child that inherits our side would hold its own terminal open.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let keyboard = openpt(flags).unwrap();
        unlockpt(&keyboard).unwrap();
        let slave = File::from(ioctl_tiocgptpeer(&keyboard, flags).unwrap());
        if let Some(size) = size {
            tcsetwinsize(&keyboard, size).unwrap();
        }
        let keyboard = File::from(keyboard);
        let mut setsid = env.command("setsid");
        if hangup == Hangup::Signalled {
            setsid.arg("--ctty");
        }
        let child = setsid
            .args(["--wait", BRIDGECTL])
            .args(arguments)
            .env("TERM", term)
            .stdin(slave.try_clone().unwrap())
            .stdout(Stdio::from(slave.try_clone().unwrap()))
            .stderr(Stdio::from(slave))
            .spawn()
            .unwrap();
        let (sender, screen) = channel();
        let mut reader = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // The terminal fails to read once nobody holds its other side.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { program: Program(child), keyboard, screen }
    }
}

/// `bridgectl` on a terminal of its own, line by line.
pub(crate) struct Person {
    program: Program,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Person {
    /// Starts it with a new pseudo-terminal as its controlling one.
    pub(crate) fn runs(env: &Env, arguments: &[&str]) -> Self {
        let Pty { program, keyboard, screen } = Pty::start(env, arguments, None, "dumb", Hangup::Signalled);
        Self { program, keyboard, screen, seen: String::new() }
    }

    /// Waits until the screen shows that text; returns everything behind it on its line.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> String {
        loop {
            if let Some((_, after)) = self.seen.split_once(text)
                && let Some(line) = after.split(['\n', ':']).next()
                && after.len() > line.len()
            {
                let line = line.trim().to_owned();
                self.seen = after[line.len()..].to_owned();
                return line;
            }
            assert!(self.look(), "the screen never showed {text:?}; it shows:\n{}", self.seen);
        }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for its end; returns the exit code and what the screen showed last.
    #[track_caller]
    pub(crate) fn leaves(mut self) -> (i32, String) {
        while self.look() {}
        let status = self.program.ends();
        (status.code().unwrap(), std::mem::take(&mut self.seen))
    }

    /// Confirms whatever is asked, the phrase included if it is asked for.
    #[track_caller]
    pub(crate) fn confirms(mut self) -> (i32, String) {
        if self.seen_before("Retype the code", "Type I UNDERSTAND") {
            self.types("I UNDERSTAND THE RISKS");
        }
        let code = self.sees("Retype the code ");
        self.types(&code);
        self.leaves()
    }

    /// Whether `second` shows before `first`, or instead of it.
    #[track_caller]
    fn seen_before(&mut self, first: &str, second: &str) -> bool {
        loop {
            match (self.seen.find(first), self.seen.find(second)) {
                (_, Some(_)) => return true,
                (Some(_), None) => return false,
                (None, None) => assert!(self.look(), "neither {first:?} nor {second:?}:\n{}", self.seen),
            }
        }
    }

    /// Takes in what the screen shows next; false once there is nothing more.
    #[track_caller]
    fn look(&mut self) -> bool {
        match self.screen.recv_timeout(PATIENCE) {
            Ok(bytes) => {
                self.seen.push_str(&String::from_utf8_lossy(&bytes));
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("the screen shows nothing new:\n{}", self.seen),
        }
    }
}
