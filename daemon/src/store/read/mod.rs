//! What can be asked of the database. Every function takes a connection that cannot write.

pub mod anchor;
pub mod archive;
pub mod audit;
pub mod bodies;
pub mod commands;
pub mod conversations;
pub mod health;
pub mod live;
pub mod messages;
pub mod stats;
pub mod verify;

use crate::domain::time::Timestamp;

/// Reads a nullable time column.
fn time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis))
}

/// An error for a column that holds something this build cannot read.
pub(super) fn unreadable(column: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, what.into())
}
