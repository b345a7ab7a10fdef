//! Where a message and those who wait for it meet.

use std::sync::Arc;

use super::session::LiveSession;
use crate::store::{NewMessage, Sent, StoreError, Tx};

/// Stores a message. A long poll that waits for it takes it in the same transaction, so that both share one flush;
/// everybody else is woken once it is on disk.
///
/// # Errors
/// [`StoreError`] from SQLite.
pub fn post(
    tx: &mut Tx<'_>,
    message: &NewMessage,
    recipients: Vec<Arc<LiveSession>>,
) -> Result<Sent, StoreError> {
    let sent = tx.store_message(message)?;
    recipients.iter().filter_map(|recipient| recipient.take_parked()).for_each(|fetch| tx.follow(fetch));
    tx.after_commit(move || recipients.iter().for_each(|recipient| recipient.mail_came()));
    Ok(sent)
}
