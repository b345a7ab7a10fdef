//! Proves the audit trail whole, or names the first place where it is not.

use std::path::Path;

use bridge_proto::admin::{AnchorTally, AuditFinding, VerifyReport};
use rusqlite::{Connection, Row};

use crate::domain::anchor::{Anchor, Comparison, Verdict};
use crate::domain::audit::{Entry, Head};
use crate::domain::key::{Digest, KEY_LENGTH, Keys, digest_from_hex, hex};
use crate::domain::time::Timestamp;
use crate::store::read::anchor::{Beginning, beginning};
use crate::store::seal::{self, Seal};

/// What was noted of the trail elsewhere.
#[derive(Debug, Clone, Copy)]
pub enum Noted<'n> {
    /// Nothing.
    Nothing,
    /// The hex MAC of one row.
    Head(&'n str),
    /// Anchors, of which there must be one at least.
    Anchors(&'n [Anchor]),
}

/// Walks the whole trail and compares it with the seals beside the database and with what was noted elsewhere.
///
/// # Errors
/// From SQLite, or when a seal file cannot be read.
pub fn verify(
    connection: &Connection,
    keys: &Keys,
    seal_path: &Path,
    noted: Noted<'_>,
) -> Result<VerifyReport, VerifyError> {
    // The seal is read first: rows that are added meanwhile must not make it look too old or too new.
    let sealed = seal::read(seal_path, keys)?;
    let mut waypoints = Waypoints::new(&sealed, noted);
    for path in seal::contradicted(seal_path)? {
        waypoints.findings.push(finding(
            0,
            format!("the daemon found the trail contradicting its seal and kept {}", path.display()),
        ));
    }
    let start = match beginning(connection, keys)? {
        Beginning::After(head) => head,
        Beginning::Forged => {
            let problem = "the anchor that stands for removed rows is not ours or was changed";
            waypoints.findings.push(finding(0, problem.to_owned()));
            Head::EMPTY
        }
    };
    let mut head = start;
    let mut anchors = match noted {
        Noted::Anchors(anchors) => Some(Comparison::new(anchors.to_vec(), &start)),
        Noted::Nothing | Noted::Head(_) => None,
    };
    if start.seq > 0 {
        waypoints.pass(&start);
    }
    let mut statement = connection.prepare(
        "SELECT seq, at, conversation, actor, action, outcome, details, mac FROM audit ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match check(row, &head, keys) {
            Ok(next) => head = next,
            Err(found) => {
                waypoints.findings.push(found);
                break;
            }
        }
        waypoints.pass(&head);
        if let Some(anchors) = &mut anchors {
            anchors.pass(&head);
        }
    }
    let mut findings = waypoints.finish(&start, &head);
    let anchors = anchors.map(|anchors| anchored(&anchors.finish(), &head, &mut findings));
    Ok(VerifyReport {
        whole: findings.is_empty(),
        rows: head.seq - start.seq,
        removed_rows: start.seq,
        head: hex(&head.mac),
        sealed_rows: sealed_rows(&sealed),
        anchors,
        findings,
    })
}

/// What the anchors say of a trail that was proven up to `head`.
fn anchored(verdict: &Verdict, head: &Head, findings: &mut Vec<AuditFinding>) -> AnchorTally {
    let broken = findings.iter().any(|found| found.seq > 0);
    if let Some((first, rows)) = verdict.changed {
        let problem = format!(
            "the row is not the one that was anchored at {}: the trail was written anew (anchors that differ: {rows})",
            first.at
        );
        findings.push(finding(first.head.seq, problem));
    }
    // Behind a break nothing can be said of what was anchored.
    if let Some((first, rows)) = verdict.missing.filter(|_| !broken) {
        let problem = format!(
            "rows are missing at the end: row {} was anchored at {} (anchors beyond the end: {rows})",
            first.head.seq, first.at
        );
        findings.push(finding(head.seq, problem));
    }
    let nothing = Verdict::default();
    if *verdict == nothing {
        findings.push(finding(0, "there is no anchor in what was given to compare with".to_owned()));
    }
    AnchorTally { met: verdict.met, removed: verdict.removed }
}

/// Why a verification could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database cannot be read.
    #[error("reading the audit trail: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A seal cannot be read.
    #[error("reading the audit seal: {0}")]
    Seal(#[from] std::io::Error),
}

