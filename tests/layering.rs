//! Proves that dependencies point one way: reads the `use` lines (and every `crate::` path) of the daemon's source and
//! fails where an arrow points back; keeps SQL and the database library in their room, and I/O, clock and chance out
//! of `domain`.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What a module may use of its siblings. `net → mcp | admin → ops → live, store → domain`.
///
/// `bridge` is the bundle of shared parts that operations get; `net` hands a peer of `wire` to `mcp` or `admin`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("store", &["domain", "clock"]),
    ("live", &["domain", "store"]),
    ("log", &["domain"]),
    ("config", &["domain", "log", "store"]),
    ("exec", &["config", "domain"]),
    ("bridge", &["config", "domain", "exec", "live", "log", "store"]),
    ("retention", &["bridge", "clock", "domain", "store"]),
    ("anchor", &["bridge", "domain", "store"]),
    ("ops", &["bridge", "clock", "config", "domain", "exec", "live", "store"]),
    ("mcp", &["bridge", "clock", "config", "domain", "live", "ops", "wire"]),
    (
        "admin",
        &["anchor", "bridge", "clock", "config", "domain", "exec", "live", "retention", "store", "wire"],
    ),
    ("wire", &[]),
    ("net", &["admin", "bridge", "clock", "config", "mcp", "store", "wire"]),
    (
        "run",
        &[
            "anchor",
            "bridge",
            "clock",
            "config",
            "domain",
            "exec",
            "live",
            "log",
            "net",
            "ops",
            "retention",
            "store",
        ],
    ),
    // For tests only.
    ("interleave", &[]),
    ("main", &[]),
    ("lib", &["run"]),
];

/// Outside `store`, what may name the database library: reading requests, which answer from a connection they are
/// given, with the daemon running or not.
const MAY_NAME_RUSQLITE: &[&str] = &[
    "admin/read.rs",
    "admin/read/commands.rs",
    "admin/read/lines.rs",
    "admin/read/show.rs",
    "admin/status.rs",
];

struct Source {
    /// Below `daemon/src`, with `/`.
    path: String,
    module: String,
    /// Without comments and without tests.
    code: String,
}

