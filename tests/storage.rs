//! What the disk does to the bridge: it fills up, becomes read-only, loses or damages files, or brings old ones back.
//! Each time there is an error that names the fault, what can still be read is read, nothing is mended in silence, and
//! where the fault goes away everything goes on without a restart.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};

use common::ctl::export;
use common::daemon::accepts;
use common::tightness::Tightness;
use common::{
    Daemon, Env, NO_LIMITS, Pair, Shim, audit_verify, bridgectl, database, json, until, until_some,
};

/// Kept by the daemon's death, since no checkpoint ran behind it: the last commits are in the WAL alone.
fn killed_with_a_wal() -> (Env, u64) {
    let env = Env::with_config(NO_LIMITS);
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for number in 0..30 {
        pair.send(&format!("number {number} {}", "x".repeat(2_000)));
    }
    drop(pair);
    daemon.kill();
    let wal = fs::metadata(wal(&env)).unwrap().len();
    assert!(wal > 100_000, "there is a WAL to speak of: {wal} bytes");
    (env, wal)
}

/// Lets a daemon come up, serve somebody and end.
fn run_once(env: &Env) {
    let daemon = Daemon::start(env);
    Shim::connect(env);
    assert!(daemon.terminate().success());
}

fn wal(env: &Env) -> std::path::PathBuf {
    env.paths().state.join("bridge.db-wal")
}

