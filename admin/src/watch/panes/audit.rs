//! The end of the audit trail.

use bridge_daemon::domain::id::Sender;
use bridge_proto::admin::AuditRow;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::{Entries, any_holds, clock};
use crate::commands::audit::details;
use crate::commands::{count, sessions};
use crate::screen::Tint;
use crate::text::safe_text;
use crate::watch::app::{App, Pane};
use crate::watch::lines::{fit, spread};

/// Columns of the longest usual actor.
const ACTOR: usize = 6;
/// Columns of the longest usual action.
const ACTION: usize = 20;
/// Columns from which on the particulars are shown too.
const WIDE: usize = 60;

/// Whether a row passes the filter.
pub(in crate::watch) fn matches(row: &AuditRow, filter: &str) -> bool {
    any_holds(
        filter,
        &[&row.actor, &row.action, &row.outcome, row.conversation_id.as_deref().unwrap_or_default()],
    )
}

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let rows = app.rows();
    let selected = app.audit_picker.position(&app.row_ids());
    let all = app.status.as_ref().map_or(0, |status| status.audit_rows.unsigned_abs());
    let title = format!(" Audit trail ({}) ", count(all, "row", "rows"));
    let block = super::frame(app, Some(Pane::Audit), title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if rows.is_empty() {
        super::remark(frame, inner, app, "no rows");
        return;
    }
    // A mark on a row that nobody selected would only distract.
    let selected = if app.focus == Pane::Audit { selected } else { Some(usize::MAX) };
    let entries = Entries { pane: Pane::Audit, height: 1, selected, count: rows.len() };
    entries.draw(frame, inner, app, |index, width| vec![entry(app, rows[index], width)]);
}

/// Sessions and the person have colours of their own; the daemon and processes without a session have none.
fn actor_tint(actor: &str) -> Tint {
    Sender::parse(actor).map_or(Tint::Faint, |_| sessions::tint(actor))
}

fn entry(app: &App, row: &AuditRow, width: usize) -> Line<'static> {
    let theme = app.theme;
    let faint = theme.style(Tint::Faint);
    let time = (format!("{} ", clock(&row.at)), faint);
    let actor =
        (format!("{:<ACTOR$} ", fit(&safe_text(&row.actor), ACTOR)), theme.style(actor_tint(&row.actor)));
    let outcome = theme.style(if row.outcome == "ok" { Tint::Good } else { Tint::Bad });
    if width < WIDE {
        let action = (safe_text(&row.action).into_owned(), Style::new());
        return spread(&[time, actor, action], 2, &[(safe_text(&row.outcome).into_owned(), outcome)], width);
    }
    let action = (format!("{:<ACTION$} ", fit(&safe_text(&row.action), ACTION)), Style::new());
    let outcome = (format!("{:<12} ", safe_text(&row.outcome)), outcome);
    spread(&[time, actor, action, outcome, (details(&row.details), faint)], 4, &[], width)
}
