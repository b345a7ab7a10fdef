//! Whether a database is whole: its pages, its references, its audit trail, and its messages as they were sent.

use std::path::Path;

use bridge_proto::admin::AuditFinding;
use rusqlite::Connection;
use serde::Serialize;

use super::error::OpenError;
use super::open::{open_read_only, sqlite, user_version};
use super::read::{bodies, verify};
use crate::domain::key::Keys;

/// Findings of one kind that are told one by one.
const MOST: u32 = 20;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Whether nothing is wrong.
    pub whole: bool,
    /// Schema version; `None` when not even that can be read.
    pub schema: Option<usize>,
    /// Bytes of the database file.
    pub bytes: u64,
    /// Bytes of the WAL beside it.
    pub wal_bytes: u64,
    /// Bytes in the database that are free for reuse.
    pub free_bytes: u64,
    /// Audit rows that were proven.
    pub audit_rows: i64,
    /// Messages that are as they were sent, by the audit trail.
    pub messages: u64,
    /// What is wrong, in words.
    pub findings: Vec<String>,
}

/// Checks the database and the audit seal at `seal`. Works beside a running daemon.
///
/// # Errors
/// [`OpenError`] when the database cannot be looked into at all; damage is a finding.
pub fn check(database: &Path, keys: &Keys, seal: &Path) -> Result<CheckReport, OpenError> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let mut report = CheckReport {
        whole: false,
        schema: None,
        bytes: size(database),
        wal_bytes: size(&database.with_extension("db-wal")),
        free_bytes: 0,
        audit_rows: 0,
        messages: 0,
        findings: Vec::new(),
    };
    match open_read_only(database) {
        Ok(connection) => look(&connection, keys, seal, &mut report)
            .or_else(|source| damage(&mut report, sqlite("reading", database, source)))?,
        Err(error) => damage(&mut report, error)?,
    }
    report.whole = report.findings.is_empty();
    Ok(report)
}

/// Damage is what was looked for; anything else keeps the check from being made.
fn damage(report: &mut CheckReport, error: OpenError) -> Result<(), OpenError> {
    match error {
        OpenError::Damaged { source, .. } => {
            report.findings.push(format!("database: {source}"));
            Ok(())
        }
        other => Err(other),
    }
}

fn look(connection: &Connection, keys: &Keys, seal: &Path, report: &mut CheckReport) -> rusqlite::Result<()> {
    report.schema = Some(user_version(connection)?);
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0).map(u64::from));
    report.free_bytes = pragma("freelist_count")? * pragma("page_size")?;
    integrity(connection, report)?;
    foreign_keys(connection, report)?;
    match verify::verify(connection, keys, seal, verify::Noted::Nothing) {
        Ok(verified) => {
            report.audit_rows = verified.rows;
            report.findings.extend(verified.findings.iter().map(in_words));
        }
        Err(verify::VerifyError::Sqlite(error)) => return Err(error),
        Err(error @ verify::VerifyError::Seal(_)) => report.findings.push(format!("audit: {error}")),
    }
    let bodies = bodies::compare(connection, keys, MOST as usize)?;
    report.messages = bodies.proven;
    report
        .findings
        .extend(bodies.changed.into_iter().map(|id| format!("messages: {id} is not as it was sent")));
    Ok(())
}

fn in_words(found: &AuditFinding) -> String {
    if found.seq > 0 {
        format!("audit: row {}: {}", found.seq, found.problem)
    } else {
        format!("audit: {}", found.problem)
    }
}

/// <https://sqlite.org/pragma.html#pragma_integrity_check>
fn integrity(connection: &Connection, report: &mut CheckReport) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            report.findings.push(format!("pages: {line}"));
        }
    }
    Ok(())
}

/// <https://sqlite.org/pragma.html#pragma_foreign_key_check>
fn foreign_keys(connection: &Connection, report: &mut CheckReport) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        found += 1;
        if found <= MOST {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            report.findings.push(format!("references: a row of {table} refers to no row of {parent}"));
        }
    }
    Ok(())
}
