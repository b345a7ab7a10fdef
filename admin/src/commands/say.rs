//! `say`: a person's own message to the agents of a conversation.

use bridge_proto::admin::{Request, Response, SaidView};

use super::count;
use crate::cli::Say;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{daemon, unexpected};
use crate::text::safe_text;

pub(super) fn run(screen: &mut Screen, arguments: Say) -> Result<Done, Failure> {
    let Say { conversation, message, to, format } = arguments;
    let said = match daemon()?.ask(&Request::Say { conversation, to, message })? {
        Response::Said(said) => said,
        other => return Err(unexpected(&other)),
    };
    if format.json {
        screen.json(&said)?;
    } else {
        screen.line(&words(&said))?;
    }
    Ok(Done::Well)
}

/// What became of it.
pub(crate) fn words(said: &SaidView) -> String {
    let redacted = match said.redactions {
        0 => String::new(),
        number => format!(" ({})", count(number.into(), "secret redacted", "secrets redacted")),
    };
    format!(
        "{} is stored for {}{redacted}",
        safe_text(&said.message_id),
        safe_text(&said.recipients.join(" and "))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_sees() {
        let said = |recipients: &[&str], redactions| SaidView {
            message_id: "msg_7".into(),
            sent_at: "2026-11-21T06:00:00.000Z".into(),
            recipients: recipients.iter().map(|label| (*label).to_owned()).collect(),
            redactions,
        };
        insta::assert_snapshot!(words(&said(&["a", "b"], 0)), @"msg_7 is stored for a and b");
        insta::assert_snapshot!(words(&said(&["b"], 2)), @"msg_7 is stored for b (2 secrets redacted)");
    }
}
