//! Counts of everything that is in the database.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts, by the words that the rest of the interface uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsReport {
    /// When they were taken.
    pub at: String,
    /// Conversations: `running`, `expired` or `imported`.
    pub conversations: BTreeMap<String, u64>,
    /// Messages that are stored.
    pub messages: u64,
    /// Deliveries: `stored` (which includes what is offered at this moment), `delivered`, `acknowledged` or `expired`.
    pub deliveries: BTreeMap<String, u64>,
    /// Sends in each of the last 24 hours, the oldest first; the last one ends now.
    pub sends_per_hour: Vec<u64>,
    /// Secrets that were replaced in stored messages.
    pub redactions: u64,
    /// Refused calls on record, by their cause.
    pub refusals: BTreeMap<String, u64>,
    /// Proposed commands, by their state.
    pub commands: BTreeMap<String, u64>,
    /// Rows of the audit trail.
    pub audit_rows: u64,
    /// Bytes of the database and its WAL.
    pub database_bytes: u64,
}
