//! Counts of everything.

use std::collections::BTreeMap;

use bridge_proto::admin::stats::StatsReport;
use rusqlite::{Connection, Params};

use super::commands;
use crate::domain::time::Timestamp;

/// Hours that sends are counted for.
const HOURS: i64 = 24;
const HOUR_MS: i64 = 3_600_000;

/// Counts everything, as of `now`. Walks whole tables. The size of the files is left to the caller.
///
/// # Errors
/// From SQLite, or when a row cannot be read.
pub fn stats(connection: &Connection, now: Timestamp) -> rusqlite::Result<StatsReport> {
    let at = [now.millis()];
    Ok(StatsReport {
        at: now.to_string(),
        conversations: counts(
            connection,
            "SELECT CASE WHEN a.conversation IS NOT NULL THEN 'imported' WHEN c.expires_at > ?1 THEN 'running'
                    ELSE 'expired' END AS word, count(*)
             FROM conversation c LEFT JOIN archive a ON a.conversation = c.id GROUP BY word",
            at,
        )?,
        messages: count(connection, "SELECT count(*) FROM message")?,
        deliveries: counts(
            connection,
            "SELECT CASE WHEN d.acknowledged_at IS NOT NULL THEN 'acknowledged' WHEN c.expires_at <= ?1 THEN 'expired'
                    WHEN d.delivered_at IS NOT NULL THEN 'delivered' ELSE 'stored' END AS word, count(*)
             FROM delivery d JOIN conversation c ON c.id = d.conversation GROUP BY word",
            at,
        )?,
        sends_per_hour: sends_per_hour(connection, now)?,
        redactions: count(connection, "SELECT ifnull(sum(redactions), 0) FROM message")?,
        refusals: counts(
            connection,
            "SELECT outcome, count(*) FROM audit WHERE outcome <> 'ok' GROUP BY outcome",
            [],
        )?,
        commands: commands::count_states(connection, now)?,
        audit_rows: count(connection, "SELECT count(*) FROM audit")?,
        database_bytes: 0,
    })
}

fn count(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
}

fn counts(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut query = connection.prepare_cached(sql)?;
    query.query_map(params, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?.collect()
}

fn sends_per_hour(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<u64>> {
    let mut hours = vec![0; HOURS as usize];
    let mut query = connection.prepare_cached(
        "SELECT (?1 - sent_at) / ?2 AS ago, count(*) FROM message
         WHERE sent_at <= ?1 AND sent_at > ?1 - ?2 * ?3 GROUP BY ago",
    )?;
    let mut rows = query.query((now.millis(), HOUR_MS, HOURS))?;
    while let Some(row) = rows.next()? {
        let ago = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        if let Some(hour) = hours.iter_mut().rev().nth(ago) {
            *hour = row.get::<_, i64>(1)?.unsigned_abs();
        }
    }
    Ok(hours)
}
