//! Who started whom, and on which terminal, from `/proc` (proc_pid_stat(5)). Elsewhere nothing is known.

use std::path::PathBuf;

/// A process that cannot be confused with a later one of the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// When it started, in clock ticks since boot.
    pub started: u64,
}

/// Ancestors beyond which a walk gives up; real chains have a dozen.
const MAX_ANCESTORS: usize = 128;

/// The process that has this id now.
#[must_use]
pub fn identify(pid: i32) -> Option<Process> {
    Stat::read(pid).map(|stat| Process { pid, started: stat.started })
}

/// The parent of a process; `None` for an orphan.
#[must_use]
pub fn parent(pid: i32) -> Option<Process> {
    let parent = Stat::read(pid)?.parent;
    if parent > 1 { identify(parent) } else { None }
}

/// A process and everything above it, as far as the system tells.
#[must_use]
pub fn ancestors(pid: i32) -> Vec<Process> {
    let mut chain: Vec<Process> = identify(pid).into_iter().collect();
    while let Some(above) = chain.last().and_then(|process| parent(process.pid)) {
        if chain.len() >= MAX_ANCESTORS || chain.contains(&above) {
            break;
        }
        chain.push(above);
    }
    chain
}

/// The directory a process works in.
#[must_use]
pub fn directory(pid: i32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The controlling terminal of a process with the session it belongs to: device number, session leader, and when that
/// started. `None` for a process without one.
#[must_use]
pub fn terminal(pid: i32) -> Option<(i32, i32, u64)> {
    let stat = Stat::read(pid)?;
    if stat.terminal == 0 {
        return None;
    }
    let leader = identify(stat.session)?;
    Some((stat.terminal, leader.pid, leader.started))
}

/// What of proc_pid_stat(5) is of interest.
struct Stat {
    parent: i32,
    session: i32,
    terminal: i32,
    started: u64,
}

impl Stat {
    /// Fields 4, 6, 7 and 22, counted from behind the command name, which may itself contain spaces and parentheses.
    fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, behind_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = behind_name.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
        Some(Self {
            parent: number(4)?,
            session: number(6)?,
            terminal: number(7)?,
            started: fields.get(22 - 3)?.parse().ok()?,
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_parent_is_among_our_ancestors() {
        let me = i32::try_from(std::process::id()).unwrap();
        let chain = ancestors(me);
        assert_eq!(chain[0], identify(me).unwrap());
        let parent_pid = nix::unistd::getppid().as_raw();
        assert_eq!(parent(me).map(|process| process.pid), (parent_pid > 1).then_some(parent_pid));
        assert!(chain.len() == 1 || chain[1].pid == parent_pid);
        assert!(chain[0].started > 0);
    }
}
