//! The same line in the journal, which belongs to another user: what is in it cannot be taken back by ours.
//!
//! One datagram of `FIELD=value` lines: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::domain::anchor::Anchor;

/// What `journalctl -t` finds the anchors under.
const IDENTIFIER: &str = "bridged-audit";

/// Sends an anchor to the journal that listens at `socket`. Without one, or while it takes nothing, nothing happens.
pub(super) fn send(socket: &Path, anchor: &Anchor) {
    let entry = format!("MESSAGE={anchor}\nPRIORITY=5\nSYSLOG_IDENTIFIER={IDENTIFIER}\n");
    let sent = UnixDatagram::unbound().and_then(|journal| {
        journal.set_nonblocking(true)?;
        journal.send_to(entry.as_bytes(), socket)
    });
    if let Err(error) = sent {
        tracing::debug!(%error, "the head of the audit trail is not in the journal");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::Head;
    use crate::domain::time::Timestamp;

    #[test]
    fn an_entry_as_the_journal_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        let anchor = Anchor { at: Timestamp::from_millis(0), head: Head { seq: 3, mac: [0xab; 32] } };
        send(&path, &anchor);
        let mut buffer = [0; 1_024];
        let length = journal.recv(&mut buffer).unwrap();
        let expected = format!(
            "MESSAGE=1970-01-01T00:00:00.000Z 3 {}\nPRIORITY=5\nSYSLOG_IDENTIFIER=bridged-audit\n",
            "ab".repeat(32)
        );
        assert_eq!(String::from_utf8_lossy(&buffer[..length]), expected);
        send(&directory.path().join("nobody"), &anchor);
    }
}
