//! A copy of the database as it is at one moment, taken beside a running daemon without holding up its commits.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB};

use super::error::OpenError;
use super::open::{create_private, io_error, open_read_only, open_read_write, sqlite, user_version};

/// Pages copied between two reports.
const STEP_PAGES: i32 = 1_024;

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Schema version.
    pub schema: usize,
    /// Rows of each table.
    pub rows: BTreeMap<String, i64>,
}

/// How far a copy has come, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Pages copied.
    pub done: i32,
    /// Pages there are.
    pub total: i32,
}

/// Copies the database into the new file `copy` (mode 0600) and counts the rows of both.
///
/// One read transaction covers counting and copying: the copy is of one moment, and commits that come meanwhile neither
/// wait nor make it start again (<https://sqlite.org/c3ref/backup_finish.html>: only a source that is not read already
/// may be seen to change).
///
/// # Errors
/// [`OpenError`] naming the file; also when the copy does not count as the original does.
pub fn take(database: &Path, copy: &Path, report: &mut dyn FnMut(Progress)) -> Result<Snapshot, OpenError> {
    let source = open_read_only(database)?;
    let reading = |source| sqlite("reading", database, source);
    let transaction = source.unchecked_transaction().map_err(reading)?;
    let original = describe(&transaction).map_err(reading)?;
    create_private(copy)?;
    let mut target = open_read_write(copy)?;
    copy_pages(&transaction, &mut target, report).map_err(|source| sqlite("copying into", copy, source))?;
    let writing = |source| sqlite("verifying", copy, source);
    // One file is what is handed on: no WAL beside it.
    let mode = target.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
    mode.map_err(writing)?;
    let copied = describe(&target).map_err(writing)?;
    if copied != original {
        let problem = format!("the copy has {copied:?} instead of {original:?}");
        return Err(io_error("verifying", copy, std::io::Error::other(problem)));
    }
    Ok(copied)
}

/// Counts what is in a database.
///
/// # Errors
/// [`OpenError`] naming the file.
pub fn count(database: &Path) -> Result<Snapshot, OpenError> {
    describe(&open_read_only(database)?).map_err(|source| sqlite("reading", database, source))
}

fn copy_pages(
    source: &Connection,
    target: &mut Connection,
    report: &mut dyn FnMut(Progress),
) -> rusqlite::Result<()> {
    let backup = Backup::new_with_names(source, MAIN_DB, target, MAIN_DB)?;
    loop {
        let result = backup.step(STEP_PAGES)?;
        let progress = backup.progress();
        report(Progress { done: progress.pagecount - progress.remaining, total: progress.pagecount });
        match result {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // The source's lock is held already, and nobody else knows the target.
            _ => return Err(rusqlite::Error::QueryReturnedNoRows),
        }
    }
}

fn describe(connection: &Connection) -> rusqlite::Result<Snapshot> {
    let names = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
        )?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut rows = BTreeMap::new();
    for name in names {
        let count =
            connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0))?;
        rows.insert(name, count);
    }
    Ok(Snapshot { schema: user_version(connection)?, rows })
}
