//! `cleanup`: expired conversations go, their audit rows stay.

use bridge_proto::admin::{Request, Response};

use super::count;
use crate::cli::Cleanup;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{daemon, unexpected};
use crate::text::safe_text;

pub(super) fn run(screen: &mut Screen, arguments: &Cleanup) -> Result<Done, Failure> {
    let report = match daemon()?.ask(&Request::Cleanup { dry_run: arguments.dry_run })? {
        Response::Cleanup(report) => report,
        other => return Err(unexpected(&other)),
    };
    if arguments.format.json {
        screen.json(&report)?;
        return Ok(Done::Well);
    }
    for conversation in &report.conversations {
        screen.line(&safe_text(conversation))?;
    }
    let conversations =
        count(report.conversations.len() as u64, "expired conversation", "expired conversations");
    screen.flush()?;
    screen.note(&if report.conversations.is_empty() {
        "no conversation has expired".to_owned()
    } else if report.dry_run {
        format!("{conversations} would be removed; nothing was changed")
    } else {
        format!("{conversations} removed; their audit rows stay")
    });
    Ok(Done::Well)
}
