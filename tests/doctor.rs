//! Faults planted in a private home: the doctor names each, mends the safe ones, and touches nothing else.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

use common::env::BRIDGECTL;
use common::{Daemon, Env, Pair, Value, database, until};

/// A home that a daemon has used and left in order.
fn home() -> Env {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    Pair::new(&env).send("hello");
    assert!(daemon.terminate().success());
    // The harness made it, with the umask's mode.
    mode(&env.paths().log(), 0o600);
    until("the shims are gone", || env.processes("bridge-shim").is_empty());
    env
}

/// What the doctor says: whether all is well, and what is wrong as `check: text`.
#[track_caller]
fn examine(env: &Env, arguments: &[&str]) -> (bool, Vec<String>, Value) {
    let output = env.command(BRIDGECTL).arg("doctor").arg("--json").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let report: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    let well = report["well"].as_bool().unwrap();
    assert_eq!(output.status.code(), Some(if well { 0 } else { 1 }), "{said}");
    let findings = report["findings"].as_array().unwrap();
    let wrong = findings.iter().filter(|found| found["level"] == "wrong");
    let text = |found: &Value| {
        assert!(found["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "no remedy: {found}");
        format!("{}: {}", found["check"].as_str().unwrap(), found["text"].as_str().unwrap())
    };
    let wrong: Vec<_> = wrong.map(text).collect();
    assert_eq!(well, wrong.is_empty());
    (well, wrong, report)
}

/// Plants one fault in a home in order: the doctor names it and nothing else.
#[track_caller]
fn names(check: &str, words: &str, plant: impl FnOnce(&Env)) -> Env {
    let env = home();
    plant(&env);
    let (_, wrong, _) = examine(&env, &[]);
    let right = |line: &String| line.starts_with(&format!("{check}: ")) && line.contains(words);
    assert!(wrong.iter().any(right), "{check}: {words} is not in {wrong:#?}");
    env
}

/// The same, and `--fix` mends it.
#[track_caller]
fn mends(check: &str, words: &str, plant: impl FnOnce(&Env)) -> Env {
    let env = names(check, words, plant);
    let (well, wrong, report) = examine(&env, &["--fix"]);
    assert!(well, "{wrong:#?}");
    assert!(!report["fixed"].as_array().unwrap().is_empty(), "{report}");
    let daemon = Daemon::start(&env);
    Pair::new(&env).send("works again");
    daemon.terminate();
    env
}

/// The same, and `--fix` leaves it alone.
#[track_caller]
fn leaves(check: &str, words: &str, plant: impl FnOnce(&Env)) {
    let env = names(check, words, plant);
    let (well, _, report) = examine(&env, &["--fix"]);
    assert!(!well);
    assert_eq!(report["fixed"], Value::Array(Vec::new()));
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn is_mode(path: &Path, mode: u32) -> bool {
    fs::metadata(path).unwrap().permissions().mode() & 0o777 == mode
}

#[test]
fn a_home_in_order_is_well_with_and_without_daemon() {
    let env = home();
    let (well, wrong, _) = examine(&env, &[]);
    assert!(well, "{wrong:#?}");
    let _daemon = Daemon::start(&env);
    let (well, wrong, report) = examine(&env, &["--fix"]);
    assert!(well && report["fixed"] == Value::Array(Vec::new()), "{wrong:#?}");
    assert!(report.to_string().contains("bridged 0.1.0 runs"), "{report}");
}

#[test]
fn a_home_that_was_never_used_is_well() {
    let env = Env::new();
    let (well, wrong, _) = examine(&env, &[]);
    assert!(well, "{wrong:#?}");
    let (_, _, report) = examine(&env, &["--fix"]);
    assert_eq!(report["fixed"].as_array().unwrap().len(), 2, "{report}");
    assert!(is_mode(&env.paths().state, 0o700) && is_mode(env.paths().socket_dir(), 0o700));
}

#[test]
fn open_modes_are_closed() {
    let env = mends("access", "is open to other users (mode 755)", |env| mode(&env.paths().state, 0o755));
    assert!(is_mode(&env.paths().state, 0o700));
    let env = mends("access", "bridge.db is open", |env| mode(&env.paths().database(), 0o644));
    assert!(is_mode(&env.paths().database(), 0o600));
}

#[test]
fn the_directory_of_the_socket_is_closed() {
    mends("access", "/r/bridged is open", |env| mode(env.paths().socket_dir(), 0o777));
}

#[test]
fn an_open_key_is_closed() {
    let env = names("access", "master.key is open", |env| mode(&env.paths().key(), 0o640));
    let (well, wrong, _) = examine(&env, &["--fix"]);
    assert!(well, "{wrong:#?}");
    assert!(is_mode(&env.paths().key(), 0o600));
}

#[test]
fn a_configuration_that_others_can_change_is_closed() {
    mends("config", "can be changed by other users", |env| {
        env.write_config("[log]\nlevel = \"info\"\n");
        mode(&env.paths().config, 0o666);
    });
}

#[test]
fn the_socket_of_a_dead_daemon_is_removed() {
    let env = mends("daemon", "a daemon died and left it", |env| {
        drop(UnixListener::bind(env.paths().socket).unwrap());
        mode(&env.paths().socket, 0o600);
    });
    drop(env);
}

#[test]
fn half_a_key_is_removed() {
    let env = mends("leftovers", "master.new was left", |env| {
        let half = env.paths().key().with_extension("new");
        fs::write(&half, [7; 9]).unwrap();
        mode(&half, 0o600);
    });
    assert!(!env.paths().key().with_extension("new").exists());
}

#[test]
fn a_mistake_in_the_configuration_is_named() {
    leaves("config", "did you mean", |env| env.write_config("[conversation]\nlifetime_minuts = 5\n"));
    leaves("config", "rules", |env| env.write_config("[redaction]\nrules = \"/nowhere/rules.toml\"\n"));
}

#[test]
fn a_missing_or_short_key_is_named() {
    leaves("key", "is missing although there is a database", |env| {
        fs::remove_file(env.paths().key()).unwrap()
    });
    leaves("key", "holds 5 bytes", |env| fs::write(env.paths().key(), b"short").unwrap());
}

#[test]
fn a_damaged_database_is_named() {
    leaves("database", "not a database", |env| fs::write(env.paths().database(), [b'x'; 8_192]).unwrap());
    leaves("database", "malformed", |env| {
        let path = env.paths().database();
        let mut bytes = fs::read(&path).unwrap();
        // The pages behind the schema.
        let pages = bytes.len() / 4_096;
        assert!(pages > 4);
        for page in 2..pages {
            bytes[page * 4_096..page * 4_096 + 64].fill(0xff);
        }
        fs::write(&path, bytes).unwrap();
    });
}

#[test]
fn a_database_of_a_newer_version_is_named() {
    leaves("database", "schema version 99", |env| {
        let connection = database::open(&env.paths().state);
        connection.pragma_update(None, "user_version", 99).unwrap();
    });
}

#[test]
fn a_changed_trail_is_named() {
    leaves("audit", "not whole", |env| {
        assert!(database::change(env, "UPDATE audit SET actor = 'x' WHERE seq = 2", []) > 0);
    });
}

#[test]
fn rows_from_the_future_are_named() {
    leaves("clock", "in the future", |env| {
        assert!(database::change(env, "UPDATE message SET sent_at = sent_at + 86400000", []) > 0);
    });
}

#[test]
fn what_is_no_socket_is_named() {
    leaves("daemon", "is not a socket", |env| {
        fs::write(env.paths().socket, "").unwrap();
        mode(&env.paths().socket, 0o600);
    });
}

#[test]
fn a_foreign_lock_file_is_named() {
    leaves("leftovers", "holds no process id", |env| fs::write(env.paths().lock(), "mine\n").unwrap());
}

#[test]
fn a_daemon_on_another_socket_is_named() {
    let mut env = home();
    let _daemon = Daemon::start(&env);
    let other = env.root().join("other");
    fs::DirBuilder::new().mode(0o700).create(&other).unwrap();
    env.set("BRIDGED_SOCKET", other.join("b.sock").to_str().unwrap());
    let (_, wrong, _) = examine(&env, &[]);
    assert!(wrong.iter().any(|line| line.starts_with("daemon: process")), "{wrong:#?}");
}

#[test]
fn a_program_of_another_version_is_named() {
    let mut env = home();
    let programs = env.root().join("bin");
    fs::create_dir(&programs).unwrap();
    let shim = programs.join("bridge-shim");
    fs::write(&shim, "#!/bin/sh\necho bridge-shim 0.0.9\n").unwrap();
    mode(&shim, 0o755);
    let path = std::env::var("PATH").unwrap();
    env.set("PATH", &format!("{}:{path}", programs.display()));
    let (_, wrong, _) = examine(&env, &[]);
    assert!(wrong.iter().any(|line| line.contains("has version 0.0.9")), "{wrong:#?}");
}

#[test]
fn a_unit_without_its_program_is_named() {
    leaves("service", "/nowhere/bridged, which is not there", |env| {
        let units = env.root().join("c/systemd/user");
        fs::create_dir_all(&units).unwrap();
        fs::write(units.join("bridged.service"), "[Service]\nExecStart=/nowhere/bridged\n").unwrap();
    });
}

#[test]
fn a_log_without_end_is_named() {
    leaves("log", "has grown", |env| {
        fs::File::options().append(true).open(env.paths().log()).unwrap().set_len(65 << 20).unwrap();
    });
}

#[test]
fn a_socket_path_too_long_is_named() {
    let mut env = home();
    env.set("BRIDGED_SOCKET", &format!("{}/{}.sock", env.root().display(), "x".repeat(108)));
    let (_, wrong, _) = examine(&env, &[]);
    assert!(wrong.iter().any(|line| line.starts_with("access: the socket's path")), "{wrong:#?}");
}

/// A home in which a client has the bridge, and then that is done to its configuration.
fn plant_in_client(env: &Env, client: &str, file: &str, change: impl FnOnce(String) -> String) {
    let installed = env.command(BRIDGECTL).args(["install", "--client", client]).output().unwrap();
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let file = env.root().join(file);
    let before = fs::read_to_string(&file).unwrap();
    let after = change(before.clone());
    assert_ne!(after, before);
    fs::write(&file, after).unwrap();
}

#[test]
fn a_client_in_order_is_well() {
    let env = home();
    let clients = ["claude", "codex", "opencode", "cline"].map(|client| ["--client", client]).concat();
    assert!(env.command(BRIDGECTL).arg("install").args(clients).output().unwrap().status.success());
    let (well, wrong, report) = examine(&env, &[]);
    assert!(well, "{wrong:#?}");
    assert!(
        report.to_string().contains("Claude Code, Codex, opencode, Cline: launches this bridge"),
        "{report}"
    );
}

#[test]
fn a_clients_configuration_that_does_not_parse_is_named() {
    leaves("clients", ".claude.json: line ", |env| {
        plant_in_client(env, "claude", ".claude.json", |text| text[..text.len() / 2].to_owned());
    });
    leaves("clients", "config.toml: line ", |env| {
        plant_in_client(env, "codex", ".codex/config.toml", |text| text + "[broken\n");
    });
}

#[test]
fn a_clients_shim_that_is_not_there_or_another_is_named() {
    let shim = common::env::SHIM;
    leaves("clients", "Codex: launches /nowhere/bridge-shim, which is not there", |env| {
        plant_in_client(env, "codex", ".codex/config.toml", |text| {
            text.replace(shim, "/nowhere/bridge-shim")
        });
    });
    for (script, words) in [("echo bridge-shim 0.0.9", "of version 0.0.9"), ("exit 1", "which does not run")]
    {
        leaves("clients", words, |env| {
            let other = env.root().join("bridge-shim");
            fs::write(&other, format!("#!/bin/sh\n{script}\n")).unwrap();
            mode(&other, 0o755);
            plant_in_client(env, "opencode", "c/opencode/opencode.jsonc", |text| {
                text.replace(shim, other.to_str().unwrap())
            });
        });
    }
}

#[test]
fn a_clients_entry_of_the_name_that_is_something_else_is_named() {
    leaves("clients", "launches something else (npx)", |env| {
        fs::create_dir(env.root().join(".cursor")).unwrap();
        let taken = r#"{"mcpServers": {"bridge": {"command": "npx", "args": ["bridge"]}}}"#;
        fs::write(env.root().join(".cursor/mcp.json"), taken).unwrap();
    });
}

#[test]
fn a_clients_time_out_that_is_too_short_is_named() {
    leaves("clients", "Gemini CLI: timeout is 30000: waits for a message would be cut off", |env| {
        plant_in_client(env, "gemini", ".gemini/settings.json", |text| text.replace("600000", "30000"));
    });
}

#[test]
fn a_client_that_would_look_for_another_daemon_is_named() {
    leaves("clients", "XDG_RUNTIME_DIR is \"/elsewhere\"", |env| {
        let runtime = env.root().join("r").to_str().unwrap().to_owned();
        plant_in_client(env, "qwen", ".qwen/settings.json", |text| text.replace(&runtime, "/elsewhere"));
    });
}

#[test]
fn a_client_that_was_switched_off_or_lacks_the_entry_is_no_fault_but_noted() {
    let env = home();
    plant_in_client(&env, "cline", ".cline/data/settings/cline_mcp_settings.json", |text| {
        text.replace("\"disabled\": false", "\"disabled\": true")
    });
    fs::create_dir(env.root().join(".copilot")).unwrap();
    let (well, wrong, report) = examine(&env, &[]);
    assert!(well, "{wrong:#?}");
    let notes = report.to_string();
    assert!(notes.contains("Cline: the bridge's entry is switched off"), "{notes}");
    assert!(notes.contains("GitHub Copilot CLI: no entry for the bridge"), "{notes}");
}
