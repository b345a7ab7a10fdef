//! The audit trail as a person looks at it.

use bridge_proto::admin::{AuditFilter, AuditRow};
use rusqlite::{Connection, Row, params};

use crate::domain::key::hex;
use crate::domain::time::Timestamp;

/// Rows behind `filter.after`, oldest first, at most `filter.limit`. With `filter.last` the newest ones instead
/// (still oldest first).
///
/// # Errors
/// From SQLite.
pub fn rows(connection: &Connection, filter: &AuditFilter) -> rusqlite::Result<Vec<AuditRow>> {
    let order = if filter.last { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT seq, at, conversation, actor, action, outcome, details, mac FROM audit
         WHERE seq > ?1 AND (?2 IS NULL OR conversation = ?2) AND (?3 IS NULL OR action = ?3) AND at >= ?4
           AND (?6 IS NULL OR seq < ?6) AND (?7 IS NULL OR outcome = ?7 OR (?7 = 'denied' AND outcome <> 'ok'))
         ORDER BY seq {order} LIMIT ?5"
    );
    let mut rows = connection
        .prepare_cached(&sql)?
        .query_map(
            params![
                filter.after,
                filter.conversation,
                filter.action,
                filter.since_ms.unwrap_or(i64::MIN),
                filter.limit,
                filter.before,
                filter.outcome
            ],
            audit_row,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if filter.last {
        rows.reverse();
    }
    Ok(rows)
}

fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let details: String = row.get(6)?;
    let mac: Vec<u8> = row.get(7)?;
    Ok(AuditRow {
        seq: row.get(0)?,
        at: Timestamp::from_millis(row.get(1)?).to_string(),
        conversation_id: row.get(2)?,
        actor: row.get(3)?,
        action: row.get(4)?,
        outcome: row.get(5)?,
        // Details that are no JSON were tampered with; they are shown as they stand.
        details: serde_json::from_str(&details).unwrap_or(serde_json::Value::String(details)),
        mac: hex(&mac),
    })
}
