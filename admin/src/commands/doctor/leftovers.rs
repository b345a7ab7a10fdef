//! What a process that died left in the state directory.

use std::fs;

use bridge_daemon::store::seal;

use super::finding::Finding;
use super::place::Place;
use super::repair::Repair;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let paths = &place.paths;
    let mut findings = Vec::new();
    let half = paths.key().with_extension("new");
    // While a key is being made, its daemon holds the lock.
    if half.exists() && place.holder.is_none() && paths.key().exists() {
        findings.push(
            Finding::wrong(
                format!("{} was left by a daemon that died while it made a key", half.display()),
                format!("rm '{}'", half.display()),
            )
            .with(Repair::Leftover(half)),
        );
    }
    let lock = paths.lock();
    let pid = fs::read_to_string(&lock).unwrap_or_default();
    if lock.exists() && !pid.trim().bytes().all(|byte| byte.is_ascii_digit()) {
        findings.push(Finding::wrong(
            format!("{} holds no process id", lock.display()),
            format!("something else has written into it; with no daemon running, rm '{}'", lock.display()),
        ));
    }
    for path in seal::contradicted(&paths.seal()).unwrap_or_default() {
        findings.push(Finding::wrong(
            format!("{} is evidence of an audit trail that was changed", path.display()),
            "`bridgectl audit verify` says more; keep the file elsewhere, then remove it here",
        ));
    }
    findings
}
