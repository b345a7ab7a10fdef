//! What installing would do to a client's configuration. Reads and computes; writes nothing.

use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use super::client::{Client, Launch, NAME};
use super::edit::{self, EditError, Spot};
use super::file::{FileError, Found};
use super::merge::{self, Change, changes, fresh, is_ours, keep_agent, replacement};
use super::report::Action;

/// Why a client's configuration is left alone.
#[derive(Debug, Error)]
pub(crate) enum PlanError {
    /// The system refuses, or the file is not to be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The text cannot be edited.
    #[error("{}: {source}", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: EditError,
    },
    /// The name is taken.
    #[error(
        "{}: there is an entry \"{NAME}\" that launches something else ({command}); --force replaces it",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it launches.
        command: String,
    },
}

/// A change to a client's configuration file.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The client.
    pub(crate) client: &'static Client,
    /// The file, as the client names it.
    pub(crate) file: PathBuf,
    /// Whether it belongs to a project.
    pub(crate) project: bool,
    /// The file as it is.
    pub(crate) found: Found,
    /// What will be in it; `None` when the file goes.
    pub(crate) after: Option<Vec<u8>>,
    /// What this does, once done.
    pub(crate) action: Action,
    /// Whether the object or table of all servers has to be made.
    pub(crate) makes_servers: bool,
}

/// Where a client's entry is.
pub(crate) fn spot(client: &Client) -> Spot {
    Spot { format: client.format, servers: client.servers, name: NAME }
}

/// A client's configuration beside what it should be.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The file as it is.
    pub(crate) found: Found,
    /// Our entry, or what has its name and is to be replaced.
    pub(crate) entry: Option<Value>,
    /// What has to change in it.
    pub(crate) changes: Vec<Change>,
    /// Whether the object or table of all servers is there.
    has_servers: bool,
}

/// Compares what is in a file with the entry that should be.
pub(crate) fn compare(
    client: &Client,
    file: &Path,
    launch: &Launch,
    force: bool,
) -> Result<Comparison, PlanError> {
    let edit_error = |source| PlanError::Edit { path: file.to_owned(), source };
    let found = Found::read(file)?;
    let text = edit::text(found.bytes().unwrap_or_default()).map_err(edit_error)?;
    let entry = spot(client).read(text).map_err(edit_error)?;
    let has_servers = spot(client).has_servers(text).map_err(edit_error)?;
    let changes = match &entry {
        None => fresh(&(client.entry)(launch)),
        Some(entry) if is_ours(entry) => {
            let fields = (client.entry)(&keep_agent(launch, entry));
            entry.as_object().map_or_else(Vec::new, |entry| changes(entry, &fields))
        }
        Some(entry) if force => replacement(entry, &(client.entry)(launch)),
        Some(entry) => {
            let command = merge::command(entry).map_or("no command", |(program, _)| program).to_owned();
            return Err(PlanError::Foreign { path: file.to_owned(), command });
        }
    };
    Ok(Comparison { found, entry, changes, has_servers })
}

/// Works out how our entry gets into a file.
pub(crate) fn plan(
    client: &'static Client,
    file: &Path,
    project: bool,
    launch: &Launch,
    force: bool,
) -> Result<Plan, PlanError> {
    let edit_error = |source| PlanError::Edit { path: file.to_owned(), source };
    let Comparison { found, entry, changes, has_servers } = compare(client, file, launch, force)?;
    let text = edit::text(found.bytes().unwrap_or_default()).map_err(edit_error)?;
    let (after, action) = if changes.is_empty() {
        (text.to_owned(), Action::Unchanged)
    } else {
        found.require_writable()?;
        let action = if entry.is_some() { Action::Updated } else { Action::Added };
        (spot(client).change(text, &changes).map_err(edit_error)?, action)
    };
    let after = Some(after.into_bytes());
    Ok(Plan { client, file: file.to_owned(), project, found, after, action, makes_servers: !has_servers })
}
