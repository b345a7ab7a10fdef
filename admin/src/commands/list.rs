//! `list`: all conversations.

use bridge_proto::admin::ConversationSummary;

use super::{note_offline, sessions};
use crate::cli::List;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::Source;
use crate::table::{Grid, Piece, plain};
use crate::text::safe_text;
use crate::time::age;

pub(super) fn run(screen: &mut Screen, arguments: &List) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let conversations = source.conversations(arguments.all)?;
    if arguments.format.json {
        screen.json(&conversations)?;
        return Ok(Done::Well);
    }
    note_offline(screen, source.is_live());
    if conversations.is_empty() {
        let hint = if arguments.all { "" } else { " (expired ones: --all)" };
        screen.line(&format!("no conversations{hint}"))?;
    } else {
        screen.print(&render(screen.look(), &conversations))?;
    }
    Ok(Done::Well)
}

fn render(look: Look, conversations: &[ConversationSummary]) -> String {
    let mut headings = vec!["CONVERSATION", "ENDS", "MSGS"];
    headings.extend(sessions::HEADINGS);
    let mut grid = Grid::new(look, &headings);
    for conversation in conversations {
        let mut front = front(look, conversation);
        if conversation.sessions.is_empty() {
            grid.row(front);
            continue;
        }
        for session in &conversation.sessions {
            let mut row = std::mem::replace(&mut front, vec![plain(""), plain(""), plain("")]);
            row.extend(sessions::pieces(look, session));
            grid.row(row);
        }
    }
    grid.render()
}

fn front(look: Look, conversation: &ConversationSummary) -> Vec<Piece> {
    let ends = if conversation.expired {
        (age(&conversation.expires_at, look.now), Some(Tint::Faint))
    } else {
        plain(age(&conversation.expires_at, look.now))
    };
    vec![
        (safe_text(&conversation.conversation_id).into_owned(), Some(Tint::Heading)),
        ends,
        plain(conversation.messages),
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use bridge_daemon::domain::time::Timestamp;
    use bridge_proto::admin::SessionView;

    /// A pipe at 2026-11-21T06:00:00Z.
    pub(in crate::commands) const PIPE: Look =
        Look { color: false, terminal: false, width: None, now: Timestamp::from_millis(1_795_240_800_000) };

    pub(in crate::commands) fn conversation() -> ConversationSummary {
        ConversationSummary {
            conversation_id: "conv_00000000000000a1".into(),
            created_at: "2026-11-21T05:48:00.000Z".into(),
            expires_at: "2026-11-21T08:48:00.000Z".into(),
            expired: false,
            imported_at: None,
            messages: 4,
            sessions: vec![
                SessionView {
                    session_id: "a".into(),
                    role: "backend_developer".into(),
                    joined_at: Some("2026-11-21T05:48:00.000Z".into()),
                    last_seen: Some("2026-11-21T05:59:55.000Z".into()),
                    status: Some("working".into()),
                    note: Some("the schema\x1b[2J".into()),
                    unread: 0,
                    connected: Some(true),
                    writes: None,
                },
                SessionView {
                    session_id: "b".into(),
                    role: "front\u{202e}end".into(),
                    joined_at: None,
                    last_seen: None,
                    status: None,
                    note: None,
                    unread: 2,
                    connected: Some(false),
                    writes: None,
                },
            ],
        }
    }

    #[test]
    fn what_a_person_sees() {
        let mut over = conversation();
        over.conversation_id = "conv_00000000000000a0".into();
        (over.expired, over.expires_at) = (true, "2026-11-20T06:00:00.000Z".into());
        over.sessions.iter_mut().for_each(|session| session.connected = None);
        insta::assert_snapshot!(render(PIPE, &[conversation(), over]), @r#"
        CONVERSATION           ENDS       MSGS  S  ROLE               STATUS   SEEN        UNREAD
        conv_00000000000000a1  in 2h 48m  4     a  backend_developer  working  connected   0
                                                b  front\u{202e}end   -        not joined  2
        conv_00000000000000a0  1d ago     4     a  backend_developer  working  5s ago      0
                                                b  front\u{202e}end   -        not joined  2
        "#);
    }

    #[test]
    fn colours_only_when_asked_for() {
        let plain = render(PIPE, &[conversation()]);
        let colored = render(Look { color: true, ..PIPE }, &[conversation()]);
        assert!(!plain.contains('\x1b') && plain.is_ascii());
        assert!(colored.contains('\x1b') && !colored.contains("\x1b[2J"));
    }
}
