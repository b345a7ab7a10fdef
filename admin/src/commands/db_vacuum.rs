//! `db vacuum`: gives free pages back to the file system. Only while no daemon runs: every commit would have to wait for
//! the whole of it.

use bridge_daemon::store::vacuum::vacuum;

use super::restore::lock;
use super::size;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;

pub(super) fn run(screen: &mut Screen) -> Result<Done, Failure> {
    let paths = paths()?;
    let database = paths.database();
    if !database.exists() {
        return Err(Failure::NothingYet { database });
    }
    let _lock = lock(&paths)?;
    let (before, after) = vacuum(&database).map_err(|error| Failure::Failed(error.to_string()))?;
    screen.line(&format!("{}: {} before, {} now", database.display(), size(before), size(after)))?;
    Ok(Done::Well)
}
