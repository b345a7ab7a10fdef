//! When the relay's loop wakes up, and what for.

use std::ops::ControlFlow::{self, Break, Continue};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{BACKLOG, Relay};
use crate::client::is_broken;
use crate::link::Link;

/// Which descriptors have something to do.
#[derive(Default)]
pub(super) struct Ready {
    /// The client wrote something, or closed.
    pub(super) stdin: bool,
    /// The client closed while it is not read from.
    pub(super) hangup: bool,
    /// The daemon wrote something, or closed.
    pub(super) daemon: bool,
}

impl Relay<'_> {
    /// Sleeps until something can be done.
    pub(super) fn wait(&self) -> ControlFlow<ExitCode, Ready> {
        let none = PollFlags::empty();
        let stdout = self.client.stdout();
        let may_read =
            !self.session.is_full() && self.up.len() <= BACKLOG && self.client.backlog() <= BACKLOG;
        let (out, input) = (
            if self.client.backlog() > 0 { PollFlags::POLLOUT } else { none },
            if may_read { PollFlags::POLLIN } else { none },
        );
        // A hangup cannot be masked. Where it could not be acted upon, the descriptor is left out (standard output
        // stands in), or polling would spin.
        let stdin = self.client.stdin().filter(|_| may_read || self.closing.is_none());
        let events = self.daemon_events();
        let daemon = self.link.stream().filter(|_| !events.is_empty());
        let mut fds = [
            PollFd::new(stdout, out),
            stdin.map_or(PollFd::new(stdout, none), |fd| PollFd::new(fd, input)),
            daemon.map_or(PollFd::new(stdout, none), |stream| PollFd::new(stream.as_fd(), events)),
        ];
        if poll(&mut fds, self.timeout()).is_err() {
            return Continue(Ready::default());
        }
        let seen = fds.each_ref().map(|fd| fd.revents().unwrap_or(PollFlags::POLLERR));
        if is_broken(seen[0]) {
            return Break(ExitCode::SUCCESS);
        }
        Continue(Ready {
            stdin: stdin.is_some() && may_read && !seen[1].is_empty(),
            hangup: stdin.is_some() && !may_read && is_broken(seen[1]),
            daemon: seen[2].intersects(PollFlags::POLLIN) || (daemon.is_some() && is_broken(seen[2])),
        })
    }

    fn daemon_events(&self) -> PollFlags {
        let mut events = PollFlags::empty();
        events.set(PollFlags::POLLIN, self.client.backlog() <= BACKLOG);
        let waiting = !self.preamble.is_empty() || (matches!(self.link, Link::Up(_)) && !self.up.is_empty());
        events.set(PollFlags::POLLOUT, waiting);
        events
    }

    fn timeout(&self) -> PollTimeout {
        let link = match &self.link {
            Link::Up(_) => None,
            Link::Down => Some(self.connector.retry_at()),
            Link::Greeting { deadline, .. } => Some(*deadline),
            Link::Refused { until, .. } => *until,
        };
        let Some(due) = [link, self.closing, self.patience_ends()].into_iter().flatten().min() else {
            return PollTimeout::NONE;
        };
        // Rounded up: waking just before the time would mean spinning until then.
        let wait = due.saturating_duration_since(self.now) + Duration::from_millis(1);
        PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
    }
}