/// Heads that the walk must come by.
struct Waypoints {
    sealed: Option<Head>,
    anchor: Option<Digest>,
    /// What is wrong with the seal, if there is no telling from it.
    unsealed: Option<&'static str>,
    findings: Vec<AuditFinding>,
}

impl Waypoints {
    fn new(sealed: &Seal, noted: Noted<'_>) -> Self {
        let mut findings = Vec::new();
        let unsealed = match sealed {
            Seal::At(_) => None,
            Seal::Missing => Some("the seal beside the database is missing"),
            Seal::Broken => Some("the seal beside the database is not ours or was changed"),
        };
        let sealed = match sealed {
            Seal::At(head) => Some(*head),
            Seal::Missing => None,
            Seal::Broken => {
                findings
                    .push(finding(0, "the seal beside the database is not ours or was changed".to_owned()));
                None
            }
        };
        let parsed = match noted {
            Noted::Head(text) => Some(digest_from_hex(text.trim())),
            Noted::Nothing | Noted::Anchors(_) => None,
        };
        if parsed == Some(None) {
            findings.push(finding(0, "the anchor is not 64 hex digits".to_owned()));
        }
        Self { sealed: sealed.filter(|head| head.seq > 0), anchor: parsed.flatten(), unsealed, findings }
    }

    fn pass(&mut self, head: &Head) {
        if self.sealed.is_some_and(|sealed| sealed.seq == head.seq) {
            if !self.sealed.is_some_and(|sealed| sealed.matches(head)) {
                self.findings.push(finding(head.seq, "the row is not the one that was sealed".to_owned()));
            }
            self.sealed = None;
        }
        if self.anchor == Some(head.mac) {
            self.anchor = None;
        }
    }

    fn finish(mut self, start: &Head, head: &Head) -> Vec<AuditFinding> {
        // Before the first row there is nothing to seal.
        if let Some(problem) = self.unsealed.filter(|_| head.seq > 0) {
            self.findings.push(finding(0, problem.to_owned()));
        }
        // Behind a break nothing more can be said of seal and anchor.
        if self.findings.iter().all(|found| found.seq == 0) {
            // A seal that lost its last writes with the power may be older than the anchor.
            if let Some(sealed) = self.sealed.filter(|sealed| sealed.seq > start.seq) {
                let missing = sealed.seq - head.seq;
                let text = format!("{missing} rows are missing at the end: {} were sealed", sealed.seq);
                self.findings.push(finding(head.seq, text));
            }
            if self.anchor.is_some() {
                let removed = match start.seq {
                    0 => String::new(),
                    removed => format!(
                        " (rows 1 to {removed} were removed after their time; it may be of one of them)"
                    ),
                };
                self.findings.push(finding(0, format!("no row has the MAC given as anchor{removed}")));
            }
        }
        self.findings
    }
}

/// The head after `row`, or what is wrong with it.
pub(in crate::store) fn check(row: &Row<'_>, head: &Head, keys: &Keys) -> Result<Head, AuditFinding> {
    let expected_seq = head.seq + 1;
    let (seq, entry, mac) =
        read(row).map_err(|error| finding(expected_seq, format!("the row cannot be read: {error}")))?;
    if seq != expected_seq {
        return Err(finding(expected_seq, format!("rows {expected_seq} to {} are missing", seq - 1)));
    }
    let next = head.append(keys, &entry);
    let found = Head { seq, mac };
    if next.matches(&found) {
        Ok(next)
    } else {
        Err(finding(seq, "the row or the one before it was changed".to_owned()))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Entry, Digest)> {
    let entry = Entry {
        at: Timestamp::from_millis(row.get(1)?),
        conversation: row.get(2)?,
        actor: row.get(3)?,
        action: row.get(4)?,
        outcome: row.get(5)?,
        details: row.get(6)?,
    };
    Ok((row.get(0)?, entry, row.get::<_, [u8; KEY_LENGTH]>(7)?))
}

fn sealed_rows(sealed: &Seal) -> Option<i64> {
    match sealed {
        Seal::At(head) => Some(head.seq),
        Seal::Missing | Seal::Broken => None,
    }
}

fn finding(seq: i64, problem: String) -> AuditFinding {
    AuditFinding { seq, problem }
}
