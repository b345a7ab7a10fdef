//! Carrying out a plan: a backup, a record, then the file.

use super::file::remove_empty;
use super::plan::Plan;
use super::report::Action;
use super::state::{Before, Record, State, StateError, hash};

/// Mode of a file that was not there: configurations may hold keys.
const USER_FILE: u32 = 0o600;
const PROJECT_FILE: u32 = 0o644;

/// Writes what was planned. Answers the name of the backup, if there was something to keep.
pub(crate) fn install(plan: &Plan, state: &mut State) -> Result<Option<String>, StateError> {
    let Some(after) = &plan.after else { return Ok(None) };
    let earlier = earlier(plan, state);
    // What is there is what we wrote ourselves: what was there before that is kept already.
    let is_kept = earlier.as_ref().is_some_and(|earlier| earlier.before != Before::Ours);
    let to_keep = plan.found.bytes().filter(|_| !is_kept);
    let backup = to_keep.map(|bytes| state.back_up(plan.client.id, bytes)).transpose()?;
    let made = plan.found.make_directories()?;
    let record = match earlier {
        Some(earlier) => Record { written: hash(after), ..earlier },
        None => Record {
            client: plan.client.id.to_owned(),
            file: plan.file.clone(),
            project: plan.project,
            written: hash(after),
            before: backup.clone().map_or(Before::Nothing, Before::Backup),
            directories: made.clone(),
            made_servers: plan.makes_servers,
        },
    };
    let previous = state.record(&plan.file).cloned();
    // On record before it is done: what a crash leaves behind can still be taken back.
    state.note(record)?;
    let mode = if plan.project { PROJECT_FILE } else { USER_FILE };
    if let Err(error) = plan.found.replace(after, mode) {
        remove_empty(&made);
        match previous {
            Some(previous) => state.note(previous)?,
            None => state.forget(&plan.file)?,
        }
        return Err(error.into());
    }
    Ok(backup)
}

/// What is on record of the entry that is about to be updated. When others have changed the file since, going back to
/// what was before would undo their changes as well.
fn earlier(plan: &Plan, state: &State) -> Option<Record> {
    let earlier = state.record(&plan.file)?;
    let has_entry = plan.action == Action::Updated;
    let untouched = plan.found.bytes().is_some_and(|bytes| hash(bytes) == earlier.written);
    match (has_entry, untouched) {
        (false, _) => None,
        (true, true) => Some(earlier.clone()),
        (true, false) => Some(Record { before: Before::Ours, ..earlier.clone() }),
    }
}
