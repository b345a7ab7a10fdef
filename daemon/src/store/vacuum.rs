//! Gives free pages back to the file system.

use std::path::Path;

use super::error::OpenError;
use super::open::{open_read_only, open_read_write, sqlite};

/// Rewrites the database without its free pages; takes as much free disk as the database is large. Returns the bytes
/// before and after. The caller holds the state lock: while it is rewritten nobody can write.
///
/// # Errors
/// [`OpenError`] naming the file; the database is as it was then.
pub fn vacuum(database: &Path) -> Result<(u64, u64), OpenError> {
    let size = || std::fs::metadata(database).map_or(0, |meta| meta.len());
    // Refuses a newer one.
    drop(open_read_only(database)?);
    let connection = open_read_write(database)?;
    let run =
        |sql: &str| connection.execute_batch(sql).map_err(|source| sqlite("rewriting", database, source));
    run("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let before = size();
    run("VACUUM")?;
    run("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok((before, size()))
}
