//! Dialogs as they are seen.

use bridge_proto::admin::yolo::Prepared;
use ratatui::Frame;
use ratatui::layout::{Constraint, Flex, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use super::confirm::{Confirm, Field, Stage, Typing};
use super::editor::Editor;
use super::reader::Reader;
use super::{Details, Dialog, Refusal, SayForm};
use crate::proposal::{ENABLE_WARNING, YOLO_WARNING, command_facts, grant_facts};
use crate::screen::Tint;
use crate::text::safe_text;
use crate::time::age;
use crate::watch::app::App;
use crate::watch::feed::Outcome;
use crate::watch::lines::{facts, wrap, wrap_line};
use crate::watch::theme::Theme;

/// Columns of a dialog at most.
const WIDTH: u16 = 90;
/// Lines of a message under construction that are in view.
const EDITOR: u16 = 8;

const HELP: &str = "\
Tab Shift-Tab   next, previous pane; also l h, the arrows, and 1 2 3 4
j k             down and up: select an entry, scroll the messages
PgDn PgUp       a page; Ctrl-D and Ctrl-U half a page
g G             first, last; in messages: oldest known, newest
Enter           show the entry whole; in conversations: read its messages
z               the pane takes the whole screen; Esc ends that
/               filter the pane; Enter keeps the filter, Esc clears it
x               expired conversations too
m               say something to the agents: they see it from \"human\"
a               approve the selected command, enable the selected mode
d               deny the selected command or mode, take an approval back
q Ctrl-C        quit

● connected   ◐ alive: called within two minutes   ○ gone   ◌ not joined
A message is stored, offered, delivered, then acknowledged (read): the
agent has acted after having it. ×2: it was offered twice.
Bars show how many messages a session may still send.";

/// Draws the dialog, if there is one.
pub(in crate::watch) fn draw(frame: &mut Frame<'_>, body: Rect, app: &mut App) {
    let (theme, now) = (app.theme, app.now);
    match &mut app.dialog {
        None => {}
        Some(Dialog::Help(reader)) => {
            let lines = HELP.lines().map(|line| Line::from(line.to_owned())).collect();
            text(frame, body, theme, "Keys", lines, reader);
        }
        Some(Dialog::Details(Details { title, facts: known, reader })) => {
            let lines = facts(theme, known, inner_width(body));
            text(frame, body, theme, title, lines, reader);
        }
        Some(Dialog::Refusal(refusal)) => draw_refusal(frame, body, theme, refusal),
        Some(Dialog::Say(form)) => draw_form(frame, body, theme, form),
        Some(Dialog::Confirm(confirm)) => {
            let ends = |until: &str| age(until, now);
            draw_confirm(frame, body, theme, confirm, &ends);
        }
    }
}

/// Columns of text in a dialog.
fn inner_width(body: Rect) -> usize {
    usize::from(body.width.saturating_sub(2).min(WIDTH).saturating_sub(4))
}

/// Clears a place in the middle for so many lines, draws the border, and returns what is within.
fn open(frame: &mut Frame<'_>, body: Rect, theme: Theme, title: &str, lines: usize, hint: &str) -> Rect {
    let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).min(body.height);
    let [area] = Layout::vertical([Constraint::Length(height)]).flex(Flex::Center).areas(body);
    let width = body.width.saturating_sub(2).min(WIDTH);
    let [area] = Layout::horizontal([Constraint::Length(width)]).flex(Flex::Center).areas(area);
    frame.render_widget(Clear, area);
    let block = Block::bordered()
        .border_type(BorderType::Thick)
        .border_style(theme.style(Tint::First))
        .title(Line::styled(format!(" {title} "), theme.style(Tint::Heading)))
        .title_bottom(Line::styled(format!(" {hint} "), theme.style(Tint::Faint)).right_aligned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [inner] = Layout::horizontal([Constraint::Length(inner.width.saturating_sub(2))])
        .flex(Flex::Center)
        .areas(inner);
    inner
}

fn text(
    frame: &mut Frame<'_>,
    body: Rect,
    theme: Theme,
    title: &str,
    lines: Vec<Line<'_>>,
    reader: &mut Reader,
) {
    let area = open(frame, body, theme, title, lines.len(), "Esc closes");
    read(frame, area, theme, lines, reader);
}

/// Draws the part of a text where the reader is.
fn read(frame: &mut Frame<'_>, area: Rect, theme: Theme, lines: Vec<Line<'_>>, reader: &mut Reader) {
    let rows = usize::from(area.height);
    let offset = reader.measure(lines.len(), rows);
    let mut shown: Vec<Line<'_>> = lines.into_iter().skip(offset).take(rows).collect();
    frame.render_widget(Paragraph::new(std::mem::take(&mut shown)), area);
    if reader.has_more() {
        let more = Line::styled(" more: PgDn ", theme.style(Tint::Warning)).right_aligned();
        let below = Rect { y: area.bottom(), height: 1, ..area };
        frame.render_widget(more, below.intersection(frame.area()));
    }
}

fn draw_refusal(frame: &mut Frame<'_>, body: Rect, theme: Theme, refusal: &Refusal) {
    let width = inner_width(body);
    let mut lines: Vec<Line<'_>> = wrap_line(&refusal.subject, width)
        .into_iter()
        .take(usize::from(body.height).saturating_sub(5))
        .map(Line::from)
        .collect();
    lines.push(Line::default());
    lines.push(Line::styled("y refuses it, n leaves it as it is", theme.style(Tint::Heading)));
    let area = open(frame, body, theme, &refusal.question, lines.len(), "y / n");
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_form(frame: &mut Frame<'_>, body: Rect, theme: Theme, form: &SayForm) {
    let to = wrap_line(&form.recipients(), inner_width(body).saturating_sub(4));
    let lines = to.len() + 1 + usize::from(EDITOR);
    let area = open(
        frame,
        body,
        theme,
        "Message from human",
        lines,
        "Enter sends, Alt-Enter: new line, Tab: to whom, Esc",
    );
    let [head, rest] =
        Layout::vertical([Constraint::Length(u16::try_from(to.len()).unwrap_or(1) + 1), Constraint::Fill(1)])
            .areas(area);
    let name = |index| if index == 0 { "to  " } else { "    " };
    let lines = to.into_iter().enumerate().map(|(index, line)| {
        Line::from(vec![Span::styled(name(index), theme.style(Tint::Faint)), Span::raw(line)])
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), head);
    draw_editor(frame, rest, &form.editor);
}

fn draw_editor(frame: &mut Frame<'_>, area: Rect, editor: &Editor) {
    if area.is_empty() {
        return;
    }
    let (lines, (column, line)) = editor.layout(usize::from(area.width));
    let skip = (line + 1).saturating_sub(usize::from(area.height));
    let shown = lines.iter().skip(skip).map(|line| Line::from(safe_text(line).into_owned()));
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), area);
    let at = |offset: usize| u16::try_from(offset).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position::new(area.x + at(column), area.y + at(line - skip)));
}

