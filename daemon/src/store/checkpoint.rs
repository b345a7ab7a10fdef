//! Moves committed pages from the WAL into the database, beside the writer and never in its way.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use bridge_failpoints::{Point, pass};
use rusqlite::Connection;

use super::error::OpenError;
use super::open;

const INTERVAL: Duration = Duration::from_millis(200);

/// The checkpointing thread.
pub(super) struct Checkpointer {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    pub(super) fn start(database: &Path) -> Result<Self, OpenError> {
        let connection = open::open_read_write(database)?;
        let (stop, stopped) = sync_channel::<()>(1);
        let thread = std::thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(move || {
                let mut seen = 0;
                while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    seen = checkpoint_if_changed(&connection, seen);
                }
                pragma(&connection, "PRAGMA wal_checkpoint(TRUNCATE)");
            })
            .map_err(OpenError::Thread)?;
        Ok(Self { stop, thread })
    }

    /// Ends the thread after a last, complete checkpoint.
    pub(super) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the checkpointing thread panicked");
        }
    }
}

/// `data_version` changes with every commit of another connection, so that an idle bridge touches no disk.
fn checkpoint_if_changed(connection: &Connection, seen: i64) -> i64 {
    let version = connection
        .prepare_cached("PRAGMA data_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
    match version {
        Ok(version) if version != seen => {
            pass(Point::BeforeCheckpoint);
            pragma(connection, "PRAGMA wal_checkpoint(PASSIVE)");
            pass(Point::AfterCheckpoint);
            version
        }
        Ok(_) => seen,
        Err(error) => {
            tracing::warn!(%error, "the database cannot be read for a checkpoint");
            seen
        }
    }
}

fn pragma(connection: &Connection, sql: &str) {
    if let Err(error) = connection.query_row(sql, [], |_| Ok(())) {
        tracing::warn!(%error, sql, "checkpoint failed; it will be tried again");
    }
}
