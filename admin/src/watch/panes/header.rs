//! The first line: the daemon, and whether it answers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::commands::count;
use crate::screen::Tint;
use crate::text::safe_text;
use crate::time::duration;
use crate::watch::app::{App, Link};
use crate::watch::lines::{fit, spread};

/// An answer that takes longer than that is missed.
const MISSED_AFTER_MS: i64 = 3_000;

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let (word, tint) = link(app);
    let faint = app.theme.style(Tint::Faint);
    let left = [
        (format!(" {} ", fit(&word, usize::from(area.width) / 2)), app.theme.style(tint)),
        (facts(app), Style::new()),
    ];
    let right = [("? help ".to_owned(), faint)];
    frame.render_widget(spread(&left, 1, &right, usize::from(area.width)), area);
}

fn link(app: &App) -> (String, Tint) {
    let ago = |since: i64| duration(app.now.millis().saturating_sub(since).max(0) / 1_000 * 1_000);
    match &app.link {
        Link::Connecting => ("○ asking the daemon".to_owned(), Tint::Warning),
        Link::Live(at) if app.now.millis() - at.millis() > MISSED_AFTER_MS => {
            (format!("○ no answer for {}", ago(at.millis())), Tint::Warning)
        }
        Link::Live(_) => ("● live".to_owned(), Tint::Good),
        Link::Gone(since, None) => (format!("○ daemon gone for {}; waiting", ago(since.millis())), Tint::Bad),
        Link::Gone(_, Some(reason)) => (format!("○ {}", safe_text(reason)), Tint::Bad),
    }
}

fn facts(app: &App) -> String {
    let Some(status) = &app.status else { return String::new() };
    let up =
        status.started_at.parse::<jiff::Timestamp>().map_or(0, |at| app.now.millis() - at.as_millisecond());
    format!(
        " bridged {}, up {}, {}, {}",
        safe_text(&status.version),
        duration(up.max(0) / 1_000 * 1_000),
        count(status.connected, "agent", "agents"),
        count(status.conversations, "conversation", "conversations"),
    )
}
