//! The layout: what is where, at any size.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::app::{App, Pane};
use super::{dialog, panes};

/// Columns of the left side.
const LEFT: std::ops::RangeInclusive<u16> = 38..=60;
/// A terminal smaller than this shows the pane that has the keyboard alone.
const SMALL: (u16, u16) = (70, 18);

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
            .areas(frame.area());
    panes::header::draw(frame, header, app);
    let small = body.width < SMALL.0 || body.height < SMALL.1;
    if app.zoomed || small {
        draw_pane(frame, body, app, app.focus);
    } else {
        draw_all(frame, body, app);
    }
    panes::footer::draw(frame, footer, app);
    dialog::draw(frame, body, app);
}

fn draw_all(frame: &mut Frame<'_>, body: Rect, app: &mut App) {
    let left = (body.width * 2 / 5).clamp(*LEFT.start(), *LEFT.end());
    let [left, right] = Layout::horizontal([Constraint::Length(left), Constraint::Fill(1)]).areas(body);
    let sessions = app.watched().map_or(2, |watched| watched.sessions.len());
    let sessions = bordered(sessions * panes::sessions::HEIGHT);
    let proposals = bordered((app.proposals().len() * panes::commands::HEIGHT).max(1));
    let proposals = proposals.min((body.height - sessions) / 2).max(3);
    let [conversations, limits, commands] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(sessions.min(body.height / 2)),
        Constraint::Length(proposals),
    ])
    .areas(left);
    let [messages, audit] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length((body.height / 3).clamp(5, 14))])
            .areas(right);
    draw_pane(frame, conversations, app, Pane::Conversations);
    panes::sessions::draw(frame, limits, app);
    draw_pane(frame, commands, app, Pane::Commands);
    draw_pane(frame, messages, app, Pane::Messages);
    draw_pane(frame, audit, app, Pane::Audit);
}

fn draw_pane(frame: &mut Frame<'_>, area: Rect, app: &mut App, pane: Pane) {
    match pane {
        Pane::Conversations => panes::conversations::draw(frame, area, app),
        Pane::Messages => panes::messages::draw(frame, area, app),
        Pane::Commands => panes::commands::draw(frame, area, app),
        Pane::Audit => panes::audit::draw(frame, area, app),
    }
}

/// Lines with a border around so many.
fn bordered(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2)
}
