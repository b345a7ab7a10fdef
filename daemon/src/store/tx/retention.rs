//! Removing what has been kept long enough, a little at a time.

use rusqlite::{OptionalExtension as _, params};

use super::Tx;
use crate::domain::audit::{Head, anchor};
use crate::domain::id::ConversationId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::read::anchor::{Beginning, beginning};
use crate::store::read::verify;

/// Audit rows that were removed, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// The first.
    pub from: i64,
    /// The last.
    pub to: i64,
}

impl Tx<'_> {
    /// Removes a part of a conversation that is over: at most `limit` deliveries with their messages, and as many
    /// idempotency keys; with the last part the conversation itself. Returns whether it is gone.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn remove_part(&mut self, id: ConversationId, limit: u32) -> Result<bool, StoreError> {
        let row = self
            .connection
            .prepare_cached("SELECT id FROM conversation WHERE public_id = ?1")?
            .query_row([id.to_string()], |row| row.get::<_, i64>(0))
            .optional()?;
        let Some(row) = row else { return Ok(true) };
        self.hold_message_numbers()?;
        let mut removed = 0;
        for (counts, sql) in [
            (
                false,
                "DELETE FROM message WHERE id IN
                 (SELECT message FROM delivery WHERE conversation = ?1 ORDER BY recipient, message LIMIT ?2)",
            ),
            (
                true,
                "DELETE FROM delivery WHERE conversation = ?1 AND (recipient, message) IN
                 (SELECT recipient, message FROM delivery WHERE conversation = ?1 ORDER BY recipient, message LIMIT ?2)",
            ),
            (
                true,
                "DELETE FROM idempotency WHERE conversation = ?1 AND (sender, key_digest) IN
                 (SELECT sender, key_digest FROM idempotency WHERE conversation = ?1 ORDER BY sender, key_digest LIMIT ?2)",
            ),
        ] {
            let changed = self.connection.prepare_cached(sql)?.execute(params![row, limit])?;
            removed += if counts { changed } else { 0 };
        }
        if removed > 0 {
            return Ok(false);
        }
        self.remove_conversation(id)?;
        Ok(true)
    }

    /// Removes at most `limit` of the oldest audit rows, as far as they are all from before `cutoff`, and seals where
    /// the chain begins from now on. The newest row always stays. `None` when there was nothing to remove.
    ///
    /// Rows are proven before they go: to remove what was tampered with would be to cover it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the rows do not prove, else from SQLite.
    pub fn prune_audit(&mut self, cutoff: Timestamp, limit: u32) -> Result<Option<Pruned>, StoreError> {
        let Beginning::After(start) = beginning(self.connection, self.keys)? else {
            return Err(StoreError::Damaged { detail: "the audit trail's anchor is forged".to_owned() });
        };
        let end = self.provable_end(start, cutoff, limit)?;
        if end.seq == start.seq {
            return Ok(None);
        }
        self.connection.prepare_cached("DELETE FROM audit WHERE seq <= ?1")?.execute([end.seq])?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO audit_anchor(id, seq, mac, vouch) VALUES(1, ?1, ?2, ?3)")?
            .execute(params![end.seq, end.mac, anchor(self.keys, &end)])?;
        Ok(Some(Pruned { from: start.seq + 1, to: end.seq }))
    }

    /// The head after the rows that may go.
    fn provable_end(&self, start: Head, cutoff: Timestamp, limit: u32) -> Result<Head, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT seq, at, conversation, actor, action, outcome, details, mac FROM audit
             WHERE seq < ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut rows = query.query(params![self.head.seq, limit])?;
        let mut end = start;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? >= cutoff.millis() {
                break;
            }
            end = verify::check(row, &end, self.keys).map_err(|found| StoreError::Damaged {
                detail: format!("audit row {}: {}", found.seq, found.problem),
            })?;
        }
        Ok(end)
    }
}
