//! The sessions of the watched conversation: how they are, and what they may still write.

use bridge_proto::admin::{AllowanceView, SessionView};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::conversations::presence;
use crate::commands::sessions;
use crate::screen::Tint;
use crate::text::safe_text;
use crate::watch::app::App;
use crate::watch::lines::spread;
use crate::watch::theme::Theme;

/// Lines that a session takes.
pub(in crate::watch) const HEIGHT: usize = 2;
/// Columns for what is left, in figures.
const FIGURE: usize = 4;

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let block = super::frame(app, None, " Sessions and writes left ".to_owned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(conversation) = app.watched() else { return };
    let width = usize::from(inner.width);
    let lines: Vec<Line<'static>> =
        conversation.sessions.iter().flat_map(|session| entry(app, session, width)).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

fn entry(app: &App, session: &SessionView, width: usize) -> [Line<'static>; HEIGHT] {
    let theme = app.theme;
    let (mark, word, tint) = presence(session, app.now);
    let label = safe_text(&session.session_id).into_owned();
    let left = [
        (mark.to_owned(), theme.style(tint)),
        (format!(" {label} "), theme.style(sessions::tint(&session.session_id))),
        (safe_text(&session.role).into_owned(), Style::new()),
    ];
    let status = session.status.as_deref().unwrap_or(word);
    let mut right = vec![(
        safe_text(status).into_owned(),
        theme.style(if status == "blocked" { Tint::Bad } else { tint }),
    )];
    if session.unread > 0 {
        right.push((format!(" {} unread", session.unread), theme.style(Tint::Warning)));
    }
    [spread(&left, 2, &right, width), limits(theme, session, width)]
}

fn limits(theme: Theme, session: &SessionView, width: usize) -> Line<'static> {
    let Some(writes) = &session.writes else {
        return Line::styled("  not used since the daemon started", theme.style(Tint::Faint));
    };
    let windows = [("min", writes.minute), ("hr", writes.hour), ("day", writes.day)];
    let names: usize = windows.iter().map(|(name, _)| name.len() + 2 + FIGURE).sum();
    let bar = (width.saturating_sub(names) / windows.len()).clamp(3, 20);
    let mut line = Line::default();
    for (name, allowance) in windows {
        line.push_span(Span::styled(format!(" {name} "), theme.style(Tint::Faint)));
        let (text, tint) = meter(allowance, bar);
        line.push_span(Span::styled(text, theme.style(tint)));
        line.push_span(Span::raw(format!("{:>FIGURE$}", compact(allowance.left))));
    }
    line
}

/// A bar of what is left. It is full only when all is left and empty only when nothing is.
fn meter(allowance: AllowanceView, width: usize) -> (String, Tint) {
    let AllowanceView { left, limit } = allowance;
    let share = if limit == 0 { 0.0 } else { f64::from(left) / f64::from(limit) };
    let full = match left {
        0 => 0,
        left if left >= limit => width,
        _ => ((share * width as f64).round() as usize).clamp(1, width.saturating_sub(1)),
    };
    let tint = match left {
        0 => Tint::Bad,
        _ if share <= 0.3 => Tint::Warning,
        _ => Tint::Good,
    };
    (format!("{}{}", "█".repeat(full), "░".repeat(width - full)), tint)
}

/// A number in four columns at most.
fn compact(number: u32) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}k", number / 1_000),
        1_000_000.. => format!("{}M", (number / 1_000_000).min(999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_full_and_empty_only_when_they_mean_it() {
        let bar = |left, limit| meter(AllowanceView { left, limit }, 5).0;
        assert_eq!((bar(10, 10).as_str(), bar(0, 10).as_str()), ("█████", "░░░░░"));
        assert_eq!((bar(999, 1_000).as_str(), bar(1, 1_000).as_str()), ("████░", "█░░░░"));
        assert_eq!(
            (bar(0, 0).as_str(), bar(12, 10).as_str()),
            ("░░░░░", "█████"),
            "a limit that was lowered"
        );
        assert_eq!(meter(AllowanceView { left: 3, limit: 10 }, 5).1, Tint::Warning);
    }

    #[test]
    fn figures_stay_in_their_column() {
        assert_eq!(
            [9_999, 10_000, 999_999, 10_000_000, u32::MAX].map(compact),
            ["9999", "10k", "999k", "10M", "999M"]
        );
    }
}
