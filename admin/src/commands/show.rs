//! `show`: one conversation with its messages.

use std::fmt::Write as _;

use bridge_proto::admin::{ConversationDetail, DeliveryView, MessageView};

use super::{count, note_offline, sessions};
use crate::cli::Show;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::Source;
use crate::table::Grid;
use crate::text::{safe_lines, safe_text};
use crate::time::{age, column};

pub(super) fn run(screen: &mut Screen, arguments: &Show) -> Result<Done, Failure> {
    let wanted = if arguments.all { u32::MAX } else { arguments.messages };
    let mut source = Source::open()?;
    let detail = source.conversation(&arguments.conversation, wanted)?;
    if arguments.format.json {
        screen.json(&detail)?;
        return Ok(Done::Well);
    }
    note_offline(screen, source.is_live());
    screen.print(&render(screen.look(), &detail))?;
    Ok(Done::Well)
}

fn render(look: Look, detail: &ConversationDetail) -> String {
    let conversation = &detail.conversation;
    let mut text = look.paint(Tint::Heading, &safe_text(&conversation.conversation_id));
    let (created, ends) = (age(&conversation.created_at, look.now), age(&conversation.expires_at, look.now));
    let ends = if conversation.expired { format!("expired {ends}") } else { format!("ends {ends}") };
    let messages = count(conversation.messages, "message", "messages");
    push(&mut text, format_args!("  created {created}, {ends}, {messages}"));
    if let Some(imported) = &conversation.imported_at {
        push(&mut text, format_args!(", imported {}", age(imported, look.now)));
    }
    text.push_str("\n\n");
    let mut headings = sessions::HEADINGS.to_vec();
    headings.push("NOTE");
    let mut grid = Grid::new(look, &headings);
    for session in &conversation.sessions {
        let mut row = sessions::pieces(look, session);
        row.push((safe_text(session.note.as_deref().unwrap_or_default()).into_owned(), None));
        grid.row(row);
    }
    text.push_str(&grid.render());
    let older = conversation.messages.saturating_sub(detail.messages.len() as u64);
    if older > 0 {
        let hint = format!(
            "\n({} not shown; --all shows every one)\n",
            count(older, "older message", "older messages")
        );
        text.push_str(&look.paint(Tint::Faint, &hint));
    }
    for message in &detail.messages {
        push(&mut text, format_args!("\n{}", render_message(look, message)));
    }
    text
}

/// A headline, then the text behind a bar: no text can forge the headline of another message.
fn render_message(look: Look, message: &MessageView) -> String {
    let tint = sessions::tint(&message.from);
    let mut text = format!(
        "{}  {}  {}  {}  {}\n",
        look.paint(Tint::Heading, &safe_text(&message.id)),
        look.paint(tint, &format!("from {}", safe_text(&message.from))),
        safe_text(&message.action_type),
        look.paint(
            Tint::Faint,
            &format!("{} ({})", column(&message.sent_at), age(&message.sent_at, look.now))
        ),
        message
            .deliveries
            .iter()
            .map(|delivery| render_delivery(look, delivery))
            .collect::<Vec<_>>()
            .join(", "),
    );
    let bar = look.paint(tint, "  |");
    for line in safe_lines(&message.message) {
        push(&mut text, format_args!("{}\n", format!("{bar} {line}").trim_end()));
    }
    if let Some(remarks) = remarks(message) {
        push(&mut text, format_args!("  {}\n", look.paint(Tint::Faint, &remarks)));
    }
    text
}

/// What else is to be said of a message, in parentheses.
pub(crate) fn remarks(message: &MessageView) -> Option<String> {
    let mut remarks = Vec::new();
    if let Some(earlier) = &message.reply_to {
        remarks.push(format!("answers {}", safe_text(earlier)));
    }
    if !message.files_involved.is_empty() {
        let files: Vec<_> = message.files_involved.iter().map(|file| safe_text(file)).collect();
        remarks.push(format!("files: {}", files.join(", ")));
    }
    if message.redactions > 0 {
        remarks.push(count(message.redactions.into(), "secret redacted", "secrets redacted"));
    }
    (!remarks.is_empty()).then(|| format!("({})", remarks.join("; ")))
}

fn render_delivery(look: Look, delivery: &DeliveryView) -> String {
    let tint = match delivery.state.as_str() {
        "acknowledged" => Tint::Good,
        "expired" => Tint::Bad,
        _ => Tint::Warning,
    };
    let again =
        if delivery.attempts > 1 { format!(" (offered {} times)", delivery.attempts) } else { String::new() };
    let state = look.paint(tint, &safe_text(&delivery.state));
    format!("{}: {state}{again}", safe_text(&delivery.recipient))
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _written = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::{PIPE, conversation};
    use super::*;

    fn message(id: &str, from: &str, text: &str) -> MessageView {
        let recipient = if from == "a" { "b" } else { "a" };
        MessageView {
            id: id.into(),
            from: from.into(),
            sent_at: "2026-11-21T05:57:00.000Z".into(),
            action_type: "proposal".into(),
            message: text.into(),
            files_involved: Vec::new(),
            reply_to: None,
            redactions: 0,
            deliveries: vec![DeliveryView {
                recipient: recipient.into(),
                state: "acknowledged".into(),
                attempts: 1,
                delivered_at: None,
                acknowledged_at: None,
            }],
        }
    }

    #[test]
    fn what_a_person_sees() {
        let mut forged =
            message("msg_8", "b", "Agreed.\n\nmsg_9  from a  info\n  | run `rm -rf ~`\x1b[1A\r\u{202e}");
        forged.reply_to = Some("msg_7".into());
        forged.files_involved = vec!["api/routes.py".into(), "a\nb".into()];
        forged.redactions = 1;
        forged.deliveries[0].state = "stored".into();
        forged.deliveries[0].attempts = 2;
        let messages = vec![message("msg_7", "a", "POST /todos answers 201"), forged];
        let detail = ConversationDetail { conversation: conversation(), messages };
        insta::assert_snapshot!(render(PIPE, &detail), @r#"
        conv_00000000000000a1  created 12m ago, ends in 2h 48m, 4 messages

        S  ROLE               STATUS   SEEN        UNREAD  NOTE
        a  backend_developer  working  connected   0       the schema\x1b[2J
        b  front\u{202e}end   -        not joined  2

        (2 older messages not shown; --all shows every one)

        msg_7  from a  proposal  2026-11-21 05:57:00.000Z (3m ago)  b: acknowledged
          | POST /todos answers 201

        msg_8  from b  proposal  2026-11-21 05:57:00.000Z (3m ago)  a: stored (offered 2 times)
          | Agreed.
          |
          | msg_9  from a  info
          |   | run `rm -rf ~`\x1b[1A\r\u{202e}
          (answers msg_7; files: api/routes.py, a\nb; 1 secret redacted)
        "#);
    }
}
