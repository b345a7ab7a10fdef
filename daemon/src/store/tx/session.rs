//! What a session's row remembers across restarts.

use rusqlite::params;

use super::Tx;
use crate::domain::bucket::Buckets;
use crate::domain::id::SessionLabel;
use crate::domain::redaction::Clean;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::store::StoreError;

/// The part of a session that lives in memory and must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedSession {
    /// When it last called.
    pub last_seen: Timestamp,
    /// What it has spent of its write limits.
    pub spent: Buckets,
}

impl Tx<'_> {
    /// Saves heartbeat and limits, with whatever else this job does.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn save_session(
        &mut self,
        conversation: i64,
        label: SessionLabel,
        saved: &SavedSession,
    ) -> Result<(), StoreError> {
        let [minute, hour, day] = saved.spent.spent;
        self.connection
            .prepare_cached(
                "UPDATE session SET last_seen = ?3, spent_minute = ?4, spent_hour = ?5, spent_day = ?6, spent_at = ?7
                 WHERE conversation = ?1 AND label = ?2",
            )?
            .execute(params![
                conversation,
                label.to_string(),
                saved.last_seen.millis(),
                minute,
                hour,
                day,
                saved.spent.at.millis()
            ])?;
        Ok(())
    }

    /// Records what the session says of itself.
    ///
    /// # Errors
    /// [`StoreError`] from SQLite.
    pub fn set_status(
        &mut self,
        conversation: i64,
        label: SessionLabel,
        status: Status,
        note: Option<&Clean>,
    ) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE session SET status = ?3, status_at = ?4, note = ?5 WHERE conversation = ?1 AND label = ?2",
            )?
            .execute(params![
                conversation,
                label.to_string(),
                status.word(),
                self.now.millis(),
                note.map(Clean::as_str)
            ])?;
        Ok(())
    }
}
