//! Limits that a process carries along.

use std::fs;

use nix::sys::resource::{Resource, setrlimit};

use super::cgroup::Groups;
use crate::sandbox::Limits;

/// Above everything a user does at work, so that the machine stays usable.
const NICENESS: i32 = 10;

/// Seconds of processor time beyond the job's own time; the deadline comes first.
const SLACK: u64 = 5;

/// Applies the limits to this process and all it will start. `counted` says that a control group counts processes and
/// memory of the whole job; else the limit of processes is on top of what the user runs already, and the limit of
/// memory holds for each process.
pub(super) fn apply(limits: &Limits, counted: &Groups) -> nix::Result<()> {
    let both = |resource, value| setrlimit(resource, value, value);
    // The deadline is in seconds of the clock; several processors pass more than one second of work in it.
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let seconds = limits.time.as_secs().saturating_add(SLACK).saturating_mul(processors);
    both(Resource::RLIMIT_CPU, seconds)?;
    both(Resource::RLIMIT_CORE, 0)?;
    both(Resource::RLIMIT_FSIZE, limits.file)?;
    both(Resource::RLIMIT_NOFILE, limits.open_files)?;
    both(Resource::RLIMIT_RTPRIO, 0)?;
    if !counted.processes {
        both(Resource::RLIMIT_NPROC, limits.processes.saturating_add(running_already()))?;
    }
    if !counted.memory {
        // Not the address space: Node.js and Java reserve hundreds of times what they use.
        both(Resource::RLIMIT_DATA, limits.memory)?;
    }
    // Whoever cannot be nicer was nicer already.
    rustix::process::nice(NICENESS).ok();
    Ok(())
}

/// Threads of this process's user, which the kernel counts together.
fn running_already() -> u64 {
    let user = nix::unistd::getuid().as_raw();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let statuses = processes.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    statuses.filter_map(|status| threads_of(&status, user)).sum()
}

/// Threads of a process by its `/proc/PID/status`, if it is this user's.
fn threads_of(status: &str, user: u32) -> Option<u64> {
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    let owner: u32 = field("Uid:")?.parse().ok()?;
    if owner == user { field("Threads:")?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_for_their_user_only() {
        let status = "Name:\tx\nUid:\t1000\t0\t0\t0\nThreads:\t7\n";
        assert_eq!(threads_of(status, 1000), Some(7));
        assert_eq!(threads_of(status, 0), None);
        assert_eq!(threads_of("Uid:\t1000", 1000), None);
    }

    #[test]
    fn this_process_is_counted() {
        assert!(running_already() >= 1);
    }
}
