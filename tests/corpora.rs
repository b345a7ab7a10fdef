//! Replays every kept input of every fuzz target through the functions that the targets call, whole and in pieces: what
//! a fuzzer once found stays found without one, and the targets go on compiling with the code they check.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[test]
fn every_kept_input_passes() {
    for (name, check) in checks::ALL {
        let seeds = entries(&fuzz().join("seeds").join(name));
        assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
        for path in seeds {
            // Shown by the test harness when the check fails.
            println!("{}", path.display());
            let bytes = fs::read(&path).unwrap();
            check(&bytes);
            let (front, back) = bytes.split_at(bytes.len() / 2);
            check(front);
            check(back);
        }
    }
}

#[test]
fn every_target_is_replayed() {
    let manifest: toml::Table = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap().parse().unwrap();
    let targets = manifest["bin"].as_array().unwrap().iter();
    let targets: BTreeSet<&str> = targets.map(|target| target["name"].as_str().unwrap()).collect();
    assert_eq!(targets, checks::ALL.iter().map(|(name, _)| *name).collect());
}
