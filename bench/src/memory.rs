//! Memory of processes, from `/proc` (proc_pid_smaps_rollup(5)).

use std::io;

/// Proportional set size in MB: a process's own memory and its share of what it shares.
pub(crate) fn pss_mb(pid: u32) -> io::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    field(&text, "Pss:")
}

/// Resident set size in MB.
pub(crate) fn rss_mb(pid: u32) -> io::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    field(&text, "Rss:")
}

fn field(text: &str, name: &str) -> io::Result<f64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse::<f64>().ok())
        .map(|kilobytes| kilobytes / 1024.0)
        .ok_or_else(|| io::Error::other(format!("no {name} for the process")))
}
