//! `audit`: the trail, newest rows, filtered, followed.

use std::time::Duration;

use bridge_proto::admin::{AuditFilter, AuditRow};
use serde_json::Value;

use super::{audit_export, audit_verify, note_offline};
use crate::cli::{Audit, AuditCommand};
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::{PAGE, Source};
use crate::text::{safe_json, safe_text};
use crate::time::{column, parse_since};

const DEFAULT_LIMIT: u32 = 50;
/// How often the trail is asked for new rows when it is followed.
const POLL: Duration = Duration::from_millis(500);

pub(super) fn run(screen: &mut Screen, arguments: &Audit) -> Result<Done, Failure> {
    match &arguments.command {
        Some(AuditCommand::Verify { anchor, format }) => {
            return audit_verify::run(screen, anchor.as_ref().map(Option::as_deref), format);
        }
        Some(AuditCommand::Export { output }) => return audit_export::run(screen, output.as_deref()),
        None => {}
    }
    let (conversation, limit) = positional(arguments)?;
    let since = arguments.since.as_deref().map(|text| parse_since(text, screen.look().now)).transpose();
    let filter = AuditFilter {
        conversation,
        action: arguments.action.clone(),
        outcome: arguments.outcome.clone(),
        since_ms: since.map_err(Failure::Usage)?,
        ..AuditFilter::default()
    };
    let mut source = Source::open()?;
    let rows = source.newest_audit(&filter, limit)?;
    if !arguments.json {
        note_offline(screen, source.is_live());
        if rows.is_empty() && !arguments.follow {
            screen.note("no rows");
        } else {
            screen.line(&screen.look().paint(Tint::Faint, HEADINGS))?;
        }
    }
    print(screen, &rows, arguments.json)?;
    if arguments.follow {
        let last = rows.last().map_or_else(|| newest(&mut source), |row| Ok(row.seq))?;
        follow(screen, source, AuditFilter { after: last, ..filter }, arguments.json)?;
    }
    Ok(Done::Well)
}

/// `audit`, `audit CONV`, `audit 100` and `audit CONV 100`, as the original takes them.
fn positional(arguments: &Audit) -> Result<(Option<String>, u32), Failure> {
    match (arguments.conversation.as_deref(), arguments.limit) {
        (None, limit) => Ok((None, limit.unwrap_or(DEFAULT_LIMIT))),
        (Some(text), limit) if text.starts_with("conv_") => {
            Ok((Some(text.to_owned()), limit.unwrap_or(DEFAULT_LIMIT)))
        }
        (Some(text), None) => match text.parse() {
            Ok(limit) => Ok((None, limit)),
            Err(_) => Err(no_conversation(text)),
        },
        (Some(text), Some(_)) => Err(no_conversation(text)),
    }
}

fn no_conversation(text: &str) -> Failure {
    let text = safe_text(text);
    Failure::Usage(format!(
        "{text:?} is neither a conversation id (conv_...) nor a number of rows; see `bridgectl audit --help`"
    ))
}

/// Number of the newest row of all.
fn newest(source: &mut Source) -> Result<i64, Failure> {
    let last = source.audit(&AuditFilter { limit: 1, last: true, ..AuditFilter::default() })?;
    Ok(last.first().map_or(0, |row| row.seq))
}

/// Prints rows as they come, until somebody ends it. A daemon that restarts meanwhile is found again.
fn follow(
    screen: &mut Screen,
    mut source: Source,
    mut filter: AuditFilter,
    json: bool,
) -> Result<(), Failure> {
    filter.limit = PAGE;
    loop {
        screen.flush()?;
        let rows = match source.audit(&filter) {
            Ok(rows) => rows,
            Err(_) => {
                std::thread::sleep(POLL);
                source = Source::open()?;
                source.audit(&filter)?
            }
        };
        if let Some(last) = rows.last() {
            filter.after = last.seq;
        }
        print(screen, &rows, json)?;
        if rows.is_empty() {
            std::thread::sleep(POLL);
            if !source.is_live() {
                source = Source::open()?;
            }
        }
    }
}

