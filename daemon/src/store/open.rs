//! Opens the database: the only place that does.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bridge_failpoints::{Point, pass};
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::error::OpenError;
use super::schema;

/// How strongly a commit is tied to the disk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// Every answered send survives power loss.
    #[default]
    Full,
    /// Answered sends survive a crash of the daemon, but a power loss may drop the last ones.
    Normal,
}

/// Pages in the WAL at which the writer itself would checkpoint; far away, since the checkpointer runs all the time.
const AUTOCHECKPOINT_PAGES: i64 = 16_000;
const STATEMENT_CACHE: usize = 64;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the read-write connection, creating and migrating the database as needed.
pub(super) fn open_writer(path: &Path, synchronous: Synchronous) -> Result<Connection, OpenError> {
    create_private(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| sqlite("opening", path, source))?;
    migrate(&mut connection, path)?;
    let pragmas = |connection: &Connection| -> rusqlite::Result<()> {
        connection.pragma_update(
            None,
            "synchronous",
            match synchronous {
                Synchronous::Full => "FULL",
                Synchronous::Normal => "NORMAL",
            },
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", AUTOCHECKPOINT_PAGES)?;
        // What a savepoint may have to put back is else kept in a block of 64 KiB for each of them, which some allocators
        // fetch from the kernel and give back every time.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "foreign_keys", true)
    };
    pragmas(&connection).map_err(|source| sqlite("configuring", path, source))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(connection)
}

/// Opens a connection that can write and changes no setting: for the checkpointer, and for what runs without a writer.
pub(super) fn open_read_write(path: &Path) -> Result<Connection, OpenError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| sqlite("opening", path, source))
}

/// Opens a connection that cannot write, for programs other than the daemon.
///
/// # Errors
/// [`OpenError`] when there is no database or it is newer than this build.
pub fn open_read_only(path: &Path) -> Result<Connection, OpenError> {
    let connection =
        connect(path, read_only_flags()).map_err(|source| sqlite("opening (read-only)", path, source))?;
    configure_reader(&connection).map_err(|source| sqlite("configuring", path, source))?;
    refuse_newer(&connection, path)?;
    Ok(connection)
}

/// Flags of every reading connection.
pub(super) fn read_only_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Settings of every reading connection.
pub(super) fn configure_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is the room the lint points to")]
fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Creates the file with mode 0600 before SQLite would create it with the umask's.
pub(super) fn create_private(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened.map_err(|source| io_error("creating", path, source))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|source| io_error("protecting", path, source))
}

/// Brings the schema up to date, keeping a verified copy of a database that had data.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    refuse_newer(connection, path)?;
    let version = user_version(connection).map_err(|source| sqlite("reading", path, source))?;
    if version == 0 {
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(|source| sqlite("switching to WAL", path, source))?;
    }
    if version == schema::latest() {
        return Ok(());
    }
    let backup = if version == 0 { PathBuf::new() } else { back_up(connection, path, version)? };
    pass(Point::MigrationCopied);
    watch_commits(connection, true).map_err(|source| sqlite("migrating", path, source))?;
    schema::migrations().to_latest(connection).map_err(|source| OpenError::Migration {
        path: path.to_owned(),
        backup,
        source: Box::new(source),
    })?;
    pass(Point::MigrationAfterCommit);
    watch_commits(connection, false).map_err(|source| sqlite("migrating", path, source))?;
    // The tables are in the file itself from the first moment, whatever befalls the log beside it.
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|source| sqlite("checkpointing", path, source))
}

/// In a build for trials: a place between the last statement of a migration and its commit.
fn watch_commits(connection: &Connection, migrating: bool) -> rusqlite::Result<()> {
    if !bridge_failpoints::ACTIVE {
        return Ok(());
    }
    connection.commit_hook(migrating.then_some(|| {
        pass(Point::MigrationBeforeCommit);
        false
    }))
}

fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = user_version(connection).map_err(|source| sqlite("reading", path, source))?;
    let known = schema::latest();
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

pub(super) fn user_version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|v| v as usize)
}

fn back_up(connection: &Connection, path: &Path, version: usize) -> Result<PathBuf, OpenError> {
    let copy = path.with_extension(format!("before-v{}.db", version + 1));
    create_private(&copy)?;
    connection.backup(MAIN_DB, &copy, None).map_err(|source| sqlite("backing up", path, source))?;
    let check = open_read_write(&copy)?
        .query_row("PRAGMA quick_check", [], |row| row.get::<_, String>(0))
        .map_err(|source| sqlite("verifying the backup", &copy, source))?;
    if check != "ok" {
        let problem = io::Error::other(format!("integrity check says: {check}"));
        return Err(io_error("verifying the backup", &copy, problem));
    }
    Ok(copy)
}

pub(super) fn sqlite(action: &'static str, path: &Path, source: rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (path, source) = (path.to_owned(), Box::new(source));
    match source.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => OpenError::Damaged { path, source },
        _ => OpenError::Sqlite { action, path, source },
    }
}

pub(super) fn io_error(action: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::Io { action, path: path.to_owned(), source }
}
