//! The last line: what was done, or what can be done.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::screen::Tint;
use crate::text::safe_text;
use crate::watch::app::{App, Pane};
use crate::watch::lines::fit;

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let width = usize::from(area.width).saturating_sub(2);
    if app.filtering {
        let text = format!(" /{}", safe_text(app.filter(app.focus)));
        let line = Line::from(fit(&text, width));
        let end = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
        frame.render_widget(line, area);
        frame.set_cursor_position(Position::new(area.x + end, area.y));
        return;
    }
    if let Some((text, tint)) = &app.notice {
        let line = Line::styled(format!(" {}", fit(&safe_text(text), width)), app.theme.style(*tint));
        frame.render_widget(line, area);
        return;
    }
    let mut line = Line::default();
    for (key, what) in hints(app.focus) {
        line.push_span(Span::styled(format!(" {key}"), app.theme.style(Tint::Heading)));
        line.push_span(Span::styled(format!(" {what} "), app.theme.style(Tint::Faint)));
    }
    frame.render_widget(line, area);
}

fn hints(focus: Pane) -> &'static [(&'static str, &'static str)] {
    match focus {
        Pane::Conversations => &[
            ("Tab", "pane"),
            ("j/k", "select"),
            ("m", "message"),
            ("x", "expired"),
            ("/", "filter"),
            ("z", "zoom"),
            ("q", "quit"),
        ],
        Pane::Messages => &[
            ("Tab", "pane"),
            ("j/k", "scroll"),
            ("G", "newest"),
            ("m", "message"),
            ("/", "filter"),
            ("z", "zoom"),
            ("q", "quit"),
        ],
        Pane::Commands => &[
            ("Tab", "pane"),
            ("j/k", "select"),
            ("Enter", "show"),
            ("a", "approve"),
            ("d", "deny"),
            ("/", "filter"),
            ("q", "quit"),
        ],
        Pane::Audit => &[
            ("Tab", "pane"),
            ("j/k", "select"),
            ("Enter", "show"),
            ("G", "newest"),
            ("/", "filter"),
            ("z", "zoom"),
            ("q", "quit"),
        ],
    }
}
