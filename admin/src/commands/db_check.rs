//! `db check`: whether the database is whole, with the daemon running or not.

use std::fmt::Write as _;

use bridge_daemon::store::check::{CheckReport, check};
use bridge_daemon::store::state_dir::load_keys;

use super::{count, size};
use crate::cli::Json;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::paths;
use crate::text::safe_text;

pub(super) fn run(screen: &mut Screen, format: &Json) -> Result<Done, Failure> {
    let paths = paths()?;
    let database = paths.database();
    if !database.exists() {
        return Err(Failure::NothingYet { database });
    }
    let keys = load_keys(&paths.key()).map_err(|error| Failure::Failed(error.to_string()))?;
    let report =
        check(&database, &keys, &paths.seal()).map_err(|error| Failure::Failed(error.to_string()))?;
    if format.json {
        screen.json(&report)?;
    } else {
        screen.line(&database.display().to_string())?;
        screen.print(&render(screen.look(), &report))?;
    }
    Ok(if report.whole { Done::Well } else { Done::Found })
}

fn render(look: Look, report: &CheckReport) -> String {
    let mut text = String::new();
    let mut line = |what: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _written = writeln!(text, "{what}");
    };
    let schema = report.schema.map_or_else(|| "unreadable".to_owned(), |version| version.to_string());
    line(format_args!(
        "schema {schema}, {} (of them {} free for reuse), WAL {}",
        size(report.bytes),
        size(report.free_bytes),
        size(report.wal_bytes)
    ));
    if report.whole {
        line(format_args!(
            "{}: pages, references, {}, {} as sent",
            look.paint(Tint::Good, "whole"),
            count(report.audit_rows.unsigned_abs(), "audit row", "audit rows"),
            count(report.messages, "message", "messages"),
        ));
        return text;
    }
    line(format_args!("{}:", look.paint(Tint::Bad, "NOT WHOLE")));
    for found in &report.findings {
        line(format_args!("  {}", safe_text(found)));
    }
    if report.findings.iter().any(|found| !found.starts_with("audit: ")) {
        line(format_args!(
            "Stop the daemon and put a backup in its place: `bridgectl restore FILE` (the damaged state is kept)."
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::PIPE;
    use super::*;

    #[test]
    fn what_a_person_sees() {
        let mut report = CheckReport {
            whole: true,
            schema: Some(2),
            bytes: 4_194_304,
            wal_bytes: 0,
            free_bytes: 8_192,
            audit_rows: 12,
            messages: 1,
            findings: Vec::new(),
        };
        insta::assert_snapshot!(render(PIPE, &report), @"
        schema 2, 4 MiB (of them 8 KiB free for reuse), WAL 0 B
        whole: pages, references, 12 audit rows, 1 message as sent
        ");
        report.whole = false;
        report.findings = vec!["pages: Tree 5 page 9: btreeInitPage() returns error code 11".into()];
        insta::assert_snapshot!(render(PIPE, &report), @"
        schema 2, 4 MiB (of them 8 KiB free for reuse), WAL 0 B
        NOT WHOLE:
          pages: Tree 5 page 9: btreeInitPage() returns error code 11
        Stop the daemon and put a backup in its place: `bridgectl restore FILE` (the damaged state is kept).
        ");
    }
}
