//! Proves that heads noted outside the database find what the database alone cannot show: a trail that whoever holds
//! the key has written anew, or cut, so that it verifies.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

use bridge_daemon::domain::anchor::Anchor;
use bridge_daemon::domain::audit::{Entry, Head, seal};
use bridge_daemon::domain::key::{Keys, hex};
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::store::state_dir::load_keys;
use common::env::BRIDGECTL;
use common::{Daemon, Env, Pair, Value, audit_verify, bridgectl, database, json, until};
use rusqlite::params;

fn anchors(env: &Env) -> Vec<Anchor> {
    let text = fs::read_to_string(env.paths().anchors()).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn rows(env: &Env) -> i64 {
    database::value(env, "SELECT max(seq) FROM audit", [])
}

/// A home whose daemon ran twice and has ended.
fn left_behind() -> Env {
    let env = Env::with_config(common::NO_LIMITS);
    for _ in 0..2 {
        let daemon = Daemon::start(&env);
        let mut pair = Pair::new(&env);
        (0..5).for_each(|number| _ = pair.send(&format!("number {number}")));
        assert!(daemon.terminate().success());
    }
    env
}

/// What somebody does who has the key: changes rows by `sql`, and computes every MAC and the seal anew.
fn write_anew(env: &Env, sql: &str) {
    let keys = load_keys(&env.paths().key()).unwrap();
    assert!(database::change(env, sql, []) > 0, "nothing was changed");
    let db = database::open(&env.paths().state);
    let mut head = Head::EMPTY;
    for seq in 1..=rows(env) {
        head = head.append(&keys, &entry(&db, seq));
        db.execute("UPDATE audit SET mac = ?1 WHERE seq = ?2", params![head.mac, seq]).unwrap();
    }
    seal_anew(env, &keys, &head);
    assert_eq!(audit_verify(&env.paths().state), [""; 0], "the forger has made a mistake");
}

fn entry(db: &rusqlite::Connection, seq: i64) -> Entry {
    let sql = "SELECT at, conversation, actor, action, outcome, details FROM audit WHERE seq = ?1";
    db.query_row(sql, [seq], |row| {
        Ok(Entry {
            at: Timestamp::from_millis(row.get(0)?),
            conversation: row.get(1)?,
            actor: row.get(2)?,
            action: row.get(3)?,
            outcome: row.get(4)?,
            details: row.get(5)?,
        })
    })
    .unwrap()
}

fn seal_anew(env: &Env, keys: &Keys, head: &Head) {
    let text = format!("{:020} {} {}\n", head.seq, hex(&head.mac), hex(&seal(keys, head)));
    fs::write(env.paths().seal(), text).unwrap();
}

#[test]
fn the_head_is_noted_at_start_and_end_and_the_trail_holds_every_one() {
    let env = left_behind();
    let noted = anchors(&env);
    assert_eq!(noted.last().unwrap().head.seq, rows(&env), "the end is noted");
    assert!(noted.len() >= 3, "two ends and the second start: {noted:?}");
    assert_eq!(fs::metadata(env.paths().anchors()).unwrap().mode() & 0o777, 0o600);
    let said = bridgectl(&env, &["audit", "verify", "--anchor"]).ok();
    assert!(said.contains(&format!("{} anchored rows are among them", noted.len())), "{said}");
    // Beside a running daemon too, and read from anywhere.
    let _daemon = Daemon::start(&env);
    let elsewhere = env.root().join("elsewhere");
    fs::copy(env.paths().anchors(), &elsewhere).unwrap();
    bridgectl(&env, &["audit", "verify", "--anchor", elsewhere.to_str().unwrap()]).ok();
    let journal = fs::File::open(&elsewhere).unwrap();
    let mut piped = env.command(BRIDGECTL);
    piped.args(["audit", "verify", "--anchor", "-", "--json"]).stdin(Stdio::from(journal));
    let report: Value = serde_json::from_slice(&piped.output().unwrap().stdout).unwrap();
    assert_eq!(report["anchors"], json!({"met": noted.len(), "removed": 0}));
}

#[test]
fn a_trail_written_anew_with_the_key_is_found() {
    let env = left_behind();
    let first = anchors(&env)[0];
    write_anew(&env, "UPDATE audit SET actor = 'human' WHERE seq = (SELECT max(seq) - 1 FROM audit)");
    let said = bridgectl(&env, &["audit", "verify", "--anchor"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains(&format!("row {}: ", rows(&env))), "{}", said.out);
    assert!(said.out.contains("written anew"), "{}", said.out);
    // What was anchored before the change stands.
    let before = env.root().join("before");
    fs::write(&before, format!("{first}\n")).unwrap();
    bridgectl(&env, &["audit", "verify", "--anchor", before.to_str().unwrap()]).ok();
}

#[test]
fn a_trail_cut_with_the_key_is_found() {
    let env = left_behind();
    let keys = load_keys(&env.paths().key()).unwrap();
    let end = rows(&env);
    database::change(&env, "DELETE FROM audit WHERE seq > (SELECT max(seq) - 3 FROM audit)", []);
    let mac = database::value(&env, "SELECT mac FROM audit ORDER BY seq DESC LIMIT 1", []);
    seal_anew(&env, &keys, &Head { seq: end - 3, mac });
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    let said = bridgectl(&env, &["audit", "verify", "--anchor"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains(&format!("row {end} was anchored at")), "{}", said.out);
    // Nor do the rows of the next daemon cover it.
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    (0..5).for_each(|number| _ = pair.send(&format!("later {number}")));
    assert!(daemon.terminate().success());
    assert!(rows(&env) > end);
    let said = bridgectl(&env, &["audit", "verify", "--anchor"]);
    assert!(said.code == Some(1) && said.out.contains("written anew"), "{}", said.out);
}

#[test]
fn anchors_that_prove_nothing_are_no_proof() {
    let env = left_behind();
    let empty = env.root().join("empty");
    fs::write(&empty, "-- No entries --\n").unwrap();
    let said = bridgectl(&env, &["audit", "verify", "--anchor", empty.to_str().unwrap()]);
    assert!(said.code == Some(1) && said.out.contains("there is no anchor"), "{}{}", said.out, said.err);
    assert!(said.err.contains("1 line is no anchor"), "{}", said.err);
    let said = bridgectl(&env, &["audit", "verify", "--anchor", "abcd"]).failed(1);
    assert!(said.contains("a head would be 64 hex digits"), "{said}");
}

#[test]
fn the_file_may_be_placed_elsewhere() {
    let env = Env::new();
    let file = env.root().join("worm");
    env.write_config(&format!("[audit]\nanchor_file = {:?}\n", file.to_str().unwrap()));
    let daemon = Daemon::start(&env);
    Pair::new(&env);
    assert!(daemon.terminate().success());
    assert!(!env.paths().anchors().exists());
    let said = bridgectl(&env, &["audit", "verify", "--anchor"]).ok();
    assert!(said.contains("among them"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
}

/// Where nothing can be noted, the daemon says so and goes on.
#[test]
fn a_file_that_cannot_be_written_is_logged_and_stops_nobody() {
    let env = Env::new();
    env.write_config("[audit]\nanchor_file = \"/nonexistent/anchors\"\n");
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    pair.send("all the same");
    assert!(daemon.terminate().success());
    until("the failure is logged", || env.log().contains("writing /nonexistent/anchors"));
}

#[test]
#[cfg(target_os = "linux")]
fn every_approval_is_noted_at_once() {
    use common::{NO_LIMITS, Person};
    let mut env = Env::with_config(NO_LIMITS);
    env.set("YOLO_MODE", "1");
    let workspace = env.root().join("w");
    fs::create_dir(&workspace).unwrap();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::beside(&env);
    let asked = json!({"mode": "safe", "workspace": workspace.to_str().unwrap()});
    pair.a.call("enable_yolo_mode", asked).ok();
    let (code, screen) = Person::runs(&env, &["yolo", "enable", pair.id()]).confirms();
    assert_eq!(code, 0, "{screen}");
    let proposed = pair.a.call("execute_command", json!({"command": "ls"})).ok();
    let command = proposed["command_id"].as_str().unwrap();
    let (code, screen) = Person::runs(&env, &["yolo", "approve", command]).confirms();
    assert_eq!(code, 0, "{screen}");
    let sql = "SELECT seq FROM audit WHERE action = 'yolo_approve' AND outcome = 'ok'";
    let approved: i64 = database::value(&env, sql, []);
    let last = *anchors(&env).last().unwrap();
    assert!(last.head.seq >= approved, "row {approved} is not covered by {last}");
    let head: String = database::value(&env, "SELECT lower(hex(mac)) FROM audit WHERE seq = ?1", [approved]);
    assert!(screen.contains(&head), "{screen}");
}