/// A daemon that will not serve, and what it says.
fn refuses_to_start(env: &Env) -> String {
    let mut daemon = Daemon::spawn(env);
    let status = daemon.wait();
    assert_eq!(status.code(), Some(1), "{}", env.log());
    assert!(!accepts(env));
    env.log()
}

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_nothing_else() {
    let env = Env::with_config(NO_LIMITS);
    let Some(tightness) = Tightness::around(&env) else { return };
    let mut daemon = tightness.spawn(&env);
    until("the daemon accepts connections", || accepts(&env));
    let pid = i32::try_from(daemon.id()).unwrap();
    let mut pair = Pair::new(&env);
    let mut stored = vec![pair.send("before")];
    tightness.fill(pid);
    // The WAL's room is used up first.
    let body = "x".repeat(40_000);
    let refused = loop {
        let outcome = pair.a.call("send_to_partner", json!({"message": body}));
        if outcome.0["result"]["isError"] == true {
            break outcome;
        }
        stored.push(outcome.ok()["message_id"].as_str().unwrap().to_owned());
        assert!(stored.len() < 1_000, "the disk never fills up");
    };
    let error = refused.refused();
    match &tightness {
        Tightness::Mounted(_) => assert_eq!(error["error"], "disk_full", "{error}"),
        Tightness::Limited => assert_eq!(error["error"], "store_failed", "{error}"),
    }
    assert_eq!(error["retryable"], true, "{error}");
    assert!(error["message"].as_str().unwrap().contains("disk"), "{error}");
    // Who only reads is served.
    pair.a.call("check_messages", json!({})).ok();
    pair.b.call("check_partner_status", json!({})).ok();
    bridgectl(&env, &["status"]).ok();
    bridgectl(&env, &["show", pair.id(), "--all", "--json"]).ok();
    bridgectl(&env, &["audit", "verify"]).ok();
    bridgectl(&env, &["db", "check"]).ok();
    // A person's secret is not shown when that cannot go on record; a page or two may still have had room.
    let refused = until_some("a disclosure finds no room", || {
        let said = bridgectl(&env, &["tokens", pair.id()]);
        (said.code != Some(0)).then_some(said)
    });
    assert!(refused.failed(1).contains("disk"));

    tightness.free(pid);
    stored.push(pair.send("after"));
    let mut fetched = Vec::new();
    while fetched.len() < stored.len() {
        let page = pair.fetch();
        assert!(!page.is_empty(), "{} of {} messages came", fetched.len(), stored.len());
        fetched.extend(page.iter().map(|message| message["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(fetched, stored);
    assert!(daemon.try_wait().unwrap().is_none(), "the same daemon all the time");
    bridgectl(&env, &["db", "check"]).ok();
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named() {
    let (env, _) = killed_with_a_wal();
    let state = env.paths().state;
    // What a read-only file system is to everybody, and a directory without the right to write to all but root.
    let read_only = ReadOnly::by_mount(&state).or_else(|| ReadOnly::by_mode(&state));
    let Some(_read_only) = read_only else { return };
    let log = env.root().join("log");
    let mut daemon = env.command(common::env::BRIDGED);
    let status = daemon.stderr(fs::File::create(&log).unwrap()).status().unwrap();
    let said = fs::read_to_string(log).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(state.to_str().unwrap()), "{said}");
    assert!(said.contains("ead-only") || said.contains("denied"), "{said}");
}

/// Takes the right to write away, and gives it back on drop.
struct ReadOnly<'s> {
    state: &'s Path,
    mounted: bool,
}

impl<'s> ReadOnly<'s> {
    fn by_mount(state: &'s Path) -> Option<Self> {
        let mount = |arguments: &[&str]| {
            let mut command = Command::new("mount");
            command.args(arguments).arg(state).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let bound = mount(&["--bind", state.to_str().unwrap()]);
        let bound = bound.then(|| Self { state, mounted: true })?;
        mount(&["-o", "remount,ro,bind"]).then_some(bound)
    }

    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    fn by_mode(state: &'s Path) -> Option<Self> {
        if nix::unistd::geteuid().is_root() {
            eprintln!("SKIPPED: root can write everywhere, and this one cannot mount read-only");
            return None;
        }
        for path in [state.join("bridged.lock"), state.to_owned()] {
            let mode = if path.is_dir() { 0o500 } else { 0o400 };
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        Some(Self { state, mounted: false })
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        if self.mounted {
            Command::new("umount").arg("-l").arg(self.state).status().unwrap();
        } else {
            fs::set_permissions(self.state, fs::Permissions::from_mode(0o700)).unwrap();
        }
    }
}

/// The trail is shorter than its seal says: reported before a daemon runs, noted by the daemon, and reported ever after.
#[track_caller]
fn loss_is_noticed(env: &Env) {
    let said = bridgectl(env, &["audit", "verify"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("rows are missing at the end"), "{} {}", said.out, said.err);
    let said = bridgectl(env, &["db", "check"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("rows are missing at the end"), "{} {}", said.out, said.err);
    let daemon = Daemon::start(env);
    assert!(env.log().contains("contradicts its seal"), "{}", env.log());
    Pair::new(env).send("goes on");
    assert_eq!(common::audit::rows(env, "seal_contradicted", "tampered"), 1);
    assert!(daemon.terminate().success());
    assert!(!audit_verify(&env.paths().state).is_empty(), "the next daemon covered it");
}

#[test]
fn a_deleted_wal_is_noticed() {
    let (env, _) = killed_with_a_wal();
    fs::remove_file(wal(&env)).unwrap();
    fs::remove_file(env.paths().state.join("bridge.db-shm")).unwrap();
    loss_is_noticed(&env);
}

#[test]
fn a_truncated_wal_is_noticed() {
    let (env, length) = killed_with_a_wal();
    fs::File::options().write(true).open(wal(&env)).unwrap().set_len(length / 2).unwrap();
    loss_is_noticed(&env);
}

#[test]
fn an_older_database_brought_back_is_noticed() {
    let env = Env::with_config(NO_LIMITS);
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    pair.send("old");
    assert!(daemon.terminate().success());
    let copy = env.copy_state("copy");
    let daemon = Daemon::start(&env);
    pair.send("new");
    assert!(daemon.terminate().success());
    fs::copy(copy.join("bridge.db"), env.paths().database()).unwrap();
    loss_is_noticed(&env);
}

#[test]
fn a_database_of_a_newer_version_is_refused_untouched() {
    let env = Env::new();
    run_once(&env);
    database::change(&env, "PRAGMA user_version = 99", []);
    let before = fs::read(env.paths().database()).unwrap();
    let said = refuses_to_start(&env);
    let path = env.paths().database();
    assert!(said.contains(path.to_str().unwrap()) && said.contains("schema version 99"), "{said}");
    assert!(said.contains("newer bridged"), "{said}");
    assert_eq!(fs::read(path).unwrap(), before);
}

/// A home that was left in good order, with many pages.
fn left_in_order() -> Env {
    let env = Env::with_config(NO_LIMITS);
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for number in 0..100 {
        pair.send(&format!("number {number} {}", "x".repeat(2_000)));
    }
    drop(pair);
    assert!(daemon.terminate().success());
    assert!(!wal(&env).exists(), "everything is in the database");
    env
}

const PAGE: u64 = 4_096;

fn overwrite(env: &Env, at: u64, bytes: &[u8]) {
    let file = fs::File::options().write(true).open(env.paths().database()).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

/// The root page of a table or its index.
fn root(env: &Env, name: &str) -> u64 {
    let page: i64 = database::value(env, "SELECT rootpage FROM sqlite_schema WHERE name = ?1", [name]);
    u64::try_from(page).unwrap()
}

#[test]
fn a_database_that_is_none_is_refused_with_the_way_out() {
    for (at, length) in [(0, 100), (100, 60)] {
        let env = left_in_order();
        let backup = env.root().join("backup");
        bridgectl(&env, &["backup", backup.to_str().unwrap()]).ok();
        let before = export(&env);
        overwrite(&env, at, &vec![0xa5; length]);
        let damaged = fs::read(env.paths().database()).unwrap();
        let said = refuses_to_start(&env);
        assert!(said.contains(env.paths().database().to_str().unwrap()), "{said}");
        assert!(said.contains("is damaged") && said.contains("bridgectl restore"), "{said}");
        assert_eq!(fs::read(env.paths().database()).unwrap(), damaged, "nothing is mended in silence");
        let said = bridgectl(&env, &["db", "check"]);
        assert!(said.code == Some(1) && said.out.contains("bridgectl restore"), "{}{}", said.out, said.err);
        bridgectl(&env, &["restore", backup.to_str().unwrap(), "--yes"]).ok();
        assert_eq!(export(&env), before);
        bridgectl(&env, &["db", "check"]).ok();
        run_once(&env);
    }
}

#[test]
fn a_damaged_page_is_an_error_and_never_an_answer() {
    let env = left_in_order();
    let daemon = Daemon::start(&env);
    let pair = Pair::new(&env);
    let id = pair.id().to_owned();
    drop(pair);
    assert!(daemon.terminate().success());
    overwrite(&env, (root(&env, "message") - 1) * PAGE, &[0xa5; 64]);
    let said = bridgectl(&env, &["db", "check"]);
    assert!(said.code == Some(1) && said.out.contains("bridgectl restore"), "{}{}", said.out, said.err);
    // Damage somewhere does not keep the rest from being served, but whoever meets it is told.
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let error = pair.a.call("send_to_partner", json!({"message": "on a damaged page"})).refused();
    assert_eq!(error["error"], "store_failed", "{error}");
    assert_ne!(error["retryable"], true, "{error}");
    assert!(error["message"].as_str().unwrap().contains("bridgectl restore"), "{error}");
    pair.a.call("check_partner_status", json!({})).ok();
    bridgectl(&env, &["list"]).ok();
    bridgectl(&env, &["show", &id]).ok();
    let said = bridgectl(&env, &["backup", "x"]);
    assert_eq!(said.code, Some(1), "a damaged database is no backup: {}", said.out);
}

#[test]
fn a_changed_byte_in_a_message_is_found_though_every_page_is_well_formed() {
    let env = left_in_order();
    let bytes = fs::read(env.paths().database()).unwrap();
    let at = bytes.windows(10).position(|window| window == b"number 17 ").unwrap();
    overwrite(&env, at as u64, b"numbex");
    let said = bridgectl(&env, &["db", "check"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("messages: msg_18 is not as it was sent"), "{}", said.out);
    assert_eq!(audit_verify(&env.paths().state), [""; 0], "only the message was changed");
}

#[test]
fn vacuum_gives_room_back_and_changes_nothing() {
    let env = left_in_order();
    let before = export(&env);
    database::change(&env, "CREATE TABLE ballast(x)", []);
    database::change(&env, "INSERT INTO ballast VALUES(zeroblob(4000000))", []);
    database::change(&env, "DROP TABLE ballast", []);
    let size = || fs::metadata(env.paths().database()).unwrap().len();
    let full = size();
    bridgectl(&env, &["db", "vacuum"]).ok();
    assert!(size() + 3_900_000 < full, "{full} before, {} after", size());
    assert_eq!(export(&env), before);
    bridgectl(&env, &["db", "check"]).ok();
}
