//! The master key, on which every token and every proof depends.

use super::finding::Finding;
use super::place::Place;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let has_database = place.paths.database().exists();
    let found = match &place.keys {
        Ok(_) => Finding::good("the master key can be used"),
        Err(_) if !place.paths.key().exists() && !has_database => {
            Finding::good("no master key yet: the first daemon makes one")
        }
        Err(_) if !place.paths.key().exists() => Finding::wrong(
            format!("{} is missing although there is a database", place.paths.key().display()),
            "restore it from a backup, or move the database away to begin anew",
        ),
        Err(error) => Finding::wrong(
            error.clone(),
            "without this very key no token is valid and the audit trail cannot be proven",
        ),
    };
    vec![found]
}
