//! Taking the entry out again: back to the backup when nobody has changed the file since, else only our entry.

use std::path::Path;

use super::client::Client;
use super::edit;
use super::file::{Found, remove_empty};
use super::merge::is_ours;
use super::plan::{Plan, PlanError, spot};
use super::report::Action;
use super::state::{Before, Record, State, StateError, hash};

/// Works out what a file is to be without our entry.
pub(crate) fn plan(
    client: &'static Client,
    file: &Path,
    project: bool,
    state: &State,
) -> Result<Plan, UndoError> {
    let found = Found::read(file).map_err(PlanError::from)?;
    let record = state.record(file);
    let after = match (found.bytes(), record) {
        (None, _) => None,
        (Some(bytes), Some(record)) if hash(bytes) == record.written => {
            restored(bytes, client, record, state)?
        }
        (Some(bytes), record) => {
            Some(without(client, file, bytes, record.is_some_and(|record| record.made_servers))?)
        }
    };
    let action = if after.as_deref() == found.bytes() { Action::Unchanged } else { Action::Removed };
    if action == Action::Removed {
        found.require_writable().map_err(PlanError::from)?;
    }
    Ok(Plan { client, file: file.to_owned(), project, found, after, action, makes_servers: false })
}

/// Why the entry stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UndoError {
    /// The file cannot be edited.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The record or the backup cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
}

fn restored(
    bytes: &[u8],
    client: &'static Client,
    record: &Record,
    state: &State,
) -> Result<Option<Vec<u8>>, UndoError> {
    match &record.before {
        Before::Nothing => Ok(None),
        Before::Backup(name) => Ok(Some(state.backup(name)?)),
        Before::Ours => Ok(Some(without(client, &record.file, bytes, record.made_servers)?)),
    }
}

fn without(
    client: &'static Client,
    file: &Path,
    bytes: &[u8],
    with_servers: bool,
) -> Result<Vec<u8>, PlanError> {
    let edit_error = |source| PlanError::Edit { path: file.to_owned(), source };
    let text = edit::text(bytes).map_err(edit_error)?;
    let spot = spot(client);
    // Somebody else's entry of the same name is not ours to take out.
    if !spot.read(text).map_err(edit_error)?.as_ref().is_some_and(is_ours) {
        return Ok(bytes.to_vec());
    }
    Ok(spot.remove(text, with_servers).map_err(edit_error)?.into_bytes())
}

/// Does what was planned and forgets the file.
pub(crate) fn uninstall(plan: &Plan, state: &mut State) -> Result<(), StateError> {
    if plan.action == Action::Removed {
        match &plan.after {
            Some(after) => plan.found.replace(after, 0o600)?,
            None => plan.found.remove()?,
        }
    }
    if let Some(record) = state.record(&plan.file).cloned() {
        remove_empty(&record.directories);
        state.forget(&plan.file)?;
    }
    Ok(())
}