fn sources(root: &str) -> Vec<Source> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut files = Vec::new();
    collect(&base, &mut files);
    assert!(!files.is_empty(), "no sources below {}", base.display());
    files
        .into_iter()
        .map(|file| {
            let path = file.strip_prefix(&base).unwrap().to_string_lossy().replace('\\', "/");
            let module = path.split(['/', '.']).next().unwrap().to_owned();
            Source { path, module, code: without_comments_and_tests(&fs::read_to_string(&file).unwrap()) }
        })
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Tests stand at the end of a file, behind `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn without_comments_and_tests(text: &str) -> String {
    let is_test = |line: &str| line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test");
    let lines = text.lines().take_while(|line| !is_test(line));
    lines.filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules of this crate that a source names, by `crate::x`, `crate::{x, y::z}` or `super::` out of its module.
fn used(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in source.code.match_indices("crate::") {
        let before = source.code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
            continue;
        }
        let rest = &source.code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(top_level_names(list)),
            None => found.extend(name_at(rest)),
        }
    }
    // From a file directly below the root, `super` is the root.
    if !source.path.contains('/') || source.path.ends_with("/mod.rs") {
        let root = |at: usize| name_at(&source.code[at + "super::".len()..]);
        found.extend(source.code.match_indices("use super::").filter_map(|(at, _)| root(at + "use ".len())));
    }
    found
}

fn name_at(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The names at the first level of a `{a, b::{c, d}}` list, whose opening brace is gone.
fn top_level_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut fresh) = (1, Vec::new(), true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' => fresh = depth == 1,
            c if fresh && depth == 1 && !c.is_whitespace() => {
                names.extend(name_at(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

#[test]
fn no_arrow_points_back() {
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for source in sources("daemon/src") {
        let allowed = MAY_USE.iter().find(|(module, _)| *module == source.module);
        let Some((_, allowed)) = allowed else {
            wrong.push(format!("{}: module `{}` has no place in MAY_USE", source.path, source.module));
            continue;
        };
        for name in used(&source) {
            let known = MAY_USE.iter().any(|(module, _)| *module == name);
            arrows += usize::from(known);
            if known && name != source.module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} uses `{name}`", source.path));
            }
        }
    }
    assert!(arrows > 50, "the test sees only {arrows} arrows: it has gone blind");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_wire_knows_nobody() {
    for (root, forbidden) in [
        (
            "proto/src",
            &["bridge_daemon", "bridge_redact", "bridge_shim", "bridge_admin", "tokio", "rmcp", "rusqlite"][..],
        ),
        ("shim/src", &["bridge_daemon", "bridge_redact", "bridge_admin", "tokio", "rmcp", "rusqlite"]),
        (
            "redact/src",
            &[
                "bridge_proto",
                "bridge_daemon",
                "bridge_shim",
                "bridge_admin",
                "tokio",
                "rmcp",
                "rusqlite",
                "std::net",
                "std::process",
            ],
        ),
        ("daemon/src", &["bridge_shim", "bridge_admin"]),
        (
            "failpoints/src",
            &[
                "bridge_proto",
                "bridge_redact",
                "bridge_guard",
                "bridge_daemon",
                "bridge_shim",
                "bridge_admin",
            ],
        ),
    ] {
        // A program beside the library may read files and name the library.
        for source in sources(root).into_iter().filter(|source| source.module != "bin") {
            for word in forbidden {
                assert!(!source.code.contains(word), "{root}/{} names {word}", source.path);
            }
        }
    }
}

#[test]
fn no_product_knows_its_trials() {
    for root in ["proto", "redact", "guard", "shim", "daemon", "admin", "failpoints"] {
        for source in sources(&format!("{root}/src")) {
            assert!(!source.code.contains("bridge_trials"), "{root}/{} names its trials", source.path);
            let names_crate = source.code.contains("fail::") && root != "failpoints";
            assert!(!names_crate, "{root}/{} names the crate that only builds for trials have", source.path);
        }
    }
    for manifest in ["Cargo.toml", "daemon/Cargo.toml", "shim/Cargo.toml", "admin/Cargo.toml"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest)).unwrap();
        let turns_on = text.contains("bridge-failpoints/active") || text.contains("features = [\"active\"]");
        assert!(!turns_on, "{manifest} makes a build for trials");
    }
}

#[test]
fn only_the_store_knows_the_database() {
    let mut wrong = Vec::new();
    for source in sources("daemon/src").iter().filter(|source| source.module != "store") {
        if source.code.contains("rusqlite") && !MAY_NAME_RUSQLITE.contains(&source.path.as_str()) {
            wrong.push(format!("{} names rusqlite", source.path));
        }
        for sql in ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA "] {
            if source.code.contains(&format!("\"{sql}")) {
                wrong.push(format!("{} holds SQL: {sql}…", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let sql = sources("daemon/src").iter().filter(|source| source.code.contains("SELECT ")).count();
    assert!(sql > 3, "the test finds SQL in {sql} files: it has gone blind");
}

#[test]
fn the_domain_is_pure() {
    let impure = [
        "std::fs",
        "std::io",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "std::os",
        "SystemTime",
        "Instant",
        "Zoned::now",
        "Timestamp::now",
        "getrandom",
        "rand::",
        "tokio",
        "tracing",
        "rmcp",
        "nix::",
    ];
    let domain: Vec<Source> = sources("daemon/src").into_iter().filter(|s| s.module == "domain").collect();
    assert!(domain.len() > 5);
    for source in domain {
        for word in impure {
            assert!(!source.code.contains(word), "{} names {word}", source.path);
        }
    }
}
