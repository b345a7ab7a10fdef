//! A hand in the database of a home whose daemon is down, and a look into it.

use bridge_daemon::store::open;
use rusqlite::Connection;

use crate::home::Home;

/// Makes the database what the first version of the schema would have left.
#[expect(clippy::disallowed_methods, reason = "the trial is not the daemon")]
pub(crate) fn to_version_1(home: &Home) -> rusqlite::Result<()> {
    let connection = Connection::open(home.paths.database())?;
    connection.execute_batch(
        "BEGIN; DROP TABLE IF EXISTS audit_anchor; DROP TABLE IF EXISTS message_floor; PRAGMA user_version = 1; COMMIT",
)
}

/// How many messages are stored whose text does not begin like that.
pub(crate) fn messages(home: &Home, except: &str) -> Result<u64, String> {
    let connection = open::open_read_only(&home.paths.database()).map_err(|error| error.to_string())?;
    let sql = "SELECT count(*) FROM message WHERE substr(body, 1, length(?1)) <> ?1";
    let count = connection.query_row(sql, [except], |row| row.get::<_, i64>(0));
    count.map(i64::unsigned_abs).map_err(|error| error.to_string())
}
