//! The daemon as a unit of the user's systemd, where there is one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::finding::Finding;
use super::place::Place;

const UNIT: &str = "bridged.service";

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    // Beside ours, below the same directory: systemd.unit(5).
    let Some(configuration) = place.paths.config.parent().and_then(Path::parent) else { return Vec::new() };
    let unit = configuration.join("systemd/user").join(UNIT);
    let Ok(text) = std::fs::read_to_string(&unit) else {
        return vec![Finding::good("no systemd unit: the first agent starts the daemon")];
    };
    let mut findings = Vec::new();
    match program(&text) {
        Some(program) if !program.is_file() => findings.push(Finding::wrong(
            format!("{} starts {}, which is not there", unit.display(), program.display()),
            "correct its ExecStart=, then systemctl --user daemon-reload",
        )),
        Some(_) => {}
        None => findings.push(Finding::wrong(
            format!("{} says no ExecStart= with a full path", unit.display()),
            "take the unit from systemd/ in the clone",
        )),
    }
    if state().as_deref() == Some("failed") {
        findings.push(Finding::wrong(
            format!("{UNIT} has failed"),
            format!("journalctl --user -u {UNIT} says why; then systemctl --user restart {UNIT}"),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(format!("{} is as it should be", unit.display())));
    }
    findings
}

/// The program of the unit's `ExecStart=`, where it is named by its full path or below the home directory.
fn program(unit: &str) -> Option<PathBuf> {
    let line = unit.lines().find_map(|line| line.trim().strip_prefix("ExecStart="))?;
    let word = line.split_whitespace().next()?;
    match word.strip_prefix("%h/") {
        Some(below) => Some(PathBuf::from(std::env::var_os("HOME")?).join(below)),
        None => Some(PathBuf::from(word)).filter(|path| path.is_absolute()),
    }
}

/// What systemd says of the unit; nothing where no systemd of the user answers.
fn state() -> Option<String> {
    let output = Command::new("systemctl")
        .args(["--user", "is-failed", UNIT])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_unit() {
        let unit = "[Service]\nType=notify\nExecStart=/opt/bin/bridged --verbose\n";
        assert_eq!(program(unit), Some("/opt/bin/bridged".into()));
        assert_eq!(program("[Service]\nExecStart=bridged\n"), None);
        assert_eq!(program("[Service]\n"), None);
    }
}
