//! The daemon and its socket: runs and answers, or can be started.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;

use super::finding::Finding;
use super::place::Place;
use super::repair::Repair;
use crate::failure::Failure;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let socket = &place.paths.socket;
    let found = match &place.daemon {
        Ok(client) => {
            let welcome = client.welcome();
            Finding::good(format!("bridged {} runs (pid {})", welcome.version, welcome.pid))
        }
        Err(Failure::NotRunning { .. }) => match (fs::symlink_metadata(socket), &place.holder) {
            (_, Some(pid)) => Finding::wrong(
                format!(
                    "process {pid} serves {} but does not answer on {}",
                    place.paths.state.display(),
                    socket.display()
                ),
                format!(
                    "it listens elsewhere (BRIDGED_SOCKET, XDG_RUNTIME_DIR) or is ending: look at process {pid}"
                ),
            ),
            (Ok(meta), None) if meta.file_type().is_socket() => Finding::wrong(
                format!("nobody answers on {}: a daemon died and left it", socket.display()),
                format!("rm '{}'", socket.display()),
            )
            .with(Repair::StaleSocket { socket: socket.clone(), lock: place.paths.lock() }),
            (Ok(_), None) => not_a_socket(socket),
            (Err(_), None) => Finding::good("no daemon runs: the next agent starts one"),
        },
        Err(_) if fs::symlink_metadata(socket).is_ok_and(|meta| !meta.file_type().is_socket()) => {
            not_a_socket(socket)
        }
        Err(failure) => Finding::wrong(failure.to_string(), "its log says more: see `log` below"),
    };
    vec![found]
}

fn not_a_socket(path: &std::path::Path) -> Finding {
    Finding::wrong(
        format!("{} is not a socket", path.display()),
        format!("move '{}' away, or set BRIDGED_SOCKET", path.display()),
    )
}
