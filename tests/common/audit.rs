//! The audit trail from outside.

use std::path::Path;

use bridge_daemon::store::read::verify::verify;
use bridge_daemon::store::{open, state_dir};
use bridge_proto::admin::AuditFinding;

use super::{Env, database, until};

/// What is wrong with the audit trail of a state directory; nothing when it is whole.
pub(crate) fn audit_verify(state: &Path) -> Vec<AuditFinding> {
    let keys = state_dir::load_keys(&state.join("master.key")).unwrap();
    let connection = open::open_read_only(&state.join("bridge.db")).unwrap();
    let report = verify(&connection, &keys, &state.join("audit.seal"), None).unwrap();
    assert_eq!(report.whole, report.findings.is_empty());
    report.findings
}

/// How many rows of the trail have that action and outcome.
pub(crate) fn rows(env: &Env, action: &str, outcome: &str) -> i64 {
    let sql = "SELECT count(*) FROM audit WHERE action = ?1 AND outcome = ?2";
    database::value(env, sql, [action, outcome])
}

/// Waits until the trail has that many rows with that action and outcome: refusals are recorded beside the answer.
#[track_caller]
pub(crate) fn until_rows(env: &Env, action: &str, outcome: &str, count: i64) {
    until(&format!("{count} audit rows {action} {outcome}"), || rows(env, action, outcome) == count);
}