fn print(screen: &mut Screen, rows: &[AuditRow], json: bool) -> Result<(), Failure> {
    for row in rows {
        if json {
            screen.json_line(row)?;
        } else {
            screen.line(&render(screen.look(), row))?;
        }
    }
    Ok(())
}

const HEADINGS: &str =
    "   SEQ  TIME                      CONVERSATION           ACTOR          ACTION                OUTCOME";

/// One line per row, in columns that stay where they are while rows come in.
fn render(look: Look, row: &AuditRow) -> String {
    let conversation = row.conversation_id.as_deref().unwrap_or("-");
    let outcome = format!("{:<12}", safe_text(&row.outcome));
    let line = format!(
        "{:>6}  {:<24}  {:<21}  {:<13}  {:<20}  {}  {}",
        row.seq,
        column(&row.at),
        safe_text(conversation),
        safe_text(&row.actor),
        safe_text(&row.action),
        look.paint(if row.outcome == "ok" { Tint::Good } else { Tint::Bad }, &outcome),
        look.paint(Tint::Faint, &details(&row.details))
    );
    line.trim_end().to_owned()
}

/// `key=value` for an object, as it stands for anything else.
pub(crate) fn details(details: &Value) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) if !text.is_empty() && !text.contains(char::is_whitespace) => {
            safe_text(text).into_owned()
        }
        other => safe_json(other).unwrap_or_default(),
    };
    match details {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{}={}", safe_text(name), shown(value)));
            fields.collect::<Vec<_>>().join(" ")
        }
        other => shown(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::PIPE;
    use super::*;

    fn row(seq: i64, action: &str, outcome: &str, details: Value) -> AuditRow {
        AuditRow {
            seq,
            at: "2026-11-21T05:57:00.123Z".into(),
            conversation_id: (seq > 1).then(|| "conv_00000000000000a1".into()),
            actor: if seq > 1 { "a".into() } else { "human".into() },
            action: action.into(),
            outcome: outcome.into(),
            details,
            mac: "ab".repeat(32),
        }
    }

    #[test]
    fn what_a_person_sees() {
        let rows = [
            row(1, "cleanup", "ok", serde_json::json!({})),
            row(
                2,
                "create_conversation",
                "ok",
                serde_json::json!({"roles": ["back end", "x\u{202e}y"], "n": 1}),
            ),
            row(3, "send_to_partner", "wrong_token", serde_json::json!({"note": "two words", "id": "msg_1"})),
            row(4, "send_to_partner", "ok", Value::String("tampered \x1b[2J".into())),
        ];
        let lines: Vec<_> = rows.iter().map(|row| render(PIPE, row)).collect();
        insta::assert_snapshot!(format!("{HEADINGS}\n{}", lines.join("\n")), @r#"
        SEQ  TIME                      CONVERSATION           ACTOR          ACTION                OUTCOME
          1  2026-11-21 05:57:00.123Z  -                      human          cleanup               ok
          2  2026-11-21 05:57:00.123Z  conv_00000000000000a1  a              create_conversation   ok            n=1 roles=["back end","x\u202ey"]
          3  2026-11-21 05:57:00.123Z  conv_00000000000000a1  a              send_to_partner       wrong_token   id=msg_1 note="two words"
          4  2026-11-21 05:57:00.123Z  conv_00000000000000a1  a              send_to_partner       ok            "tampered \u001b[2J"
        "#);
    }

    #[test]
    fn a_number_alone_is_the_limit() {
        let audit = |conversation: Option<&str>, limit| Audit {
            command: None,
            conversation: conversation.map(ToOwned::to_owned),
            limit,
            follow: false,
            since: None,
            action: None,
            outcome: None,
            json: false,
        };
        assert_eq!(positional(&audit(None, None)).unwrap(), (None, 50));
        assert_eq!(positional(&audit(Some("100"), None)).unwrap(), (None, 100));
        assert_eq!(positional(&audit(Some("conv_1"), Some(7))).unwrap(), (Some("conv_1".into()), 7));
        assert_eq!(positional(&audit(Some("verifi"), None)).unwrap_err().exit_code(), 2);
    }
}
