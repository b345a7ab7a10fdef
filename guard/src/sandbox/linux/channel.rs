//! How the processes of the sandbox talk: each has, as its standard input, one end of a socket pair whose other end is
//! held by the process that started it. A message is its length (4 bytes, big endian) and that many bytes of JSON.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::cgroup::Groups;
use crate::outcome::Ended;
use crate::sandbox::Job;

/// The first argument of a re-executed child; its role follows. A word that no command-line parser takes for anything
/// else, so that a program that forgot to call `child_main` refuses to start instead of starting as itself.
pub(super) const MARK: &str = "--bridge-guard-child";

/// More than any job fills: its arguments and environment are at most 2 MiB, or `execve` refuses them.
const LONGEST: u32 = 16 << 20;

/// What a re-executed child is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Starts the job, ends it in time, and stays until everything it started is dead.
    Supervise,
    /// Gives up everything the job must not have, and becomes bubblewrap or the program.
    Enter,
    /// Process 1 of a bubblewrap sandbox.
    Init,
}

impl Role {
    const ALL: [Self; 3] = [Self::Supervise, Self::Enter, Self::Init];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Supervise => "supervise",
            Self::Enter => "enter",
            Self::Init => "init",
        }
    }

    /// The role that a process with these arguments has.
    pub(super) fn of(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<Self> {
        let marked = arguments.nth(1).is_some_and(|argument| argument == MARK);
        let name = arguments.next().filter(|_| marked)?;
        Self::ALL.into_iter().find(|role| name == role.as_str())
    }
}

/// Everything the three children need to know.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) job: Job,
    pub(super) hold: Hold,
    pub(super) cgroups: Groups,
}

/// Which tier, and what it needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Hold {
    Bubblewrap { bwrap: PathBuf },
    Landlock { private: PathBuf },
}

/// What the job's own side tells the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Progress {
    Started,
    Failed(Failure),
    Ended(Ended),
}

/// Why a job did not start.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    /// The isolation could not be set up.
    Setup(String),
    /// The program could not be executed.
    Program(String),
}

/// What the supervisor tells in the end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    NotStarted(Failure),
    /// The tier's own program gave up without a word to us; its words are in the output.
    Silent,
    Ended {
        ended: Ended,
        micros: u64,
    },
    Survivors(usize),
}

/// One end.
#[derive(Debug)]
pub(super) struct Channel(UnixStream);

impl Channel {
    /// The end that this process was started with. It stays where it is, for the program that follows.
    pub(super) fn stdin() -> io::Result<Self> {
        Ok(Self(io::stdin().as_fd().try_clone_to_owned()?.into()))
    }

    /// Starts a command with the other end as its standard input. Takes the command, since it would keep that end.
    pub(super) fn spawn(mut command: Command) -> io::Result<(Self, std::process::Child)> {
        let (ours, theirs) = UnixStream::pair()?;
        let child = command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
        Ok((Self(ours), child))
    }

    pub(super) fn send<T: Serialize>(&mut self, message: &T) -> io::Result<()> {
        let body = serde_json::to_vec(message)?;
        let length = u32::try_from(body.len()).ok().filter(|length| *length <= LONGEST);
        let length =
            length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the job is too long"))?;
        self.0.write_all(&length.to_be_bytes())?;
        self.0.write_all(&body)
    }

    /// The next message; none when the other side is gone.
    pub(super) fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut length = [0; 4];
        if let Err(error) = self.0.read_exact(&mut length) {
            let gone = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset].contains(&error.kind());
            return if gone { Ok(None) } else { Err(error) };
        }
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message longer than any"));
        }
        let mut body = vec![0; length as usize];
        self.0.read_exact(&mut body)?;
        Ok(Some(serde_json::from_slice(&body)?))
    }

    /// The orders, which come first.
    pub(super) fn orders(&mut self) -> io::Result<Orders> {
        self.receive()?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl std::os::fd::AsFd for Channel {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mark_in_first_place_makes_a_child() {
        let role = |arguments: &[&str]| Role::of(arguments.iter().map(Into::into));
        assert_eq!(role(&["bridged", MARK, "enter"]), Some(Role::Enter));
        assert_eq!(role(&["bridged", "enter"]), None);
        assert_eq!(role(&["bridged", "run", MARK, "enter"]), None);
        assert_eq!(role(&["bridged", MARK]), None);
        assert_eq!(role(&["bridged", MARK, "other"]), None);
        assert_eq!(role(&[]), None);
    }

    #[test]
    fn messages_arrive_whole_and_in_order_and_a_silent_end_is_noticed() {
        let (a, b) = UnixStream::pair().unwrap();
        let (mut a, mut b) = (Channel(a), Channel(b));
        a.send(&Progress::Started).unwrap();
        a.send(&Progress::Ended(Ended::Code(3))).unwrap();
        drop(a);
        assert!(matches!(b.receive().unwrap(), Some(Progress::Started)));
        assert!(matches!(b.receive().unwrap(), Some(Progress::Ended(Ended::Code(3)))));
        assert!(b.receive::<Progress>().unwrap().is_none());
    }
}
