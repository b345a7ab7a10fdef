//! An export as Markdown (CommonMark). Texts of agents stand in code spans and code blocks only, whose fences are longer
//! than any run of backticks in them, so that no text can end its own.

use std::fmt::Write as _;

use bridge_proto::admin::yolo::CommandView;
use bridge_proto::admin::{AuditRow, MessageView};

use super::dossier::Dossier;
use super::timeline::{Event, events};
use super::words;
use crate::text::{safe_json, safe_lines, safe_text};

/// The whole file.
pub(super) fn render(dossier: &Dossier) -> String {
    let mut page = Page::default();
    let conversation = &dossier.conversation;
    page.line(format_args!("# Conversation {}\n", code(&conversation.conversation_id)));
    let ends = if conversation.expired { "ended" } else { "ends" };
    page.line(format_args!("- created {}", code(&conversation.created_at)));
    page.line(format_args!("- {ends} {}", code(&conversation.expires_at)));
    page.line(format_args!("- messages: {}", dossier.messages.len()));
    page.line(format_args!("- secrets redacted: {}", dossier.redactions()));
    page.line(format_args!("- calls refused: {}", dossier.refusals()));
    page.line(format_args!("- commands: {}", dossier.commands.len()));
    page.line(format_args!("- audit trail: {}", verdict(dossier)));
    let Dossier { header, .. } = dossier;
    page.line(format_args!(
        "- exported {} by bridgectl {}",
        code(&header.exported_at),
        code(&header.version)
    ));
    if let Some(imported_at) = &dossier.imported_at {
        page.line(format_args!("- imported {}: it did not happen on this machine", code(imported_at)));
    }
    page.line(format_args!("\n## Sessions\n"));
    for session in &conversation.sessions {
        let joined = session.joined_at.as_deref().map_or("never joined".to_owned(), |at| {
            format!("joined {}, last seen {}", code(at), code(session.last_seen.as_deref().unwrap_or(at)))
        });
        page.line(format_args!("- {}: {}, {joined}", code(&session.session_id), code(&session.role)));
    }
    page.line(format_args!("\n## Timeline"));
    for event in events(dossier) {
        match event {
            Event::Message(message) => page.message(message, dossier.role(&message.from)),
            Event::Command(command) => page.command(command),
            Event::Decision(row) => page.row("A person decided", row),
            Event::Refusal(row) => page.row("Refused", row),
            Event::Arrival(row) => page.row("Arrival", row),
        }
    }
    page.line(format_args!("\n## Audit rows\n"));
    for row in &dossier.audit {
        let json = safe_json(row).unwrap_or_default();
        page.line(format_args!("- {}", code(&json)));
    }
    page.0
}

fn verdict(dossier: &Dossier) -> String {
    let report = &dossier.verdict;
    let says = if dossier.imported_at.is_some() { " (so says the imported file)" } else { "" };
    if report.whole {
        return format!("whole, {} rows, head {}{says}", report.rows, code(&report.head));
    }
    let problems: Vec<_> = report.findings.iter().map(|found| code(&found.problem)).collect();
    format!("**NOT WHOLE**: {}", problems.join("; "))
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _written = writeln!(self.0, "{what}");
    }

    fn message(&mut self, message: &MessageView, role: &str) {
        self.line(format_args!(
            "\n### {} from {} ({}), {}\n",
            code(&message.id),
            code(&message.from),
            code(role),
            code(&message.action_type)
        ));
        self.line(format_args!("- sent {}", code(&message.sent_at)));
        for delivery in &message.deliveries {
            let mut times = String::new();
            for (what, at) in
                [("delivered", &delivery.delivered_at), ("acknowledged", &delivery.acknowledged_at)]
            {
                if let Some(at) = at {
                    times.push_str(&format!(", {what} {}", code(at)));
                }
            }
            let (to, state) = (code(&delivery.recipient), code(&delivery.state));
            self.line(format_args!("- to {to}: {state}, offered {} times{times}", delivery.attempts));
        }
        if let Some(earlier) = &message.reply_to {
            self.line(format_args!("- answers {}", code(earlier)));
        }
        for file in &message.files_involved {
            self.line(format_args!("- file {}", code(file)));
        }
        if message.redactions > 0 {
            self.line(format_args!("- **secrets redacted: {}**", message.redactions));
        }
        self.block(&message.message);
    }

    fn command(&mut self, command: &CommandView) {
        self.line(format_args!(
            "\n### {} proposed by {}: {}\n",
            code(&command.command_id),
            code(&command.requester),
            code(&command.state)
        ));
        self.line(format_args!("- proposed {}", code(&command.asked_at)));
        self.line(format_args!("- mode {}, sandbox {}", code(&command.mode), code(&command.sandbox)));
        self.line(format_args!(
            "- in {}, network {}",
            code(&command.workspace),
            if command.network { "**allowed**" } else { "none" }
        ));
        if let Some(outcome) = &command.outcome {
            self.line(format_args!("- outcome {}", code(&words::outcome(outcome))));
        }
        self.block(&command.command);
    }

    fn row(&mut self, what: &str, row: &AuditRow) {
        self.line(format_args!(
            "\n### {what}: {} by {}, {}\n",
            code(&row.action),
            code(&row.actor),
            code(&row.outcome)
        ));
        self.line(format_args!("- at {} (audit row {})", code(&row.at), row.seq));
        self.line(format_args!("- {}", code(&words::details(&row.details))));
    }

    /// A code block that its content cannot end.
    fn block(&mut self, text: &str) {
        let lines: Vec<String> = safe_lines(text).collect();
        let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.line(format_args!("\n{fence}text"));
        for line in lines {
            self.line(format_args!("{line}"));
        }
        self.line(format_args!("{fence}"));
    }
}

/// A code span that its content cannot end. One space on each side is taken off again where backticks touch the ends.
fn code(text: &str) -> String {
    let text = safe_text(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    if text.is_empty() {
        return "(none)".to_owned();
    }
    if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_own_fence() {
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("```x"), "```` ```x ````");
        assert_eq!(code(""), "(none)");
        let mut page = Page::default();
        page.block("one\n````\n# two\x1b[2J\n```` ");
        assert_eq!(page.0, "\n`````text\none\n````\n# two\\x1b[2J\n```` \n`````\n");
    }
}
