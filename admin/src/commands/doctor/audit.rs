//! The audit trail: whole.

use bridge_daemon::store::read::verify::{Noted, verify};

use super::super::count;
use super::finding::Finding;
use super::place::Place;

const REMEDY: &str = "`bridgectl audit verify` says more; keep a copy of the state directory as evidence";

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    // What is missing or damaged has been said.
    let (Ok(Some(database)), Ok(keys)) = (&place.database, &place.keys) else { return Vec::new() };
    if !database.health.damage.is_empty() {
        return Vec::new();
    }
    match verify(&database.connection, keys, &place.paths.seal(), Noted::Nothing) {
        Ok(report) if report.whole => {
            let rows = count(report.rows.unsigned_abs(), "row", "rows");
            vec![Finding::good(format!("the audit trail is whole, {rows}"))]
        }
        Ok(report) => {
            let finding =
                |problem| Finding::wrong(format!("the audit trail is not whole: {problem}"), REMEDY);
            report.findings.into_iter().map(|found| finding(found.problem)).collect()
        }
        Err(error) => vec![Finding::wrong(error.to_string(), REMEDY)],
    }
}
