//! `doctor`: everything that keeps the bridge from working, each with its remedy.
//!
//! One check, one file, one line in [`CHECKS`]. A check only looks; what `--fix` may do is a [`Repair`] that its finding
//! carries.

mod access;
mod audit;
mod clients;
mod clock;
mod config;
mod daemon;
mod database;
mod disk;
mod finding;
mod key;
mod leftovers;
mod log;
mod place;
mod programs;
mod repair;
mod sandbox;
mod service;

use serde::Serialize;

use super::count;
use crate::cli::Doctor;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen, Tint};
use crate::text::safe_text;
use finding::{Finding, Level};
use place::Place;

/// A check looks at one thing.
struct Check {
    name: &'static str,
    run: fn(&mut Place) -> Vec<Finding>,
}

/// Every check, in the order in which one builds on the other.
const CHECKS: &[Check] = &[
    Check { name: "access", run: access::run },
    Check { name: "config", run: config::run },
    Check { name: "programs", run: programs::run },
    Check { name: "clients", run: clients::run },
    Check { name: "service", run: service::run },
    Check { name: "daemon", run: daemon::run },
    Check { name: "leftovers", run: leftovers::run },
    Check { name: "key", run: key::run },
    Check { name: "database", run: database::run },
    Check { name: "audit", run: audit::run },
    Check { name: "clock", run: clock::run },
    Check { name: "disk", run: disk::run },
    Check { name: "log", run: log::run },
    Check { name: "sandbox", run: sandbox::run },
];

/// What was found by which check.
#[derive(Serialize)]
struct Found {
    check: &'static str,
    #[serde(flatten)]
    finding: Finding,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'r> {
    well: bool,
    fixed: &'r [String],
    findings: &'r [Found],
}

pub(super) fn run(screen: &mut Screen, arguments: &Doctor) -> Result<Done, Failure> {
    let now = screen.look().now;
    let mut findings = examine(&mut Place::look(now)?);
    let mut fixed = Vec::new();
    if arguments.fix {
        fixed = mend(screen, &findings);
        findings = examine(&mut Place::look(now)?);
    }
    let wrong = findings.iter().filter(|found| found.finding.level == Level::Wrong).count();
    if arguments.format.json {
        screen.json(&Report { well: wrong == 0, fixed: &fixed, findings: &findings })?;
    } else {
        let text = render(screen.look(), &findings, &fixed);
        screen.print(&text)?;
    }
    Ok(if wrong == 0 { Done::Well } else { Done::Found })
}

fn examine(place: &mut Place) -> Vec<Found> {
    let of = |check: &Check, place: &mut Place| {
        (check.run)(place).into_iter().map(|finding| Found { check: check.name, finding }).collect::<Vec<_>>()
    };
    CHECKS.iter().flat_map(|check| of(check, place)).collect()
}

/// Carries out every repair that can be; returns what was done.
fn mend(screen: &Screen, findings: &[Found]) -> Vec<String> {
    let mut fixed = Vec::new();
    for repair in findings.iter().filter_map(|found| found.finding.repair.as_ref()) {
        match repair.apply() {
            Ok(()) => fixed.push(repair.to_string()),
            Err(failure) => screen.note(&safe_text(&failure.to_string())),
        }
    }
    fixed
}

fn render(look: Look, findings: &[Found], fixed: &[String]) -> String {
    let mut text = String::new();
    for done in fixed {
        text.push_str(&format!("{} {}\n", look.paint(Tint::Good, "fixed"), safe_text(done)));
    }
    for Found { check, finding } in findings {
        let (tint, word) = match finding.level {
            Level::Good => (Tint::Good, "ok   "),
            Level::Note => (Tint::Warning, "note "),
            Level::Wrong => (Tint::Bad, "WRONG"),
        };
        text.push_str(&format!("{} {check:<9} {}\n", look.paint(tint, word), safe_text(&finding.text)));
        if let Some(remedy) = &finding.remedy {
            text.push_str(&format!("      {:<9} {}\n", "", look.paint(Tint::Heading, &safe_text(remedy))));
        }
    }
    let of = |level| findings.iter().filter(|found| found.finding.level == level).count();
    let wrong = of(Level::Wrong);
    let fixable = findings.iter().filter(|found| found.finding.repair.is_some()).count();
    let verdict = match wrong {
        0 => look.paint(Tint::Good, "nothing is wrong"),
        _ => look.paint(Tint::Bad, &count(wrong as u64, "thing is wrong", "things are wrong")),
    };
    text.push_str(&format!("\n{verdict}"));
    if fixable > 0 {
        text.push_str(&format!("; `bridgectl doctor --fix` mends {fixable}"));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::PIPE;
    use super::*;

    #[test]
    fn what_a_person_sees() {
        let findings = [
            Found { check: "daemon", finding: Finding::good("running") },
            Found { check: "log", finding: Finding::note("large \x1b[2J", "move it away") },
            Found {
                check: "access",
                finding: Finding::wrong("/s is open to other users", "chmod 700 /s")
                    .with(repair::Repair::Mode { path: "/s".into(), mode: 0o700 }),
            },
        ];
        insta::assert_snapshot!(render(PIPE, &findings, &["created /r".to_owned()]), @r"
        fixed created /r
        ok    daemon    running
        note  log       large \x1b[2J
                        move it away
        WRONG access    /s is open to other users
                        chmod 700 /s

        1 thing is wrong; `bridgectl doctor --fix` mends 1
        ");
    }
}
