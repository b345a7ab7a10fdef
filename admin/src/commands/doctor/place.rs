//! The installation that is looked at.

use bridge_daemon::domain::key::Keys;
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::store::open::open_read_only;
use bridge_daemon::store::read::health::{Health, health};
use bridge_daemon::store::state_dir::load_keys;
use bridge_proto::paths::Paths;
use rusqlite::Connection;

use super::super::status::holder;
use crate::client::Client;
use crate::failure::Failure;
use crate::source::paths;

/// The installation that is looked at.
pub(super) struct Place {
    pub(super) paths: Paths,
    pub(super) now: Timestamp,
    /// The daemon, or why there is none.
    pub(super) daemon: Result<Client, Failure>,
    /// The process that holds the state's lock.
    pub(super) holder: Option<String>,
    /// The master key, or why it cannot be used.
    pub(super) keys: Result<Keys, String>,
    /// The database, if there is one, or why it cannot be used.
    pub(super) database: Result<Option<Database>, String>,
}

/// A database that can be read.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) health: Health,
}

impl Place {
    pub(super) fn look(now: Timestamp) -> Result<Self, Failure> {
        let paths = paths()?;
        Ok(Self {
            now,
            daemon: Client::connect(&paths.socket),
            holder: holder(&paths),
            keys: load_keys(&paths.key()).map_err(|error| error.to_string()),
            database: database(&paths),
            paths,
        })
    }
}

fn database(paths: &Paths) -> Result<Option<Database>, String> {
    let path = paths.database();
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
        Ok(_) => {}
    }
    let connection = open_read_only(&path).map_err(|error| error.to_string())?;
    let health = health(&connection).map_err(|error| format!("reading {}: {error}", path.display()))?;
    Ok(Some(Database { connection, health }))
}
