//! `audit verify`: proves the trail whole, or says where it is not.

use std::fmt::Write as _;

use bridge_proto::admin::VerifyReport;

use super::{count, note_offline};
use crate::cli::Json;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::source::Source;
use crate::text::safe_text;

pub(super) fn run(screen: &mut Screen, anchor: Option<&str>, format: &Json) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let report = source.verify(anchor.map(ToOwned::to_owned))?;
    if format.json {
        screen.json(&report)?;
    } else {
        note_offline(screen, source.is_live());
        screen.print(&render(screen.look(), &report, anchor.is_some()))?;
    }
    Ok(if report.whole { Done::Well } else { Done::Found })
}

fn render(look: Look, report: &VerifyReport, anchored: bool) -> String {
    let rows = count(report.rows.unsigned_abs(), "row", "rows");
    let mut text = String::new();
    let mut line = |what: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _written = writeln!(text, "{what}");
    };
    if report.whole {
        let anchor = if anchored { ", the anchor is among them" } else { "" };
        line(format_args!(
            "{}: {rows}, none changed, removed or reordered{anchor}",
            look.paint(Tint::Good, "whole")
        ));
        if report.removed_rows > 0 {
            line(format_args!(
                "(a sealed anchor stands for rows 1 to {}, which were removed after their time)",
                report.removed_rows
            ));
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
            findings: Vec::new(),
        };
        insta::assert_snapshot!(render(PIPE, &report, true), @"
        whole: 12 rows, none changed, removed or reordered, the anchor is among them
        head: abababababababababababababababababababababababababababababababab
        Note the head elsewhere; `bridgectl audit verify --anchor HEAD` later proves that nothing before it was rewritten.
        ");
        report.whole = false;
        report.findings = vec![
            AuditFinding { seq: 13, problem: "the row or the one before it was changed".into() },
            AuditFinding { seq: 0, problem: "no row has the MAC given as anchor".into() },
        ];
        insta::assert_snapshot!(render(PIPE, &report, true), @"
        NOT WHOLE: 12 rows proven, then:
          row 13: the row or the one before it was changed
          no row has the MAC given as anchor
        last proven head: abababababababababababababababababababababababababababababababab
        ");
    }
}
