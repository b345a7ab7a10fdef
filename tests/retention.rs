//! What the daemon removes by itself, and that it removes nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use bridge_daemon::domain::audit::Entry;
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::store::{Store, Synchronous, state_dir};
use common::pair::create;
use common::{Daemon, Env, NO_LIMITS, Pair, Shim, audit_verify, bridgectl, database, json, until};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A home with two conversations, one of which ended a day ago.
fn one_expired() -> (Env, String, String) {
    let env = Env::with_config(NO_LIMITS);
    let daemon = Daemon::start(&env);
    let mut over = Pair::new(&env);
    for number in 0..450 {
        let key = format!("key {number}");
        over.a.call("send_to_partner", json!({"message": "m", "idempotency_key": key})).ok();
    }
    let mut running = Pair::new(&env);
    running.send("stays");
    let (over, running) = (over.id().to_owned(), running.id().to_owned());
    assert!(daemon.terminate().success());
    let changed = database::change(
        &env,
        "UPDATE conversation SET expires_at = expires_at - ?2 WHERE public_id = ?1",
        rusqlite::params![over, DAY],
    );
    assert_eq!(changed, 1);
    (env, over, running)
}

fn conversations(env: &Env) -> Vec<String> {
    database::column(env, "SELECT public_id FROM conversation ORDER BY id", [])
}

#[test]
fn expired_conversations_go_after_their_time_and_leave_nothing_but_their_audit_rows() {
    let (env, over, running) = one_expired();
    env.write_config(&format!("{NO_LIMITS}\n[retention]\nexpired_after = \"1h\""));
    let daemon = Daemon::start(&env);
    until("the expired conversation is removed", || conversations(&env) == [running.clone()]);
    let mut stranger = Shim::connect(&env);
    create(&mut stranger);
    assert!(daemon.terminate().success());
    for table in ["message", "delivery", "idempotency", "session"] {
        let sql =
            format!("SELECT count(*) FROM {table} WHERE conversation NOT IN (SELECT id FROM conversation)");
        assert_eq!(database::value::<i64>(&env, &sql, []), 0, "{table}");
    }
    assert_eq!(database::value::<i64>(&env, "SELECT count(*) FROM message", []), 1);
    let rows = "SELECT count(*) FROM audit WHERE conversation = ?1 AND action = ?2 AND actor = ?3";
    assert_eq!(database::value::<i64>(&env, rows, [&over, "cleanup", "daemon"]), 1);
    assert_eq!(database::value::<i64>(&env, rows, [&over, "send_to_partner", "a"]), 450);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    bridgectl(&env, &["db", "check"]).ok();
}

#[test]
fn a_number_of_a_removed_message_is_never_given_again() {
    let env = Env::with_config(&format!("{NO_LIMITS}\n[retention]\nexpired_after = \"1h\""));
    let daemon = Daemon::start(&env);
    let mut over = Pair::new(&env);
    let numbers: Vec<String> = (0..3).map(|_| over.send("goes")).collect();
    assert_eq!(numbers, ["msg_1", "msg_2", "msg_3"]);
    assert!(daemon.terminate().success());
    database::change(&env, "UPDATE conversation SET expires_at = expires_at - ?1", [DAY]);
    let _daemon = Daemon::start(&env);
    until("the expired conversation is removed", || conversations(&env).is_empty());
    assert_eq!(Pair::new(&env).send("later"), "msg_4");
}

#[test]
fn before_their_time_and_for_ever_they_stay() {
    for keep in ["36h", "never"] {
        let (env, over, running) = one_expired();
        env.write_config(&format!("{NO_LIMITS}\n[retention]\nexpired_after = \"{keep}\""));
        let daemon = Daemon::start(&env);
        create(&mut Shim::connect(&env));
        assert!(daemon.terminate().success());
        assert_eq!(conversations(&env)[..2], [over, running]);
        assert_eq!(common::audit::rows(&env, "cleanup", "ok"), 0);
    }
}

/// A home with a trail of that many rows, an hour apart, the last one now.
fn long_trail(rows: i64) -> Env {
    let env = Env::with_config("[retention]\naudit_after = \"2d\"");
    let paths = env.paths();
    std::fs::create_dir_all(paths.state.parent().unwrap()).unwrap();
    state_dir::prepare(&paths.state).unwrap();
    let keys = state_dir::load_or_create_keys(&paths).unwrap();
    let (store, threads) = Store::open(&paths, &keys, Synchronous::Full).unwrap();
    let written = store.try_submit(move |tx| {
        let now = tx.now();
        for row in 1..=rows {
            tx.append_audit(Entry {
                at: Timestamp::from_millis(now.millis() - (rows - row) * 60 * 60 * 1_000),
                conversation: None,
                actor: "test".into(),
                action: "count".into(),
                outcome: "ok".into(),
                details: row.to_string(),
            })?;
        }
        Ok(())
    });
    assert!(written);
    drop(store);
    threads.join();
    env
}

