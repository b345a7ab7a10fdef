//! Processes by number or home: whether they run, and signals to them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long to leave the processor to others between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Sends a signal; a process that is gone already is none to worry about.
pub fn signal(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).ok();
}

/// Whether a process runs. One that has ended and was not waited for yet does not; one whose first thread has ended
/// does while another one is still busy with the disk, and keeps its files locked.
#[must_use]
pub fn is_running(pid: i32) -> bool {
    if !cfg!(target_os = "linux") {
        return kill(Pid::from_raw(pid), None).is_ok();
    }
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok())
        .any(|stat| is_alive(&stat))
}

/// The state stands behind the name, which may itself hold spaces and parentheses (proc_pid_stat(5)).
fn is_alive(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Processes whose `HOME` is in that directory and that run the program of that name.
#[must_use]
pub fn running(program: &str, home: &Path) -> Vec<i32> {
    of_home(home).into_iter().filter(|pid| name(*pid) == program && is_running(*pid)).collect()
}

fn name(pid: i32) -> String {
    let exe = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    exe.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Kills everything whose `HOME` is in that directory. Returns how many that were.
pub fn kill_all(home: &Path) -> usize {
    let all: Vec<i32> = of_home(home).into_iter().filter(|pid| is_running(*pid)).collect();
    all.iter().for_each(|pid| signal(*pid, Signal::SIGKILL));
    all.len()
}

fn of_home(home: &Path) -> Vec<i32> {
    let wanted = format!("HOME={}", home.join(".").display()).into_bytes();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
    })
    .collect()
}

/// Waits for a condition that another process or thread brings about. False when it has not come about in time.
pub(crate) fn wait_until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    true
}
