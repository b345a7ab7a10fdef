//! `wait`: for scripts that act when a message comes.

use bridge_proto::admin::{Request, Response};

use super::count;
use crate::cli::Wait;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{daemon, unexpected};
use crate::text::safe_text;

/// Seconds of one question: below what a client waits for an answer before it takes the daemon for dead.
const AT_ONCE: u32 = 240;

pub(super) fn run(screen: &mut Screen, arguments: &Wait) -> Result<Done, Failure> {
    let mut daemon = daemon()?;
    let mut left = arguments.timeout;
    let mail = loop {
        let seconds = left.min(AT_ONCE);
        left -= seconds;
        let (conversation, session) = (arguments.conversation.clone(), arguments.session.clone());
        match daemon.ask(&Request::Wait { conversation, session, seconds })? {
            Response::Mail(mail) if mail.is_empty() && left > 0 => {}
            Response::Mail(mail) => break mail,
            other => return Err(unexpected(&other)),
        }
    };
    if arguments.format.json {
        screen.json(&mail)?;
    } else {
        for mail in &mail {
            let messages = count(mail.waiting, "message", "messages");
            screen.line(&format!("{messages} from {}", safe_text(&mail.from)))?;
        }
    }
    Ok(if mail.is_empty() { Done::Found } else { Done::Well })
}
