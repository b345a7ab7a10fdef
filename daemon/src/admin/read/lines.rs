//! The lines of an imported conversation.

use bridge_proto::admin::{AdminError, Response};
use rusqlite::Connection;

use super::{PAGE, failed, fit, parse_id};
use crate::store::read::archive;

pub(super) fn page(connection: &Connection, conversation: &str, skip: u32) -> Result<Response, AdminError> {
    let mut lines = archive::lines(connection, parse_id(conversation)?, skip, PAGE).map_err(failed)?;
    // The quotes in it are escaped once more.
    fit(&mut lines, |line| 10 + 2 * line.len());
    Ok(Response::Lines(lines))
}
