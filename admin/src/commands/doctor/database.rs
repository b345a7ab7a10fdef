//! The database: sound, and of a version that this build knows.

use std::cmp::Ordering;

use super::finding::Finding;
use super::place::Place;

const RESTORE: &str = "stop the daemon, keep a copy of the state directory, and restore a backup";

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let path = place.paths.database();
    let health = match &place.database {
        Ok(None) => return vec![Finding::good("no database yet: the first daemon makes one")],
        Ok(Some(database)) => &database.health,
        Err(error) => return vec![Finding::wrong(error.clone(), RESTORE)],
    };
    let mut findings: Vec<_> = health
        .damage
        .iter()
        .map(|damage| Finding::wrong(format!("{} is damaged: {damage}", path.display()), RESTORE))
        .collect();
    match health.schema.cmp(&health.known) {
        Ordering::Less => findings.push(Finding::note(
            format!(
                "{} has schema version {}, this build makes it {}",
                path.display(),
                health.schema,
                health.known
            ),
            "the next daemon migrates it, after a copy",
        )),
        Ordering::Equal | Ordering::Greater => {}
    }
    if findings.is_empty() {
        findings.push(Finding::good(format!(
            "{} is sound, schema version {}",
            path.display(),
            health.schema
        )));
    }
    findings
}
