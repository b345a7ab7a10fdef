//! Nothing that a job started outlives it, however it hid: the supervisor adopts orphans, so everything alive that the
//! job ever started is below the supervisor.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

/// After this, something cannot be killed: it hangs in the kernel.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at who is left.
const PAUSE: Duration = Duration::from_millis(2);

/// Kills every descendant of this process and reaps it; `on_end` hears how each of the direct ones ended. Gives the
/// number of those that would not die.
pub(super) fn kill_all(cgroups: &[PathBuf], mut on_end: impl FnMut(Pid, WaitStatus)) -> usize {
    no_more_of_them(cgroups);
    let begin = Instant::now();
    while !reap(&mut on_end) {
        let living = freeze();
        if begin.elapsed() > PATIENCE {
            return living.len();
        }
        for process in &living {
            // It may be dead already.
            kill(*process, Signal::SIGKILL).ok();
        }
        std::thread::sleep(PAUSE);
    }
    0
}

/// Lets the kernel kill, or at least refuse to start, whatever is in the job's control groups. Where that fails the
/// signals do it.
fn no_more_of_them(cgroups: &[PathBuf]) {
    for group in cgroups {
        for (file, value) in [("pids.max", "0"), ("cgroup.kill", "1")] {
            let path = group.join(file);
            if path.exists() {
                fs::write(path, value).ok();
            }
        }
    }
}

/// Stops all descendants, until a look finds none that is new: what stands still starts nothing.
fn freeze() -> BTreeSet<Pid> {
    let mut stopped = BTreeSet::new();
    let begin = Instant::now();
    loop {
        let living = below(getpid(), &parents());
        let before = stopped.len();
        for process in living {
            if stopped.insert(process) {
                kill(process, Signal::SIGSTOP).ok();
            }
        }
        if stopped.len() == before || begin.elapsed() > PATIENCE / 4 {
            return stopped;
        }
    }
}

/// Reaps whoever is dead. True when no child is left.
fn reap(on_end: &mut impl FnMut(Pid, WaitStatus)) -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return false,
            Ok(status) => status.pid().into_iter().for_each(|process| on_end(process, status)),
            Err(Errno::EINTR) => {}
            Err(_) => return true,
        }
    }
}

/// Every process and its parent.
fn parents() -> BTreeMap<Pid, Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes
        .filter_map(|process: i32| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            Some((Pid::from_raw(process), parent_of(&stat)?))
        })
        .collect()
}

/// The parent by a line of `/proc/PID/stat` (`man 5 proc_pid_stat`). The name before it may hold anything, brackets
/// and newlines included. Dead ones count: a process whose first thread is dead may have others.
fn parent_of(stat: &str) -> Option<Pid> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok().map(Pid::from_raw)
}

/// Everything below a process.
fn below(root: Pid, parents: &BTreeMap<Pid, Pid>) -> BTreeSet<Pid> {
    let mut found = BTreeSet::new();
    let mut generation = BTreeSet::from([root]);
    while !generation.is_empty() {
        let children =
            parents.iter().filter(|(_, parent)| generation.contains(parent)).map(|(child, _)| *child);
        generation = children.filter(|child| !found.contains(child)).collect();
        found.extend(&generation);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_pretend_another_parent() {
        assert_eq!(parent_of("7 (sh) S 5 7 7"), Some(Pid::from_raw(5)));
        assert_eq!(parent_of("7 (a) S 1 (b) R 5 7"), Some(Pid::from_raw(5)));
        assert_eq!(parent_of("nonsense"), None);
    }

    #[test]
    fn descendants_of_every_generation_are_found() {
        let pid = Pid::from_raw;
        let parents =
            [(2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (1, 0)].map(|(child, parent)| (pid(child), pid(parent)));
        assert_eq!(below(pid(2), &BTreeMap::from(parents)), BTreeSet::from([pid(3), pid(4)]));
        assert!(below(pid(4), &BTreeMap::from(parents)).is_empty());
    }
}
