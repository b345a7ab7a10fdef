//! `invite`: a new one-time code for a session of a conversation.

use bridge_proto::admin::{Request, Response};

use crate::cli::Invite;
use crate::failure::{Done, Failure};
use crate::screen::{Screen, Tint};
use crate::source::{daemon, unexpected};
use crate::text::safe_text;
use crate::time::age;

pub(super) fn run(screen: &mut Screen, arguments: &Invite) -> Result<Done, Failure> {
    let conversation = arguments.conversation.clone();
    let session = Some(arguments.session.clone());
    let invite = match daemon()?.ask(&Request::Invite { conversation, session })? {
        Response::Invite(invite) => invite,
        other => return Err(unexpected(&other)),
    };
    if arguments.format.json {
        screen.json(&invite)?;
        return Ok(Done::Well);
    }
    let look = screen.look();
    screen.line(&look.paint(Tint::Heading, &safe_text(&invite.invite_code)))?;
    screen.flush()?;
    screen.note(&format!(
        "Tell the agent that is to be session {}: \"call join_conversation with this invite code\". \
         It works once and ends {}.",
        safe_text(&invite.session_id),
        age(&invite.expires_at, look.now)
    ));
    Ok(Done::Well)
}
