//! `docs/configuration.md` says what the parser and the programs know, nothing more and nothing less.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bridge_daemon::config::reference::{VARIABLES, reference};
use bridge_daemon::config::{Config, ConfigError};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// With `UPDATE_REFERENCE` set it writes the reference instead of comparing it.
#[test]
fn the_reference_is_current() {
    let path = root().join("docs/configuration.md");
    let text = fs::read_to_string(&path).unwrap();
    let mark = "<!-- what follows is written by `UPDATE_REFERENCE=1 cargo test -p bridge-daemon --test reference` -->\n\n";
    let (before, behind) = text.split_once(mark).expect("the mark is in docs/configuration.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, format!("{before}{mark}{}", reference())).unwrap();
        return;
    }
    assert!(behind == reference(), "docs/configuration.md is old: run this test with UPDATE_REFERENCE=1");
}

/// Every key and value of the reference as the parser takes it: the key of each row below its section.
#[test]
fn every_key_of_the_reference_is_one_of_the_parser() {
    let (mut section, mut keys) = (String::new(), 0);
    for line in reference().lines() {
        if let Some(name) = line.strip_prefix("## `[") {
            section = name.trim_end_matches("]`").to_owned();
        }
        let cells: Vec<_> = line.split(" | ").collect();
        let Some(key) = cells[0].strip_prefix("| `").filter(|_| cells.len() == 4) else { continue };
        let key = key.trim_end_matches('`');
        keys += 1;
        assert!(cells[3].trim_end_matches(" |").ends_with('.'), "{section}.{key} has no meaning: {line}");
        let parse =
            |value: &str| Config::parse(&format!("[{section}]\n{key} = {value}\n"), Path::new("config.toml"));
        let listed = cells[1].split(", ").filter_map(|value| value.strip_prefix("`\"")?.strip_suffix("\"`"));
        let values: Vec<_> = listed.map(|value| format!("\"{value}\"")).collect();
        let default = cells[2].strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        for value in values.iter().map(String::as_str).chain(default) {
            parse(value).unwrap_or_else(|error| panic!("{section}.{key} = {value}: {error}"));
        }
        let nonsense = parse("{}").unwrap_err();
        assert!(!matches!(nonsense, ConfigError::UnknownKey { .. }), "{nonsense}");
    }
    assert!(keys >= 27, "{keys}");
}

/// Every variable of ours that some program's source names is in the table, and the table names no other.
#[test]
fn every_variable_is_in_the_reference() {
    let mut sources = String::new();
    for package in ["proto", "daemon", "shim", "admin"] {
        read_all(&root().join(package).join("src"), &mut sources);
    }
    let quoted = sources.split('"').skip(1).filter(|text| {
        (text.starts_with("BRIDGE_")
            || text.starts_with("BRIDGED_")
            || text.starts_with("XDG_")
            || *text == "YOLO_MODE"
            || *text == "NO_COLOR")
            && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    });
    let named: BTreeSet<_> = quoted.collect();
    let known: BTreeSet<_> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(named, known);
}

fn read_all(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.file_name().is_some_and(|name| name != "reference.rs")
            && path.extension().is_some_and(|e| e == "rs")
        {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
