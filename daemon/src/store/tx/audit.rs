//! Appending to the audit trail.

use rusqlite::params;

use super::Tx;
use crate::domain::audit::{Entry, Head};
use crate::domain::key::hex;
use crate::store::StoreError;

impl Tx<'_> {
    /// Where the trail ends so far.
    #[must_use]
    pub const fn head(&self) -> Head {
        *self.head
    }

    /// MAC of the last row so far, as hex.
    #[must_use]
    pub fn audit_head(&self) -> String {
        hex(&self.head.mac)
    }

    /// Appends a row to the chain, in the same transaction as what it records.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn append_audit(&mut self, entry: Entry) -> Result<(), StoreError> {
        let next = self.head.append(self.keys, &entry);
        self.connection
            .prepare_cached(
                "INSERT INTO audit(seq, at, conversation, actor, action, outcome, details, mac)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                next.seq,
                entry.at.millis(),
                entry.conversation,
                entry.actor,
                entry.action,
                entry.outcome,
                entry.details,
                next.mac
            ])?;
        *self.head = next;
        Ok(())
    }
}