fn draw_confirm(
    frame: &mut Frame<'_>,
    body: Rect,
    theme: Theme,
    confirm: &mut Confirm,
    ends: &dyn Fn(&str) -> String,
) {
    let width = inner_width(body);
    match &confirm.stage {
        Stage::Asking | Stage::Deciding => {
            let area = open(frame, body, theme, "Confirm", 1, "");
            frame.render_widget(Line::from("asking the daemon"), area);
        }
        Stage::Over(outcome) => {
            let (title, lines) = over(theme, outcome, width, ends);
            text(frame, body, theme, title, lines, &mut confirm.reader);
        }
        Stage::Typing(typing) => {
            let lines = explain(theme, &typing.prepared, width);
            let area = open(frame, body, theme, "Confirm", lines.len() + 3, "Esc: decide nothing");
            let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(2)]).areas(area);
            let above = Rect { height: above.height.saturating_sub(1), ..above };
            read(frame, above, theme, lines, &mut confirm.reader);
            prompt(frame, below, theme, typing, confirm.hint);
        }
    }
}

/// Everything that the decision means.
fn explain(theme: Theme, prepared: &Prepared, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let warn = |text: &str, tint| -> Vec<Line<'static>> {
        let text = text.replace('\n', " ");
        wrap_line(text.trim_end(), width)
            .into_iter()
            .map(|line| Line::styled(line, theme.style(tint)))
            .collect()
    };
    if let Some(grant) = &prepared.grant {
        lines.extend(warn(ENABLE_WARNING, Tint::Warning));
        if grant.mode == "yolo" {
            lines.extend(warn(YOLO_WARNING, Tint::Bad));
        }
        lines.push(Line::styled(safe_text(&grant.conversation_id).into_owned(), theme.style(Tint::Heading)));
        lines.extend(facts(theme, &grant_facts(grant), width));
    }
    if let Some(command) = &prepared.command {
        let head = format!(
            "{}: session {} of {} ({})",
            safe_text(&command.command_id),
            safe_text(&command.requester),
            safe_text(&command.conversation_id),
            safe_text(&command.role)
        );
        lines.extend(
            wrap_line(&head, width).into_iter().map(|line| Line::styled(line, theme.style(Tint::Heading))),
        );
        lines.extend(facts(theme, &command_facts(command), width));
    }
    lines
}

