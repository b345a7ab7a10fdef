//! The audit trail from outside.

use std::path::Path;
use std::process::Command;

use bridge_daemon::store::read::verify::{Noted, verify};
use bridge_daemon::store::{open, state_dir};
use bridge_proto::admin::VerifyReport;

use super::env::BRIDGECTL;
use super::{Env, database, until};

/// What is wrong with the audit trail of a state directory, in words; nothing when it is whole. `bridgectl` and the
/// library must agree.
pub(crate) fn audit_verify(state: &Path) -> Vec<String> {
    let mut bridgectl = Command::new(BRIDGECTL);
    bridgectl.args(["audit", "verify", "--json"]).env_clear();
    // The directory as it lies there, whoever may serve it.
    bridgectl.env("HOME", state).env("XDG_STATE_HOME", state.parent().unwrap());
    let output = bridgectl.env("BRIDGED_SOCKET", state.join("nobody.sock")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: VerifyReport = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(if report.whole { 0 } else { 1 }), "{said}");
    assert_eq!(report.whole, report.findings.is_empty(), "{said}");

    let keys = state_dir::load_keys(&state.join("master.key")).unwrap();
    let connection = open::open_read_only(&state.join("bridge.db")).unwrap();
    let ours = verify(&connection, &keys, &state.join("audit.seal"), Noted::Nothing).unwrap();
    assert_eq!(ours.findings, report.findings);
    report.findings.into_iter().map(|found| format!("row {}: {}", found.seq, found.problem)).collect()
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
