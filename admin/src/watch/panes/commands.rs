//! What waits for a decision: modes asked for, commands proposed, approvals not yet used.

use bridge_proto::admin::yolo::{CommandView, GrantView};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::{Entries, any_holds};
use crate::commands::sessions;
use crate::proposal::state_tint;
use crate::screen::Tint;
use crate::text::safe_text;
use crate::time::age;
use crate::watch::app::{App, Pane, Proposal};
use crate::watch::lines::{fit, spread};

/// Lines that a proposal takes.
pub(in crate::watch) const HEIGHT: usize = 2;

/// Whether a proposal passes the filter.
pub(in crate::watch) fn matches(proposal: Proposal<'_>, filter: &str) -> bool {
    match proposal {
        Proposal::Mode(grant) => any_holds(filter, &[&grant.conversation_id, &grant.mode, &grant.workspace]),
        Proposal::Command(command) => any_holds(
            filter,
            &[&command.command_id, &command.command, &command.state, &command.conversation_id],
        ),
    }
}

pub(in crate::watch) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let proposals = app.proposals();
    let title = match proposals.len() {
        0 => " Commands ".to_owned(),
        number => format!(" Commands ({number}) "),
    };
    let block = super::frame(app, Some(Pane::Commands), title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    if proposals.is_empty() {
        super::remark(frame, inner, app, idle(app));
        return;
    }
    let selected = app.command_picker.position(&app.proposal_ids());
    let entries = Entries { pane: Pane::Commands, height: HEIGHT, selected, count: proposals.len() };
    entries.draw(frame, inner, app, |index, width| match proposals[index] {
        Proposal::Mode(grant) => mode(app, grant, width),
        Proposal::Command(command) => entry(app, command, width),
    });
}

fn idle(app: &App) -> &'static str {
    if !app.filter(Pane::Commands).is_empty() {
        "nothing passes the filter"
    } else if app.yolo.gate_open {
        "nothing waits for you"
    } else {
        "off (no YOLO_MODE=1)"
    }
}

fn mode(app: &App, grant: &GrantView, width: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let id = (safe_text(&grant.conversation_id).into_owned(), theme.style(Tint::Heading));
    let what = (format!("asks for {}", safe_text(&grant.mode)), theme.style(Tint::Warning));
    let place = format!(" in {}", safe_text(&grant.workspace));
    vec![spread(&[id], 0, &[what], width), Line::from(fit(&place, width))]
}

fn entry(app: &App, command: &CommandView, width: usize) -> Vec<Line<'static>> {
    let theme = app.theme;
    let left = [
        (safe_text(&command.command_id).into_owned(), theme.style(Tint::Heading)),
        (" by ".to_owned(), theme.style(Tint::Faint)),
        (safe_text(&command.requester).into_owned(), theme.style(sessions::tint(&command.requester))),
        (format!(", {}", age(&command.asked_at, app.now)), theme.style(Tint::Faint)),
    ];
    let state = (safe_text(&command.state).into_owned(), theme.style(state_tint(&command.state)));
    let line = (format!(" $ {}", safe_text(&command.command)), Style::new());
    vec![spread(&left, 3, &[state], width), spread(&[line], 0, &[], width)]
}
