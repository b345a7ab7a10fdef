//! Proves with the programs as they are installed that nothing is lost while daemon, shims, clients and connections die:
//! a short trial, whose faults come from outside. `bridge-trials` has the long one, with places where the programs die by
//! themselves.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::path::Path;

use bridge_trials::{Goal, Options, Programs, point_count, points_in};
use common::env::{BRIDGECTL, BRIDGED, SHIM};

/// Short enough for every run of the suite; `BRIDGED_SOAK_SECONDS` makes it longer.
const SECONDS: u64 = 15;

#[test]
fn what_is_installed_cannot_be_told_to_die() {
    const { assert!(!bridge_failpoints::ACTIVE, "a build for trials is no build to test") };
    assert!(point_count() > 10);
    for program in [BRIDGED, SHIM, BRIDGECTL] {
        assert_eq!(points_in(Path::new(program)).unwrap(), [""; 0], "{program}");
    }
    // The check itself is not blind: this test holds the names.
    assert_eq!(points_in(&std::env::current_exe().unwrap()).unwrap().len(), point_count());
}

#[test]
fn agents_talk_while_everything_dies() {
    let given = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seconds = given("BRIDGED_SOAK_SECONDS").unwrap_or(SECONDS);
    let seed = given("BRIDGED_TEST_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("BRIDGED_TEST_SEED={seed}");
    let report = bridge_trials::run(&Options {
        programs: Programs { daemon: BRIDGED.into(), shim: SHIM.into(), ctl: BRIDGECTL.into() },
        seed,
        goal: Goal::Seconds(seconds),
        faults: 3 * seconds,
        pairs: 4,
        tell: |_| {},
    })
    .unwrap();
    println!("{}", report.to_text());
    assert!(report.is_clean());
    assert!(report.answered > 0 && report.faults > seconds, "too little has happened");
}