fn first_row(env: &Env) -> i64 {
    database::value(env, "SELECT min(seq) FROM audit", [])
}

/// The first of 3000 rows, an hour apart, that is not older than two days.
const YOUNG: i64 = 2_953;

fn pruned() -> Env {
    let env = long_trail(3_000);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    let daemon = Daemon::start(&env);
    until("the old rows are removed", || first_row(&env) >= YOUNG);
    assert!(daemon.terminate().success());
    env
}

#[test]
fn old_audit_rows_go_behind_an_anchor_and_the_rest_still_proves_whole() {
    let env = pruned();
    let first = first_row(&env);
    assert_eq!(first, YOUNG);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    assert_eq!(common::audit::rows(&env, "prune_audit", "ok"), 3, "in parts");
    let report = bridgectl(&env, &["audit", "verify", "--json"]).json();
    assert_eq!(report["removed_rows"], first - 1);
    // The last removed row is what the anchor stands for; one before it is lost.
    let anchor: String = database::value(&env, "SELECT lower(hex(mac)) FROM audit_anchor", []);
    bridgectl(&env, &["audit", "verify", "--anchor", &anchor]).ok();
    let said = bridgectl(&env, &["audit", "verify", "--anchor", &"ab".repeat(32)]);
    assert!(said.code == Some(1) && said.out.contains("it may be of one of them"), "{}", said.out);
    // Of anchors of removed rows nothing can be said, which is said; the others are there.
    let line = |seq: i64, mac: &str| format!("2026-11-21T10:00:00.000Z {seq} {mac}\n");
    let kept: String = database::value(&env, "SELECT lower(hex(mac)) FROM audit WHERE seq = ?1", [YOUNG]);
    let file = env.root().join("anchors");
    let lines = [line(7, &"ab".repeat(32)), line(first - 1, &anchor), line(YOUNG, &kept)];
    std::fs::write(&file, lines.concat()).unwrap();
    let said = bridgectl(&env, &["audit", "verify", "--anchor", file.to_str().unwrap()]).ok();
    assert!(said.contains("2 anchored rows are among them"), "{said}");
    assert!(said.contains("1 anchor of a removed row could not be checked"), "{said}");
    // And the next daemon goes on.
    let daemon = Daemon::start(&env);
    create(&mut Shim::connect(&env));
    assert!(daemon.terminate().success());
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
}

#[test]
fn an_anchor_cannot_be_moved_forged_or_removed() {
    let env = pruned();
    let first = first_row(&env);
    let forge = |what: &str, sql: &str| {
        let copy = env.copy_state("forged");
        database::open(&copy).execute_batch(sql).unwrap();
        assert!(!audit_verify(&copy).is_empty(), "not found: {what}");
        std::fs::remove_dir_all(copy.parent().unwrap()).unwrap();
    };
    forge("removed", "DELETE FROM audit_anchor");
    forge("another row's number", "UPDATE audit_anchor SET seq = seq + 1");
    forge("another MAC", "UPDATE audit_anchor SET mac = zeroblob(32)");
    forge("a MAC that is none", "UPDATE audit_anchor SET mac = x'00'");
    let later = format!(
        "UPDATE audit_anchor SET seq = {first}, mac = (SELECT mac FROM audit WHERE seq = {first});
         DELETE FROM audit WHERE seq <= {first}"
    );
    forge("one more row removed", &later);
    forge("the first row removed", &format!("DELETE FROM audit WHERE seq = {first}"));
    // A seal is no anchor, though both vouch for a row.
    let seal = std::fs::read_to_string(env.paths().seal()).unwrap();
    let words: Vec<&str> = seal.split_whitespace().collect();
    let cut = format!(
        "UPDATE audit_anchor SET seq = {}, mac = x'{}', vouch = x'{}'; DELETE FROM audit WHERE seq <= {}",
        words[0], words[1], words[2], words[0]
    );
    forge("everything removed behind a seal as anchor", &cut);
}

#[test]
fn rows_that_were_tampered_with_are_not_removed() {
    let env = long_trail(3_000);
    database::change(&env, "UPDATE audit SET details = 'x' WHERE seq = 1500", []);
    let daemon = Daemon::start(&env);
    until("the daemon has come to the changed row", || env.log().contains("audit row 1500"));
    assert!(daemon.terminate().success());
    // What is before it in whole parts may be gone, the evidence is not.
    assert!(first_row(&env) <= 1_500);
    let found = audit_verify(&env.paths().state);
    assert!(found[0].starts_with("row 1500"), "{found:?}");
}
