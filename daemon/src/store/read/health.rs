//! How the database itself is.

use rusqlite::Connection;

use crate::domain::time::Timestamp;
use crate::store::schema;

/// How the database itself is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// What SQLite finds wrong with its pages, indexes and constraints; nothing in a sound one.
    pub damage: Vec<String>,
    /// Version of its schema.
    pub schema: usize,
    /// The newest version that this build knows.
    pub known: usize,
    /// The latest time in a row that should lie in the past.
    pub latest: Option<Timestamp>,
}

/// Problems that are named one by one.
const NAMED: u32 = 20;

/// Examines the database. Reads every page.
///
/// # Errors
/// From SQLite.
pub fn health(connection: &Connection) -> rusqlite::Result<Health> {
    let mut damage = Vec::new();
    connection.pragma(None, "quick_check", NAMED, |row| {
        damage.push(row.get::<_, String>(0)?);
        Ok(())
    })?;
    damage.retain(|said| said != "ok");
    let schema = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))?;
    let latest = if damage.is_empty() { latest(connection)? } else { None };
    Ok(Health { damage, schema: schema as usize, known: schema::latest(), latest })
}

fn latest(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let latest: Option<i64> = connection.query_row(
        "SELECT max(at) FROM (SELECT max(at) AS at FROM audit UNION ALL SELECT max(sent_at) FROM message
         UNION ALL SELECT max(created_at) FROM conversation UNION ALL SELECT max(last_seen) FROM session)",
        [],
        |row| row.get(0),
    )?;
    Ok(latest.map(Timestamp::from_millis))
}
