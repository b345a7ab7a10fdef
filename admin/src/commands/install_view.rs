//! What `install` and `uninstall` show.

use std::path::Path;

use bridge_redact::Engine;
use serde::Serialize;

use crate::failure::{Done, Failure};
use crate::install::clients::by_id;
use crate::install::diff::unified;
use crate::install::plan::Plan;
use crate::install::report::{Action, Report};
use crate::install::service::ServiceReport;
use crate::screen::{Screen, Tint};
use crate::table::{Grid, plain};
use crate::text::safe_text;

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'s> {
    clients: &'s [Report],
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'s ServiceReport>,
}

/// The change that a plan makes, if it makes one.
pub(super) fn diff(engine: &Engine, plan: &Plan) -> Option<String> {
    let after = plan.after.as_deref().unwrap_or_default();
    let before = plan.found.bytes().unwrap_or_default();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (plan.action != Action::Unchanged).then(|| unified(engine, &plan.file, &text(before), &text(after)))
}

/// Prints a change.
pub(super) fn show_diff(screen: &mut Screen, title: &str, diff: &str) -> Result<(), Failure> {
    let look = screen.look();
    screen.line(&look.paint(Tint::Heading, title))?;
    for line in diff.lines() {
        let shown = safe_text(&line.replace('\t', "    ")).into_owned();
        screen.line(&match line.as_bytes().first() {
            Some(b'+') => look.paint(Tint::Good, &shown),
            Some(b'-') => look.paint(Tint::Bad, &shown),
            Some(b'@') => look.paint(Tint::Faint, &shown),
            _ => shown,
        })?;
    }
    screen.line("")
}

/// Prints what became of every client, and ends accordingly.
pub(super) fn finish(
    screen: &mut Screen,
    reports: &[Report],
    service: Option<&ServiceReport>,
    json: bool,
) -> Result<Done, Failure> {
    let failed = reports.iter().any(|report| report.action == Action::Failed)
        || service.is_some_and(|service| service.action == Action::Failed);
    let done = if failed { Done::Found } else { Done::Well };
    if json {
        screen.json(&Summary { clients: reports, service })?;
        return Ok(done);
    }
    let mut grid = Grid::new(screen.look(), &["WHAT", "BRIDGE", "FILE"]);
    let mut row = |name: &str, action: Action, file: &Path| {
        let file = safe_text(&file.to_string_lossy()).into_owned();
        grid.row(vec![plain(name), (action.words().to_owned(), Some(tint(action))), plain(file)]);
    };
    for report in reports {
        row(title(report), report.action, &report.file);
    }
    if let Some(service) = service {
        service.files.iter().for_each(|file| row("service", service.action, file));
    }
    screen.print(&grid.render())?;
    screen.flush()?;
    for report in reports {
        if let Some(error) = &report.error {
            screen.note(&format!("{}: {}", title(report), safe_text(error)));
        }
    }
    if let Some(error) = service.and_then(|service| service.error.as_ref()) {
        screen.note(&format!("service: {}", safe_text(error)));
    }
    Ok(done)
}

/// The name of a report's client.
pub(super) fn title(report: &Report) -> &str {
    by_id(&report.client).map_or(&report.client, |client| client.title)
}

fn tint(action: Action) -> Tint {
    match action {
        Action::Added | Action::Updated | Action::Removed => Tint::Good,
        Action::Unchanged => Tint::Faint,
        Action::Failed => Tint::Bad,
        Action::WouldAdd | Action::WouldUpdate | Action::WouldRemove => Tint::Warning,
    }
}
