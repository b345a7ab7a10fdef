//! `audit verify`: proves the trail whole, or says where it is not.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;

use bridge_daemon::anchor::file::{self, Anchors};
use bridge_daemon::domain::key::digest_from_hex;
use bridge_proto::admin::{AnchorTally, VerifyReport};
use bridge_proto::paths::Paths;

use super::{config, count, note_offline};
use crate::cli::Json;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::{Offline, Source, paths};
use crate::text::safe_text;

/// `anchor`: a head, a file of anchors, or the daemon's own file where no value is given.
pub(super) fn run(screen: &mut Screen, anchor: Option<Option<&str>>, format: &Json) -> Result<Done, Failure> {
    let head = match anchor {
        None => None,
        Some(Some(text)) if digest_from_hex(text.trim()).is_some() => Some(text.to_owned()),
        Some(file) => return compare(screen, file, format),
    };
    let mut source = Source::open()?;
    let report = source.verify(head.clone())?;
    let met = if head.is_some() { ", the anchor is among them" } else { "" };
    if !format.json {
        note_offline(screen, source.is_live());
    }
    tell(screen, &report, met, format)
}

/// Compares the trail with a file of anchors. Always reads the database itself: a file may hold more than fits into a
/// request, and the daemon is not asked whether the daemon tells the truth.
fn compare(screen: &mut Screen, file: Option<&str>, format: &Json) -> Result<Done, Failure> {
    let paths = paths()?;
    let (name, anchors) = read_anchors(file, &paths)?;
    let report = Offline::open(paths)?.verify_anchors(&anchors.anchors)?;
    if anchors.other_lines > 0 {
        let lines = count(anchors.other_lines, "line is no anchor and was", "lines are no anchors and were");
        screen.note(&format!("{name}: {lines} passed over"));
    }
    let tally = report.anchors.unwrap_or(AnchorTally { met: 0, removed: 0 });
    let met = format!(", {} among them", count(tally.met, "anchored row is", "anchored rows are"));
    tell(screen, &report, &met, format)
}

fn read_anchors(file: Option<&str>, paths: &Paths) -> Result<(String, Anchors), Failure> {
    if file == Some("-") {
        let read = file::read(std::io::stdin().lock());
        let anchors = read.map_err(|error| Failure::failed("reading standard input", error))?;
        return Ok(("standard input".to_owned(), anchors));
    }
    let path = match file {
        Some(file) => file.into(),
        None => config::load(&paths.config)?.audit.anchor_path(paths),
    };
    let failed = |error| {
        Failure::failed(format_args!("{} (a head would be 64 hex digits): reading it", path.display()), error)
    };
    let anchors = file::read(BufReader::new(File::open(&path).map_err(failed)?)).map_err(failed)?;
    Ok((path.display().to_string(), anchors))
}

fn tell(screen: &mut Screen, report: &VerifyReport, met: &str, format: &Json) -> Result<Done, Failure> {
    if format.json {
        screen.json(report)?;
    } else {
        screen.print(&render(screen.look(), report, met))?;
    }
    Ok(if report.whole { Done::Well } else { Done::Found })
}

fn render(look: Look, report: &VerifyReport, met: &str) -> String {
    let rows = count(report.rows.unsigned_abs(), "row", "rows");
    let mut text = String::new();
    let mut line = |what: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _written = writeln!(text, "{what}");
    };
    if report.whole {
        line(format_args!(
            "{}: {rows}, none changed, removed or reordered{met}",
            look.paint(Tint::Good, "whole")
        ));
        if report.removed_rows > 0 {
            line(format_args!(
                "(a sealed anchor stands for rows 1 to {}, which were removed after their time)",
                report.removed_rows
            ));
        }
        if let Some(AnchorTally { removed: removed @ 1.., .. }) = report.anchors {
            let anchors = count(removed, "anchor of a removed row", "anchors of removed rows");
            line(format_args!("({anchors} could not be checked)"));
        }
        if report.sealed_rows.is_none() {
            line(format_args!(
                "(there is no seal beside the database: rows cut off at the end would not be noticed)"
            ));
        }
        line(format_args!("head: {}", safe_text(&report.head)));
        line(format_args!(
            "Note the head elsewhere; `bridgectl audit verify --anchor HEAD` later proves that nothing before it was rewritten."
        ));
        return text;
    }
    line(format_args!("{}: {rows} proven, then:", look.paint(Tint::Bad, "NOT WHOLE")));
    for finding in &report.findings {
        let place = if finding.seq > 0 { format!("row {}: ", finding.seq) } else { String::new() };
        line(format_args!("  {place}{}", safe_text(&finding.problem)));
    }
    line(format_args!("last proven head: {}", safe_text(&report.head)));
    text
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::PIPE;
    use super::*;
    use bridge_proto::admin::AuditFinding;

    #[test]
    fn what_a_person_sees() {
        let mut report = VerifyReport {
            whole: true,
            rows: 12,
            removed_rows: 0,
            head: "ab".repeat(32),
            sealed_rows: Some(12),
            anchors: None,
            findings: Vec::new(),
        };
        insta::assert_snapshot!(render(PIPE, &report, ", the anchor is among them"), @"
        whole: 12 rows, none changed, removed or reordered, the anchor is among them
        head: abababababababababababababababababababababababababababababababab
        Note the head elsewhere; `bridgectl audit verify --anchor HEAD` later proves that nothing before it was rewritten.
        ");
        report.whole = false;
        report.findings = vec![
            AuditFinding { seq: 13, problem: "the row or the one before it was changed".into() },
            AuditFinding { seq: 0, problem: "no row has the MAC given as anchor".into() },
        ];
        insta::assert_snapshot!(render(PIPE, &report, ", the anchor is among them"), @"
        NOT WHOLE: 12 rows proven, then:
          row 13: the row or the one before it was changed
          no row has the MAC given as anchor
        last proven head: abababababababababababababababababababababababababababababababab
        ");
    }
}
