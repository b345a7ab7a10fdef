//! Conversations: two lines each, and whether somebody is there.

use bridge_daemon::domain::status::ALIVE_WITHIN_SECONDS;
use bridge_daemon::domain::time::Timestamp;
use bridge_proto::admin::{ConversationSummary, SessionView};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::{Entries, any_holds};
use crate::commands::sessions;
use crate::screen::Tint;
use crate::text::safe_text;
use crate::time::age;
use crate::watch::app::{App, Pane};
use crate::watch::lines::{fit, spread};

/// Whether a conversation passes the filter.
pub(in crate::watch) fn matches(conversation: &ConversationSummary, filter: &str) -> bool {
    let roles = conversation.sessions.iter().any(|session| any_holds(filter, &[&session.role]));
    roles || any_holds(filter, &[&conversation.conversation_id])
}

/// Whether somebody speaks for a session: a mark and a word.
pub(super) fn presence(session: &SessionView, now: Timestamp) -> (&'static str, &'static str, Tint) {
    let seen = session.last_seen.as_deref().and_then(|seen| seen.parse::<jiff::Timestamp>().ok());
    let age =
        seen.map(|seen| now.millis().saturating_sub(seen.as_millisecond()).max(0).unsigned_abs() / 1_000);
    match (session.connected, age) {
        (Some(true), _) => ("●", "connected", Tint::Good),
        (_, Some(age)) if age <= ALIVE_WITHIN_SECONDS => ("◐", "alive", Tint::Good),
        (_, Some(_)) => ("○", "gone", Tint::Bad),
        (_, None) => ("◌", "not joined", Tint::Warning),
    }
}

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let conversations = app.conversations();
    let all = if app.with_expired { ", expired too" } else { "" };
    let block = super::frame(
        app,
        Some(Pane::Conversations),
        format!(" Conversations ({}{all}) ", conversations.len()),
    );
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if conversations.is_empty() {
        super::remark(
            frame,
            inner,
            app,
            "none yet: agents make them, or `bridgectl pair` (x: expired ones too)",
        );
        return;
    }
    let selected = app.conversation_picker.position(&app.conversation_ids());
    let entries = Entries { pane: Pane::Conversations, height: 2, selected, count: conversations.len() };
    entries.draw(frame, inner, app, |index, width| entry(app, conversations[index], width));
}

fn entry(app: &App, conversation: &ConversationSummary, width: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let unread: u64 = conversation.sessions.iter().map(|session| session.unread).sum();
    let right = if conversation.imported_at.is_some() {
        ("imported".to_owned(), theme.style(Tint::Faint))
    } else if conversation.expired {
        ("expired".to_owned(), theme.style(Tint::Faint))
    } else if unread > 0 {
        (format!("{unread} unread"), theme.style(Tint::Warning))
    } else {
        (
            format!("ends {}", age(&conversation.expires_at, app.now).trim_start_matches("in ")),
            theme.style(Tint::Faint),
        )
    };
    let id = (safe_text(&conversation.conversation_id).into_owned(), theme.style(Tint::Heading));
    let first = spread(&[id], 0, &[right], width);
    let share = width.saturating_sub(1) / conversation.sessions.len().max(1);
    let mut second = vec![(" ".to_owned(), Style::new())];
    for session in &conversation.sessions {
        let (mark, _, tint) = presence(session, app.now);
        let tint = if conversation.expired { Tint::Faint } else { tint };
        second.push((format!("{mark} "), theme.style(tint)));
        let label = safe_text(&session.session_id).into_owned();
        let role = fit(&safe_text(&session.role), share.saturating_sub(5));
        second.push((label, theme.style(sessions::tint(&session.session_id))));
        second.push((format!(" {role} "), Style::new()));
    }
    vec![first, spread(&second, 0, &[], width)]
}
