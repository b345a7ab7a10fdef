//! The supervisor: starts the job's own side, ends it in time, and stays until everything it started is dead. It dies
//! with the daemon, and not before the job.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, setsid};
use rustix::process::{PidfdFlags, pidfd_open};

use super::channel::{Channel, Failure, Hold, MARK, Orders, Progress, Report, Role};
use super::{descendants, landlock};
use crate::outcome::Ended;

/// Runs a job by the orders on standard input and reports there.
pub(super) fn main() -> i32 {
    let Ok(mut daemon) = Channel::stdin() else { return 1 };
    let report = daemon.orders().and_then(|orders| supervise(&orders, &daemon));
    let report = report.unwrap_or_else(|error| Report::NotStarted(Failure::Setup(error.to_string())));
    i32::from(daemon.send(&report).is_err())
}

/// Why the supervisor stopped waiting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Finished,
    TimeOver,
    DaemonGone,
}

fn supervise(orders: &Orders, daemon: &Channel) -> io::Result<Report> {
    setsid()?;
    nix::sys::prctl::set_child_subreaper(true)?;
    let begin = Instant::now();
    let mut command = Command::new("/proc/self/exe");
    command.arg0("bridge-guard").args([MARK, Role::Enter.as_str()]).env_clear().current_dir("/");
    let (mut inside, child) = Channel::spawn(command)?;
    let exit = watch_exit(&child)?;
    // A side that gave up did so with words of its own.
    let mut stop = match tell(&mut inside, orders) {
        Ok(()) => wait(orders, begin, daemon, &exit)?,
        Err(_) => Stop::Finished,
    };
    let micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
    let main = i32::try_from(child.id()).map(Pid::from_raw).map_err(io::Error::other)?;
    let mut ended = None;
    let survivors = descendants::kill_all(&orders.cgroups.paths, |process, status| {
        if process == main {
            ended = ended_by(status);
        }
    });
    if stop == Stop::DaemonGone {
        clean_up(orders);
    }
    if survivors > 0 {
        return Ok(Report::Survivors(survivors));
    }
    if stop == Stop::TimeOver && matches!(ended, Some(Ended::Code(_))) {
        stop = Stop::Finished;
    }
    Ok(judge(&mut inside, orders, stop, ended, micros))
}

/// The orders are for whoever is at the other end first, and in a bubblewrap sandbox again for process 1.
fn tell(inside: &mut Channel, orders: &Orders) -> io::Result<()> {
    inside.send(orders)?;
    match orders.hold {
        Hold::Bubblewrap { .. } => inside.send(orders),
        Hold::Landlock { .. } => Ok(()),
    }
}

/// What the daemon would have done.
fn clean_up(orders: &Orders) {
    orders.cgroups.remove();
    if let Hold::Landlock { private } = &orders.hold {
        landlock::remove(private);
    }
}

fn watch_exit(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    Ok(pidfd_open(pid.ok_or(io::ErrorKind::NotFound)?, PidfdFlags::empty())?)
}

/// Waits until the child ends, the time is over or the daemon is gone.
fn wait(orders: &Orders, begin: Instant, daemon: &Channel, exit: &OwnedFd) -> io::Result<Stop> {
    loop {
        let left = orders.job.limits.time.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(Stop::TimeOver);
        }
        // Rounded up, so that the last wait does not become many of no time at all.
        let timeout = PollTimeout::try_from(left.as_millis().saturating_add(1)).unwrap_or(PollTimeout::MAX);
        let mut watched =
            [PollFd::new(exit.as_fd(), PollFlags::POLLIN), PollFd::new(daemon.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [finished, gone] = watched.map(|one| one.any() == Some(true));
        if finished {
            return Ok(Stop::Finished);
        }
        if gone {
            return Ok(Stop::DaemonGone);
        }
    }
}

/// What came of it, by what the job's side said and by how it ended. Everything is dead, so all it said is there.
fn judge(inside: &mut Channel, orders: &Orders, stop: Stop, ended: Option<Ended>, micros: u64) -> Report {
    // Executing the program closes the channel, so in the other tier silence means it started.
    let mut started = matches!(orders.hold, Hold::Landlock { .. });
    let mut told = None;
    while let Ok(Some(progress)) = inside.receive() {
        match progress {
            Progress::Started => started = true,
            Progress::Failed(failure) => return Report::NotStarted(failure),
            Progress::Ended(ended) => told = Some(ended),
        }
    }
    match (stop, told.or(ended)) {
        (Stop::TimeOver, _) if told.is_none() => Report::Ended { ended: Ended::TimedOut, micros },
        (_, Some(ended)) if started => Report::Ended { ended, micros },
        _ => Report::Silent,
    }
}

/// How a process ended, if it did.
pub(super) fn ended_by(status: WaitStatus) -> Option<Ended> {
    match status {
        WaitStatus::Exited(_, code) => Some(Ended::Code(code)),
        WaitStatus::Signaled(_, signal, _) => Some(Ended::Signal(signal as i32)),
        _ => None,
    }
}
