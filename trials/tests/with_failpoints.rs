//! A short trial with places where the programs die by themselves: `cargo test -p bridge-trials --features failpoints`.
//! `BRIDGED_SOAK_SECONDS` says how long.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

use std::path::Path;
use std::process::Command;

use bridge_trials::{point_count, points_in};

const SOAK: &str = env!("CARGO_BIN_EXE_bridge-soak");
const SECONDS: u64 = 45;

#[test]
fn nothing_is_lost() {
    assert_eq!(points_in(Path::new(SOAK)).unwrap().len(), point_count(), "it has all places to die at");
    let given = std::env::var("BRIDGED_SOAK_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds: u64 = given.unwrap_or(SECONDS);
    let mut soak = Command::new(SOAK);
    soak.args(["--seconds", &seconds.to_string(), "--faults", &(3 * seconds).to_string()]);
    if let Ok(seed) = std::env::var("BRIDGED_TEST_SEED") {
        soak.args(["--seed", &seed]);
    }
    let output = soak.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for kind in ["writer::", "shim::", "client::", "kill -9 to bridged ", "kill -9 to bridge-shim"] {
        assert!(said.contains(kind), "no fault of the kind {kind}");
    }
}
