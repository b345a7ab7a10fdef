//! The messages of the watched conversation, newest at the bottom.

use bridge_proto::admin::{ConversationSummary, DeliveryView, MessageView};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{any_holds, clock};
use crate::commands::show::remarks;
use crate::commands::{count, sessions};
use crate::screen::Tint;
use crate::text::safe_text;
use crate::time::age;
use crate::watch::app::{App, Pane};
use crate::watch::lines::{spread, wrap, wrap_line};
use crate::watch::theme::Theme;

/// Columns of the bar before a text: no text can forge the headline of another message.
const BAR: &str = "│ ";

/// Columns from which on ids and whole words are shown.
const WIDE: usize = 60;

/// Whether a message passes the filter.
pub(in crate::watch) fn matches(message: &MessageView, filter: &str) -> bool {
    any_holds(filter, &[&message.message, &message.from, &message.action_type, &message.id])
        || message.files_involved.iter().any(|file| any_holds(filter, &[file]))
}

/// Lines that a message takes at that width.
pub(in crate::watch) fn height(message: &MessageView, width: usize) -> usize {
    1 + wrap(&message.message, text_width(width)).len() + remark_lines(message, width).len()
}

fn text_width(width: usize) -> usize {
    width.saturating_sub(2).max(1)
}

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    let bare = super::frame(app, Some(Pane::Messages), String::new());
    let inner = bare.inner(area);
    app.transcript_size = (usize::from(inner.width), usize::from(inner.height));
    let window = app.with_view(|transcript, view| transcript.window(view));
    let block = super::frame(app, Some(Pane::Messages), title(app));
    let block = match window.below {
        0 => block,
        below => block.title_bottom(Line::styled(
            format!(" {} below, G shows the newest ", count(below as u64, "line", "lines")),
            app.theme.style(Tint::Warning),
        )),
    };
    frame.render_widget(block, area);
    let conversation = app.watched();
    let shown = window.numbers.iter().filter_map(|number| app.transcript.get(*number));
    let lines: Vec<Line<'static>> = shown
        .flat_map(|message| entry(app.theme, conversation, message, usize::from(inner.width)))
        .skip(window.skip)
        .take(usize::from(inner.height))
        .collect();
    if lines.is_empty() {
        super::remark(frame, inner, app, idle(app));
    } else {
        frame.render_widget(Paragraph::new(lines), inner);
    }
}

fn idle(app: &App) -> &'static str {
    match app.watched() {
        None => "",
        Some(_) if !app.filter(Pane::Messages).is_empty() => "no message passes the filter",
        Some(_) => "no messages yet",
    }
}

fn title(app: &App) -> String {
    let Some(conversation) = app.watched() else { return " Messages ".to_owned() };
    let ends = age(&conversation.expires_at, app.now);
    let ends = if conversation.expired { format!("expired {ends}") } else { format!("ends {ends}") };
    format!(" {}, {ends} ", count(conversation.messages, "message", "messages"))
}

fn entry(
    theme: Theme,
    conversation: Option<&ConversationSummary>,
    message: &MessageView,
    width: usize,
) -> Vec<Line<'static>> {
    let from = theme.style(sessions::tint(&message.from));
    let mut lines = vec![headline(theme, conversation, message, width)];
    let bar = Span::styled(BAR, from);
    for text in wrap(&message.message, text_width(width)) {
        lines.push(Line::from(vec![bar.clone(), Span::raw(text)]));
    }
    let faint = theme.style(Tint::Faint);
    lines.extend(
        remark_lines(message, width).into_iter().map(|text| Line::styled(format!("  {text}"), faint)),
    );
    lines
}

fn headline(
    theme: Theme,
    conversation: Option<&ConversationSummary>,
    message: &MessageView,
    width: usize,
) -> Line<'static> {
    let sender = conversation.and_then(|known| known.sessions.iter().find(|s| s.session_id == message.from));
    let role = sender.map_or("", |session| &session.role);
    let from = theme.style(sessions::tint(&message.from)).patch(theme.style(Tint::Heading));
    let id = if width < WIDE { String::new() } else { format!("{} ", safe_text(&message.id)) };
    let left = [
        (id, theme.style(Tint::Faint)),
        (format!("{} ", clock(&message.sent_at)), theme.style(Tint::Faint)),
        (safe_text(&message.from).into_owned(), from),
        (if role.is_empty() { String::new() } else { format!(" {}", safe_text(role)) }, from),
        (format!(" {}", safe_text(&message.action_type)), Style::new()),
    ];
    let right: Vec<(String, Style)> = message
        .deliveries
        .iter()
        .enumerate()
        .map(|(index, delivery)| deliver(theme, delivery, index > 0, width))
        .collect();
    spread(&left, 3, &right, width)
}

fn deliver(theme: Theme, delivery: &DeliveryView, further: bool, width: usize) -> (String, Style) {
    let tint = match delivery.state.as_str() {
        "acknowledged" => Tint::Good,
        "expired" => Tint::Bad,
        _ => Tint::Warning,
    };
    let state = match delivery.state.as_str() {
        "acknowledged" if width < WIDE => "read",
        other => other,
    };
    let again = if delivery.attempts > 1 { format!(" ×{}", delivery.attempts) } else { String::new() };
    let gap = if further { " " } else { "" };
    (format!("{gap}{} {}{again}", safe_text(&delivery.recipient), safe_text(state)), theme.style(tint))
}

/// What else is to be said of a message, in lines.
fn remark_lines(message: &MessageView, width: usize) -> Vec<String> {
    remarks(message).map(|remarks| wrap_line(&remarks, text_width(width))).unwrap_or_default()
}