fn prompt(frame: &mut Frame<'_>, area: Rect, theme: Theme, typing: &Typing, hint: Option<&str>) {
    let heading = theme.style(Tint::Heading);
    let phrase = typing.prepared.phrase.as_deref().unwrap_or_default();
    let question = match typing.field {
        Field::Phrase => {
            vec![Span::raw("Type "), Span::styled(phrase.to_owned(), heading), Span::raw(" to go on")]
        }
        Field::Code => {
            let code = safe_text(&typing.prepared.code).into_owned();
            vec![Span::raw("Retype the code "), Span::styled(code, heading)]
        }
        Field::Passphrase => vec![Span::raw("Passphrase (it is not shown)")],
    };
    let mut question = Line::from(question);
    if let Some(hint) = hint {
        question.push_span(Span::styled(format!("  {hint}"), theme.style(Tint::Bad)));
    }
    let line = Rect { height: 1, ..area };
    frame.render_widget(question, line);
    let answer = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    frame.render_widget(Line::from("> "), answer);
    let field = Rect { x: answer.x + 2, width: answer.width.saturating_sub(2), ..answer };
    match typing.field {
        Field::Passphrase => frame.set_cursor_position(Position::new(field.x, field.y)),
        Field::Phrase | Field::Code => draw_editor(frame, field, &typing.editor),
    }
}

fn over<'o>(
    theme: Theme,
    outcome: &Result<Outcome, String>,
    width: usize,
    ends: &dyn Fn(&str) -> String,
) -> (&'o str, Vec<Line<'static>>) {
    let paragraph = |text: &str, style: Style| -> Vec<Line<'static>> {
        wrap(text, width).into_iter().map(|line| Line::styled(line, style)).collect()
    };
    match outcome {
        Err(problem) => ("Nothing was decided", paragraph(problem, theme.style(Tint::Bad))),
        Ok(Outcome::Approved(approval)) => {
            let mut lines = paragraph(&approval.approval_token, theme.style(Tint::Heading));
            let words = format!(
                "An agent that waits for it runs it now. Otherwise give it this token: it releases exactly this command, \
                 once, and ends {}.\nHead of the audit trail, to be noted elsewhere: {}",
                ends(&approval.good_until),
                approval.audit_head
            );
            lines.extend(paragraph(&words, Style::new()));
            ("Released", lines)
        }
        Ok(Outcome::Enabled(grant)) => ("Enabled", facts(theme, &grant_facts(grant), width)),
        Ok(Outcome::Refused | Outcome::Said(_)) => ("Done", paragraph("done", theme.style(Tint::Good))),
    }
}
