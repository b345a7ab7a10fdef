//! The anchor of the audit chain: where it begins once old rows were removed.

use rusqlite::{Connection, OptionalExtension as _};

use crate::domain::audit::{Head, anchor};
use crate::domain::key::{Digest, Keys};

/// Where the chain begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With the row that follows this head: the empty one, or that of the last row that was removed.
    After(Head),
    /// The anchor is not one of this installation.
    Forged,
}

/// Reads where the chain begins.
///
/// # Errors
/// From SQLite.
pub fn beginning(connection: &Connection, keys: &Keys) -> rusqlite::Result<Beginning> {
    // A database that is only read may be of the version before anchors.
    if !connection.table_exists(None, "audit_anchor")? {
        return Ok(Beginning::After(Head::EMPTY));
    }
    let found = connection
        .prepare_cached("SELECT seq, mac, vouch FROM audit_anchor")?
        .query_row([], |row| Ok((Head { seq: row.get(0)?, mac: row.get(1)? }, row.get::<_, Digest>(2)?)))
        .optional();
    Ok(match found {
        Ok(None) => Beginning::After(Head::EMPTY),
        Ok(Some((head, vouch))) => {
            let expected = Head { seq: head.seq, mac: anchor(keys, &head) };
            if expected.matches(&Head { seq: head.seq, mac: vouch }) {
                Beginning::After(head)
            } else {
                Beginning::Forged
            }
        }
        // MACs of another length.
        Err(rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..)) => {
            Beginning::Forged
        }
        Err(error) => return Err(error),
    })
}
