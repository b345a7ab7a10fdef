//! Instructions that one send costs the daemon, counted by callgrind: the same beside busy neighbours as alone.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::rig::{Rig, send};

/// Sends in the shorter of two runs, and how many more the longer has: what start and end cost is in both.
const BASE: u64 = 100;
const MORE: u64 = 400;
/// Bytes of a message.
const SIZE: usize = 200;

/// Instructions of the daemon for one durable send of 200 bytes by one client.
///
/// # Errors
/// Without valgrind, or when it did not count.
pub(crate) fn of_one_send(binaries: &Path, scratch: &Path) -> io::Result<u64> {
    let short = counted(binaries, scratch, BASE)?;
    let long = counted(binaries, scratch, BASE + MORE)?;
    Ok(long.saturating_sub(short) / MORE)
}

/// Instructions of a daemon from its start to its end.
fn counted(binaries: &Path, scratch: &Path, sends: u64) -> io::Result<u64> {
    let log = scratch.join("callgrind.log");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(format!("--log-file={}", log.display())).arg(binaries.join("bridged"));
    valgrind.stdout(Stdio::null());
    let mut rig = Rig::start_as(valgrind, binaries, scratch)?;
    let (mut client, line) = (rig.sender()?, send(SIZE));
    for _ in 0..sends {
        client.expect(&line)?;
    }
    drop(client);
    // callgrind tells its count only at the end.
    rig.daemon.terminate()?;
    let text = std::fs::read_to_string(&log)?;
    collected(&text).ok_or_else(|| io::Error::other(format!("callgrind counted nothing: {text}")))
}

/// The count in a line such as `==123== Collected : 456`.
fn collected(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n"), Some(1_234_567));
        assert_eq!(collected("==7== valgrind: cannot run\n"), None);
    }
}
