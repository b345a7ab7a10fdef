//! One conversation with messages.

use bridge_proto::admin::{AdminError, ConversationDetail, Response};
use rusqlite::Connection;

use super::{Source, add_live, failed, fit, not_found, parse_id};
use crate::domain::id::{MessageId, SessionLabel};
use crate::store::read::conversations::MessagePage;
use crate::store::read::{archive, conversations};

pub(super) fn show(
    connection: &Connection,
    source: &Source<'_>,
    conversation: &str,
    page: MessagePage,
) -> Result<Response, AdminError> {
    let id = parse_id(conversation)?;
    let summary = conversations::one(connection, id, source.now).map_err(failed)?;
    let mut summary = summary.ok_or_else(|| not_found(conversation))?;
    add_live(source, &mut summary);
    let live = source.live.and_then(|live| live.registry.loaded(id));
    let is_leased = |recipient: SessionLabel, message: MessageId| {
        let session = live.as_ref().and_then(|conversation| conversation.session(recipient));
        session.is_some_and(|session| session.state().mailbox.is_leased(message))
    };
    let mut messages = match archive::messages(connection, id, page).map_err(failed)? {
        Some(archived) => archived,
        None => conversations::messages(connection, id, page, source.now, &is_leased).map_err(failed)?,
    };
    fit(&mut messages, |message| {
        // A control character takes six bytes as JSON.
        1_000 + 6 * (message.message.len() + message.files_involved.iter().map(String::len).sum::<usize>())
    });
    if page.last {
        messages.reverse();
    }
    Ok(Response::Show(Box::new(ConversationDetail { conversation: summary, messages })))
}
