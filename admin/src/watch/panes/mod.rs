//! One part of the screen, one file: what it shows, and which of its entries pass a filter.

pub(super) mod audit;
pub(super) mod commands;
pub(super) mod conversations;
pub(super) mod footer;
pub(super) mod header;
pub(super) mod messages;
pub(super) mod sessions;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Paragraph};

use super::app::{App, Pane};
use super::lines::fit;
use super::picker::offset;
use crate::screen::Tint;
use crate::text::safe_text;

/// Whether any of the texts holds the filter, which is in small letters.
fn any_holds(filter: &str, texts: &[&str]) -> bool {
    filter.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(filter))
}

/// The hours, minutes and seconds of a time of the wire.
fn clock(wire: &str) -> String {
    let time = wire.split_once('T').map_or(wire, |(_, time)| time);
    fit(&safe_text(time.split('.').next().unwrap_or(time)), 8)
}

/// A border with a title; heavy around the pane that has the keyboard.
fn frame(app: &App, pane: Option<Pane>, title: String) -> Block<'static> {
    let focused = pane == Some(app.focus) && app.dialog.is_none();
    let mut title = title;
    if let Some(pane) = pane
        && !app.filter(pane).is_empty()
    {
        title.push_str(&format!("/{} ", safe_text(app.filter(pane))));
    }
    let block = Block::bordered();
    if focused {
        let style = app.theme.style(Tint::First);
        block
            .border_type(BorderType::Thick)
            .border_style(style)
            .title(Line::styled(title, app.theme.style(Tint::Heading)))
    } else {
        block.border_style(app.theme.style(Tint::Faint)).title(Line::styled(title, Style::new()))
    }
}

/// Entries of a list, of `height` lines each, so that the selected one is in view.
struct Entries {
    pane: Pane,
    height: usize,
    selected: Option<usize>,
    count: usize,
}

impl Entries {
    /// Draws those in view; `entry` makes the lines of one.
    fn draw(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        app: &App,
        entry: impl Fn(usize, usize) -> Vec<Line<'static>>,
    ) {
        let width = usize::from(area.width);
        let rows = (usize::from(area.height) / self.height).max(1);
        let first = offset(self.selected, self.count, rows);
        let mut lines = Vec::new();
        for index in first..self.count.min(first + rows) {
            let chosen = self.selected == Some(index);
            for (number, line) in entry(index, width.saturating_sub(1)).into_iter().enumerate() {
                let mark = if chosen && number == 0 { "›" } else { " " };
                let mut marked = Line::from(mark);
                marked.extend(line.spans);
                let style =
                    if chosen && app.focus == self.pane { app.theme.selected() } else { Style::new() };
                lines.push(marked.patch_style(style));
            }
        }
        frame.render_widget(Paragraph::new(lines), area);
    }
}

/// Says in an empty pane why it is.
fn remark(frame: &mut Frame<'_>, area: Rect, app: &App, text: &str) {
    let width = usize::from(area.width).saturating_sub(2);
    let style = app.theme.style(Tint::Faint);
    let lines =
        super::lines::wrap_line(text, width).into_iter().map(|line| Line::styled(format!(" {line}"), style));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), area);
}
