//! The three programs: all there, all of one version.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::finding::Finding;
use super::place::Place;

/// Our version.
pub(super) const OURS: &str = env!("CARGO_PKG_VERSION");
const REINSTALL: &str = "install all three of one version, from one package or release, or with cargo install --path . in the clone";
/// A program that takes longer to say its version hangs.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    let search = std::env::var_os("PATH").unwrap_or_default();
    for name in ["bridged", "bridge-shim"] {
        let mut places: Vec<PathBuf> = beside.iter().map(|directory| directory.join(name)).collect();
        let on_path = on_path(name, &search);
        if on_path.is_none() && name == "bridge-shim" {
            let known = places.iter().find(|path| path.is_file());
            let full = known.map_or("its full path".to_owned(), |path| path.display().to_string());
            findings.push(Finding::note(
                "bridge-shim is not on the PATH: a client that is told to launch `bridge-shim` finds nothing",
                format!("put its directory on the PATH, or tell the client {full}"),
            ));
        }
        places.extend(on_path);
        places.retain(|path| path.is_file());
        places.dedup();
        if places.is_empty() {
            findings.push(Finding::wrong(format!("there is no {name}"), REINSTALL));
        }
        findings.extend(places.iter().filter_map(|path| judge(path, version(path))));
    }
    if let Ok(client) = &place.daemon
        && client.welcome().version != OURS
    {
        findings.push(Finding::wrong(
            format!("the running daemon has version {}, bridgectl {OURS}", client.welcome().version),
            format!("restart it: kill {}; the next agent's call starts the new one", client.welcome().pid),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(format!("bridged, bridge-shim and bridgectl have version {OURS}")));
    }
    findings
}

fn judge(path: &Path, version: Option<String>) -> Option<Finding> {
    match version {
        Some(version) if version == OURS => None,
        Some(version) => {
            let text = format!("{} has version {version}, bridgectl {OURS}", path.display());
            Some(Finding::wrong(text, REINSTALL))
        }
        None => Some(Finding::wrong(format!("{} does not say its version", path.display()), REINSTALL)),
    }
}

fn on_path(name: &str, search: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(search).map(|directory| directory.join(name)).find(|path| path.is_file())
}

/// The last word of what the program says of itself.
pub(super) fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut output = child.stdout.take()?;
    let (said, heard) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.by_ref().take(1_000).read_to_string(&mut text);
        // The other side may have lost its patience.
        let _heard = said.send(read.map(|_| text));
    });
    let text = heard.recv_timeout(PATIENCE);
    // It has ended, or never will.
    let _ended = child.kill();
    let _reaped = child.wait();
    text.ok()?.ok()?.split_whitespace().next_back().map(ToOwned::to_owned)
}
