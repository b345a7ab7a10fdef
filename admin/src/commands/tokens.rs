//! `tokens`: the session tokens of a conversation.
//!
//! Only the running daemon gives them out: it refuses processes below a connected agent and puts every disclosure on
//! record, neither of which a reader of its files could be held to.

use bridge_proto::admin::{Request, Response};

use super::sessions;
use crate::cli::Conversation;
use crate::failure::{Done, Failure};
use crate::screen::{Screen, Tint};
use crate::source::{daemon, unexpected};
use crate::table::{Grid, plain};
use crate::text::safe_text;

pub(super) fn run(screen: &mut Screen, arguments: &Conversation) -> Result<Done, Failure> {
    let conversation = arguments.conversation.clone();
    let tokens = match daemon()?.ask(&Request::Tokens { conversation })? {
        Response::Tokens(tokens) => tokens,
        other => return Err(unexpected(&other)),
    };
    screen.note(
        "Whoever has a token can read and write as that session: give it to nobody but its agent, and not by a chat. \
         (To let a new partner in, `bridgectl invite` is the safer way.) This disclosure is on record.",
    );
    if arguments.format.json {
        screen.json(&tokens)?;
        return Ok(Done::Well);
    }
    // A token that is broken over two lines cannot be copied.
    let mut look = screen.look();
    look.width = None;
    let mut grid = Grid::new(look, &["S", "ROLE", "TOKEN"]);
    for token in &tokens {
        let label = (safe_text(&token.session_id).into_owned(), Some(sessions::tint(&token.session_id)));
        grid.row(vec![
            label,
            plain(safe_text(&token.role)),
            (safe_text(&token.token).into_owned(), Some(Tint::Heading)),
        ]);
    }
    screen.print(&grid.render())?;
    Ok(Done::Well)
}
