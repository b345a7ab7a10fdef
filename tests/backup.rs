//! Backup and restore with the real binaries: what was backed up beside a busy daemon comes back byte for byte, on
//! another machine too; what is no whole backup is refused before anything is touched.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use common::ctl::{as_an_agent, export};
use common::{Daemon, Env, NO_LIMITS, Pair, Shim, audit_verify, bridgectl, database, json};

/// A home with a conversation in it, and its daemon.
fn lived_in() -> (Env, Daemon, Pair) {
    let env = Env::with_config(NO_LIMITS);
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for number in 0..20 {
        pair.send(&format!("number {number} {}", "ä".repeat(500)));
    }
    pair.fetch();
    (env, daemon, pair)
}

fn file(env: &Env) -> PathBuf {
    env.root().join("bridge.backup")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Backs up and ends the daemon.
fn backed_up() -> (Env, PathBuf) {
    let (env, daemon, _pair) = lived_in();
    let file = file(&env);
    bridgectl(&env, &["backup", text(&file)]).ok();
    assert!(daemon.terminate().success());
    (env, file)
}

fn siblings(env: &Env, part: &str) -> Vec<String> {
    let state = env.paths().state;
    let entries = fs::read_dir(state.parent().unwrap()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(part)).collect()
}

#[test]
fn a_backup_beside_a_busy_daemon_is_of_one_moment_and_holds_nobody_up() {
    let (env, daemon, mut pair) = lived_in();
    let calls: Vec<u64> =
        (0..400).map(|n| pair.a.begin_call("send_to_partner", json!({"message": n.to_string()}))).collect();
    let said = bridgectl(&env, &["backup", text(&file(&env)), "--json"]).json();
    for call in calls {
        assert!(pair.a.answer(call)["result"]["isError"] != true);
    }
    assert_eq!(said["encrypted"], false);
    assert_eq!(said["manifest"]["audit"]["findings"], json!([]));
    let rows = &said["manifest"]["rows"];
    assert_eq!(rows["conversation"], 1);
    assert_eq!(rows["message"], rows["delivery"]);
    assert_eq!(rows["audit"], said["manifest"]["audit"]["seq"]);
    assert_eq!(fs::metadata(file(&env)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(daemon.terminate().success());
    // It went on record before it was copied, and so is in the copy.
    assert_eq!(common::audit::rows(&env, "backup", "ok"), 1);
    bridgectl(&env, &["restore", text(&file(&env)), "--yes"]).ok();
    assert_eq!(common::audit::rows(&env, "backup", "ok"), 1);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
}

#[test]
fn a_restored_state_is_what_was_backed_up_and_goes_on() {
    let (env, daemon, mut pair) = lived_in();
    assert!(daemon.terminate().success());
    let before = export(&env);
    let said = bridgectl(&env, &["backup", text(&file(&env))]);
    assert!(said.err.contains("NOT ENCRYPTED") && said.err.contains("master key"), "{}", said.err);
    said.ok();
    let daemon = Daemon::start(&env);
    let lost = pair.send("after the backup");
    assert!(daemon.terminate().success());
    assert_ne!(export(&env), before);

    let said = bridgectl(&env, &["restore", text(&file(&env)), "--yes"]).ok();
    let kept = siblings(&env, ".before-restore-");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(said.contains(&kept[0]), "{said}");
    assert!(siblings(&env, "restoring").is_empty());
    assert_eq!(export(&env), before);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    // What the restoration dropped is still there, and the trail says which trail it replaced.
    let replaced = database::open(&env.paths().state.with_file_name(&kept[0]));
    let number: i64 = lost.strip_prefix("msg_").unwrap().parse().unwrap();
    replaced.query_row("SELECT 1 FROM message WHERE id = ?1", [number], |_| Ok(())).unwrap();
    let head: String = replaced
        .query_row("SELECT lower(hex(mac)) FROM audit ORDER BY seq DESC", [], |row| row.get(0))
        .unwrap();
    let details: String = database::value(&env, "SELECT details FROM audit WHERE action = 'restore'", []);
    assert!(details.contains(&head), "{details}");
    // Tokens and all: the clients go on.
    let _daemon = Daemon::start(&env);
    pair.send("after the restoration");
    assert!(pair.fetch().iter().any(|message| message["message"] == "after the restoration"));
}

#[test]
fn an_encrypted_backup_restores_on_another_machine() {
    let (env, daemon, _pair) = lived_in();
    assert!(daemon.terminate().success());
    let (before, secret) = (export(&env), env.root().join("secret"));
    fs::write(&secret, "correct horse battery staple\n").unwrap();
    bridgectl(&env, &["backup", text(&file(&env)), "--passphrase-file", text(&secret)]).ok();
    let bytes = fs::read(file(&env)).unwrap();
    let key = fs::read(env.paths().key()).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(
        !bytes.windows(key.len()).any(|window| window == key) && !bytes.windows(9).any(|w| w == b"number 17")
    );

    let other = Env::new();
    let wrong = other.root().join("wrong");
    fs::write(&wrong, "incorrect horse\n").unwrap();
    let said =
        bridgectl(&other, &["restore", text(&file(&env)), "--passphrase-file", text(&wrong)]).failed(1);
    assert!(said.contains("cannot be opened with this passphrase"), "{said}");
    assert!(!other.paths().state.exists());
    bridgectl(&other, &["restore", text(&file(&env)), "--passphrase-file", text(&secret)]).ok();
    assert_eq!(export(&other), before);
    assert_eq!(audit_verify(&other.paths().state), [""; 0]);
    Pair::new(&other);
}

#[test]
fn a_passphrase_that_is_too_short_writes_nothing() {
    let (env, _daemon, _pair) = lived_in();
    let secret = env.root().join("secret");
    fs::write(&secret, "short\n").unwrap();
    let said = bridgectl(&env, &["backup", text(&file(&env)), "--passphrase-file", text(&secret)]).failed(1);
    assert!(said.contains("8 characters"), "{said}");
    assert!(!file(&env).exists());
}

#[test]
fn nothing_is_restored_over_a_running_daemon() {
    let (env, daemon, mut pair) = lived_in();
    bridgectl(&env, &["backup", text(&file(&env))]).ok();
    for arguments in [&["restore", text(&file(&env)), "--yes"][..], &["db", "vacuum"]] {
        let said = bridgectl(&env, arguments).failed(1);
        assert!(said.contains(&format!("pid {}", daemon.pid())), "{said}");
    }
    pair.send("still here");
    assert!(siblings(&env, "restor").is_empty());
}

#[test]
fn without_a_word_of_a_person_nothing_is_replaced() {
    let (env, file) = backed_up();
    let before = fs::read(env.paths().database()).unwrap();
    let said = bridgectl(&env, &["restore", text(&file)]).failed(2);
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(fs::read(env.paths().database()).unwrap(), before);
    assert!(siblings(&env, "restor").is_empty());
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let (env, file) = backed_up();
    let before = fs::read(&file).unwrap();
    assert!(bridgectl(&env, &["backup", text(&file)]).failed(1).contains("choose a new name"));
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// Restores what `spoil` has made of a backup; the state must be untouched.
#[track_caller]
fn is_refused(env: &Env, good: &Path, expected: &str, spoil: impl FnOnce(&Path)) {
    let bad = env.root().join("bad");
    fs::copy(good, &bad).unwrap();
    spoil(&bad);
    let before = fs::read(env.paths().database()).unwrap();
    let said = bridgectl(env, &["restore", text(&bad), "--yes"]).failed(1);
    assert!(said.contains(expected), "{said}");
    assert_eq!(fs::read(env.paths().database()).unwrap(), before, "the state was touched");
    assert!(siblings(env, "restor").is_empty());
    fs::remove_file(bad).unwrap();
}

#[test]
fn what_is_no_whole_backup_is_refused_before_anything_is_touched() {
    let (env, file) = backed_up();
    let bytes = fs::read(&file).unwrap();
    let place =
        |needle: &[u8]| bytes.windows(needle.len()).position(|window| window == needle).unwrap() as u64;
    let flip = |at: u64| {
        move |bad: &Path| {
            let file = fs::File::options().read(true).write(true).open(bad).unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        }
    };
    is_refused(&env, &file, "bridge.db is not what was written", flip(place(b"number 7 ")));
    is_refused(&env, &file, "master.key is not what was written", flip(place(b"master.key\0") + 512));
    is_refused(&env, &file, "is no backup of bridgectl", flip(place(b"manifest.json\0")));
    let cut = |length: u64| {
        move |bad: &Path| fs::File::options().write(true).open(bad).unwrap().set_len(length).unwrap()
    };
    is_refused(&env, &file, "is damaged", cut(bytes.len() as u64 / 2));
    is_refused(&env, &file, "is no backup of bridgectl", cut(0));
    is_refused(&env, &file, "is no backup of bridgectl", |bad| fs::write(bad, vec![7; 100_000]).unwrap());
    let replace = |from: &'static str, to: &'static str| {
        let changed = String::from_utf8_lossy(&bytes[..8_192]).contains(from);
        assert!(changed, "{from} is not in the manifest");
        let at = place(from.as_bytes());
        move |bad: &Path| {
            let file = fs::File::options().write(true).open(bad).unwrap();
            file.write_all_at(to.as_bytes(), at).unwrap();
        }
    };
    is_refused(&env, &file, "format 9", replace("\"format\": 1", "\"format\": 9"));
    is_refused(
        &env,
        &file,
        "does not count as its manifest says",
        replace("\"conversation\": 1", "\"conversation\": 2"),
    );
    is_refused(
        &env,
        &file,
        "names files that are none of a bridge",
        replace("\"master.key\"", "\"../../.ssh\""),
    );
}

#[test]
fn a_backup_of_a_newer_version_is_refused_and_an_older_one_brought_up_to_date() {
    let (env, daemon, _pair) = lived_in();
    assert!(daemon.terminate().success());
    let before = export(&env);
    let older = file(&env);
    to_version_1(&env);
    bridgectl(&env, &["backup", text(&older)]).ok();
    database::change(&env, "PRAGMA user_version = 99", []);
    // The offline commands refuse it as the daemon does.
    for arguments in [&["db", "check"][..], &["db", "vacuum"], &["backup", "x"], &["list"]] {
        let said = bridgectl(&env, arguments).failed(1);
        assert!(said.contains("schema version 99"), "{said}");
    }
    bridgectl(&env, &["restore", text(&older), "--yes"]).ok();
    assert_eq!(export(&env), before);
    assert_eq!(database::value::<i64>(&env, "PRAGMA user_version", []), 3);
    Pair::new(&env);
}

/// Makes the database what the first version would have left.
fn to_version_1(env: &Env) {
    for table in ["audit_anchor", "message_floor"] {
        database::change(env, &format!("DROP TABLE {table}"), []);
    }
    database::change(env, "PRAGMA user_version = 1", []);
}

#[test]
fn a_migration_keeps_a_verified_copy_and_changes_nothing_else() {
    let (env, daemon, _pair) = lived_in();
    assert!(daemon.terminate().success());
    let before = export(&env);
    to_version_1(&env);
    let daemon = Daemon::start(&env);
    Shim::connect(&env);
    assert!(daemon.terminate().success());
    assert_eq!(export(&env), before);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    let copy = env.paths().state.join("bridge.before-v2.db");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let elsewhere = Env::new();
    fs::create_dir_all(elsewhere.paths().state).unwrap();
    fs::set_permissions(elsewhere.paths().state, fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(copy, elsewhere.paths().database()).unwrap();
    for name in ["master.key", "audit.seal"] {
        fs::copy(env.paths().state.join(name), elsewhere.paths().state.join(name)).unwrap();
    }
    assert_eq!(export(&elsewhere), before);
    assert_eq!(database::value::<i64>(&elsewhere, "PRAGMA user_version", []), 1);
}

#[test]
fn an_agent_gets_no_backup() {
    let (env, _daemon, _pair) = lived_in();
    // The test process has started the shims: what it starts runs below an agent's client.
    let said = as_an_agent(&env, &["backup", text(&file(&env))]).failed(4);
    assert!(said.contains("for people"), "{said}");
    assert!(!file(&env).exists());
}

#[test]
fn a_backup_without_room_leaves_nothing_behind() {
    let (env, _daemon, _pair) = lived_in();
    assert!(bridgectl(&env, &["backup", "missing/x"]).failed(1).contains("missing"));
    assert!(!env.root().join("missing").exists());
}
