//! Processes that a command left behind.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that was killed may be seen for a moment more.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(10);

/// Finds, and kills, what still runs and has to do with a directory or has a word on its command line.
pub(crate) fn reap(directory: &Path, word: &str, except: &[i32]) -> Vec<String> {
    let begin = Instant::now();
    loop {
        let found = find(directory, word, except);
        if found.is_empty() || begin.elapsed() > PATIENCE {
            for (pid, _) in &found {
                kill(Pid::from_raw(*pid), Signal::SIGKILL).ok();
            }
            return found.into_iter().map(|(pid, line)| format!("{pid} {line}")).collect();
        }
        thread::sleep(PAUSE);
    }
}

fn find(directory: &Path, word: &str, except: &[i32]) -> Vec<(i32, String)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let own = i32::try_from(std::process::id()).unwrap();
    pids.filter(|pid| *pid != own && !except.contains(pid))
        .filter_map(|pid| {
            let proc = Path::new("/proc").join(pid.to_string());
            let line = fs::read(proc.join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            let environment = fs::read(proc.join("environ")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment);
            let links = ["cwd", "exe", "root"].map(|link| fs::read_link(proc.join(link)));
            let inside = links.iter().flatten().any(|link| link.starts_with(directory));
            let place = directory.to_str().unwrap();
            (inside || line.contains(word) || line.contains(place) || environment.contains(place))
                .then_some((pid, line))
        })
        .collect()
}

/// Processes and threads of the whole machine, from `/proc/loadavg` (proc_loadavg(5)).
pub(crate) fn threads() -> u64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap();
    let entities = text.split_whitespace().nth(3).unwrap();
    entities.split_once('/').unwrap().1.parse().unwrap()
}
