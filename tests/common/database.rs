//! A look into the database file, and a hand in it, where a test plays the intruder or the clock.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Params};

use super::Env;

/// Opens the database of a state directory.
#[allow(clippy::disallowed_methods, reason = "the test is not the daemon")]
pub(crate) fn open(state: &Path) -> Connection {
    let connection = Connection::open(state.join("bridge.db")).unwrap();
    connection.busy_timeout(super::PATIENCE).unwrap();
    connection
}

/// The same without a right to write: closing it moves nothing out of the log.
#[allow(clippy::disallowed_methods, reason = "the test is not the daemon")]
pub(crate) fn open_read_only(state: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(state.join("bridge.db"), flags).unwrap()
}

/// One value from the database of a home.
pub(crate) fn value<T: rusqlite::types::FromSql>(env: &Env, sql: &str, params: impl Params) -> T {
    open(&env.paths().state).query_row(sql, params, |row| row.get(0)).unwrap()
}

/// One column of all rows.
pub(crate) fn column<T: rusqlite::types::FromSql>(env: &Env, sql: &str, params: impl Params) -> Vec<T> {
    let connection = open(&env.paths().state);
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map(params, |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Changes the database of a home whose daemon is down; returns how many rows.
pub(crate) fn change(env: &Env, sql: &str, params: impl Params) -> usize {
    assert!(env.processes("bridged").is_empty(), "a daemon still runs");
    open(&env.paths().state).execute(sql, params).unwrap()
}
