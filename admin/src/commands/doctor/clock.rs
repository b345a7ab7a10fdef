//! The clock: not behind what the database remembers.

use super::finding::Finding;
use super::place::Place;
use crate::time::duration;

/// What network time corrects without anybody noticing.
const TOLERATED_MS: i64 = 60_000;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let Ok(Some(database)) = &place.database else { return Vec::new() };
    let Some(latest) = database.health.latest else { return Vec::new() };
    let ahead = latest.millis().saturating_sub(place.now.millis());
    if ahead <= TOLERATED_MS {
        return vec![Finding::good("the clock is not behind the database")];
    }
    let text = format!("the database has rows from {latest}, {} in the future", duration(ahead));
    let remedy = "the clock was wrong then or is wrong now: set it (timedatectl). Until it has caught up, limits and expiry \
                  are off by as much";
    vec![Finding::wrong(text, remedy)]
}
