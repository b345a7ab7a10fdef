//! Proves the audit trail on real database files that real runs have left: whatever an intruder does to it without
//! the key (a byte changed in any column of any row, a row deleted, moved, forged, the end cut off, the seal altered
//! or removed) is found, and nothing is found in what nobody touched.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Chance, Daemon, Env, Pair, Shim, audit_verify, database, json};
use rusqlite::{Connection, params};

/// A run with something of everything in it, refusals included.
fn eventful_run(env: &Env) {
    let mut pair = Pair::new(env);
    let ids: Vec<String> = (0..6).map(|number| pair.send(&format!("number {number}"))).collect();
    pair.fetch();
    pair.b.call("update_my_status", json!({"status": "working", "note": "on it"})).ok();
    pair.a.call("message_status", json!({"message_ids": ids})).ok();
    pair.a.call("check_partner_status", json!({})).ok();
    let mut stranger = Shim::connect(env);
    stranger.call("join_conversation", json!({"invite_code": "BRIDGE-0000-0000"})).code();
    let mut forged = pair.credentials("a");
    forged["token"] = json!("0".repeat(64));
    stranger.call("check_messages", forged).code();
    while pair.a.call("send_to_partner", json!({"message": "again"})).0["result"]["isError"] != true {}
    for (action, outcome) in [("send_to_partner", "rate_limited"), ("check_messages", "wrong_token")] {
        common::until("the refusals are recorded", || common::audit::rows(env, action, outcome) > 0);
    }
}

/// A home whose daemon has ended, with a trail worth attacking.
fn left_behind() -> Env {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    eventful_run(&env);
    assert!(daemon.terminate().success());
    env
}

/// Gives `attack` a copy of the state to work on; true when the proof finds it.
fn is_found(env: &Env, name: &str, attack: impl FnOnce(&Connection, &Path)) -> bool {
    let copy = env.copy_state(name);
    attack(&database::open(&copy), &copy);
    let found = !audit_verify(&copy).is_empty();
    fs::remove_dir_all(copy.parent().unwrap()).unwrap();
    found
}

#[track_caller]
fn finds(env: &Env, name: &str, attack: impl FnOnce(&Connection, &Path)) {
    assert!(is_found(env, name, attack), "not found: {name}");
}

fn run(connection: &Connection, sql: &str) {
    let changed = connection.execute(sql, []).unwrap();
    assert!(changed > 0, "the attack did nothing: {sql}");
}

fn count(env: &Env) -> i64 {
    database::value(env, "SELECT count(*) FROM audit", [])
}

#[test]
fn an_untouched_trail_is_whole() {
    let env = left_behind();
    assert!(count(&env) > 15, "{} rows are no run to speak of", count(&env));
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    assert!(!is_found(&env, "copied", |_, _| ()));
    // What is not the trail may change.
    assert!(!is_found(&env, "other table", |db, _| run(db, "UPDATE session SET note = 'x'")));
    // The next daemon goes on where the last one stopped, killed or not.
    let daemon = Daemon::start(&env);
    let before = count(&env);
    eventful_run(&env);
    daemon.kill();
    assert!(count(&env) > before);
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
}

#[test]
fn a_trail_that_grows_while_it_is_verified_is_whole() {
    let env = Env::with_config(common::NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let calls: Vec<u64> =
        (0..300).map(|n| pair.a.begin_call("send_to_partner", json!({"message": n.to_string()}))).collect();
    let last = *calls.last().unwrap();
    while !pair.a.has_answer(last) {
        assert_eq!(audit_verify(&env.paths().state), [""; 0]);
    }
    assert_eq!(audit_verify(&env.paths().state), [""; 0]);
}

#[test]
fn a_changed_byte_in_any_column_of_any_row_is_found() {
    let env = left_behind();
    let mut chance = Chance::new("a_changed_byte_in_any_column_of_any_row_is_found");
    let rows = count(&env);
    let mut victims: Vec<i64> = chance
        .moments(4, usize::try_from(rows).unwrap() - 2)
        .into_iter()
        .map(|n| i64::try_from(n).unwrap() + 2)
        .collect();
    victims.extend([1, rows]);
    for seq in victims {
        for column in ["at", "conversation", "actor", "action", "outcome", "details", "mac"] {
            let name = format!("{column} of row {seq}");
            finds(&env, &name, |db, _| change_a_byte(db, &mut chance, column, seq));
        }
        finds(&env, &format!("number of row {seq}"), |db, _| {
            assert_eq!(db.execute("UPDATE audit SET seq = seq + 1000 WHERE seq = ?1", [seq]).unwrap(), 1);
        });
    }
}

/// Changes one bit of one byte of a value, whatever its type.
fn change_a_byte(db: &Connection, chance: &mut Chance, column: &str, seq: i64) {
    let place = format!("SELECT {column} FROM audit WHERE seq = ?1");
    let value: rusqlite::types::Value = db.query_row(&place, [seq], |row| row.get(0)).unwrap();
    use rusqlite::types::Value as V;
    let changed = match value {
        V::Integer(number) => V::Integer(number ^ 1 << chance.below(20)),
        V::Text(text) if !text.is_empty() => {
            let mut bytes = text.into_bytes();
            let at = chance.below(bytes.len());
            // Another letter, still text.
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            V::Text(String::from_utf8(bytes).unwrap())
        }
        V::Text(_) => V::Text("x".to_owned()),
        // Absent is not the same as empty.
        V::Null => V::Text(String::new()),
        V::Blob(mut bytes) => {
            let at = chance.below(bytes.len());
            bytes[at] ^= 1 << chance.below(8);
            V::Blob(bytes)
        }
        V::Real(_) => panic!("no column holds a fraction"),
    };
    let update = format!("UPDATE audit SET {column} = ?1 WHERE seq = ?2");
    assert_eq!(db.execute(&update, params![changed, seq]).unwrap(), 1);
}

#[test]
fn a_deleted_row_is_found_wherever_it_was() {
    let env = left_behind();
    let rows = count(&env);
    for seq in [1, 2, rows / 2, rows - 1, rows] {
        finds(&env, &format!("row {seq} deleted"), |db, _| {
            run(db, &format!("DELETE FROM audit WHERE seq = {seq}"));
        });
        if seq < rows {
            finds(&env, &format!("row {seq} deleted and the gap closed"), |db, _| {
                run(db, &format!("DELETE FROM audit WHERE seq = {seq}"));
                run(db, &format!("UPDATE audit SET seq = -(seq - 1) WHERE seq > {seq}"));
                run(db, "UPDATE audit SET seq = -seq WHERE seq < 0");
            });
        }
    }
    finds(&env, "all rows deleted", |db, _| run(db, "DELETE FROM audit"));
    finds(&env, "all rows of one conversation deleted", |db, _| {
        run(db, "DELETE FROM audit WHERE conversation IS NOT NULL");
    });
}

#[test]
fn two_rows_swapped_are_found() {
    let env = left_behind();
    let rows = count(&env);
    for (one, other) in [(1, 2), (3, 9), (rows - 1, rows)] {
        let swap = |db: &Connection, what: &str| {
            let columns = if what == "numbers" { "seq" } else { what };
            if columns == "seq" {
                run(db, &format!("UPDATE audit SET seq = -1 WHERE seq = {one}"));
                run(db, &format!("UPDATE audit SET seq = {one} WHERE seq = {other}"));
                run(db, &format!("UPDATE audit SET seq = {other} WHERE seq = -1"));
            } else {
                let value =
                    format!("(SELECT {columns} FROM audit b WHERE b.seq = {one} + {other} - audit.seq)");
                run(db, &format!("UPDATE audit SET {columns} = {value} WHERE seq IN ({one}, {other})"));
            }
        };
        finds(&env, &format!("rows {one} and {other} swapped"), |db, _| swap(db, "numbers"));
        finds(&env, &format!("MACs of {one} and {other} swapped"), |db, _| swap(db, "mac"));
    }
}

#[test]
fn an_end_that_was_cut_off_is_found() {
    let env = left_behind();
    let rows = count(&env);
    for lost in [1, 2, rows / 2, rows - 1] {
        finds(&env, &format!("last {lost} rows cut off"), |db, _| {
            run(db, &format!("DELETE FROM audit WHERE seq > {}", rows - lost));
        });
    }
}

/// Does the damage and lets a daemon run on it, which must not seal it anew as if nothing had been.
#[track_caller]
fn outlives_a_run(attack: impl FnOnce(&Connection, &Path)) {
    let env = left_behind();
    let state = env.paths().state;
    attack(&database::open(&state), &state);
    let daemon = Daemon::start(&env);
    eventful_run(&env);
    assert!(daemon.terminate().success());
    assert!(!audit_verify(&state).is_empty(), "the next daemon covered it");
}

#[test]
fn the_next_daemon_does_not_cover_a_cut() {
    outlives_a_run(|db, _| run(db, "DELETE FROM audit WHERE seq > (SELECT max(seq) - 5 FROM audit)"));
}

#[test]
fn the_next_daemon_does_not_cover_a_change() {
    outlives_a_run(|db, _| {
        run(db, "UPDATE audit SET outcome = outcome || 'x' WHERE seq = (SELECT max(seq) - 1 FROM audit)")
    });
}

#[test]
fn the_next_daemon_does_not_cover_a_cut_without_a_seal() {
    outlives_a_run(|db, state| {
        fs::remove_file(seal(state)).unwrap();
        run(db, "DELETE FROM audit WHERE seq > (SELECT max(seq) - 5 FROM audit)");
    });
}

#[test]
fn the_next_daemon_does_not_cover_an_altered_seal() {
    outlives_a_run(|_, state| fs::write(seal(state), "0").unwrap());
}

#[test]
fn a_forged_row_is_found() {
    let env = left_behind();
    let forge = "INSERT INTO audit(seq, at, conversation, actor, action, outcome, details, mac)
         SELECT seq + 1, at, conversation, 'human', 'approve', 'ok', '{}', mac FROM audit ORDER BY seq DESC LIMIT 1";
    finds(&env, "forged at the end", |db, _| run(db, forge));
    finds(&env, "forged before the beginning", |db, _| {
        run(db, &forge.replace("seq + 1", "0").replace("DESC", "ASC"));
    });
    finds(&env, "an honest row repeated", |db, _| {
        run(db, &forge.replace("'human', 'approve', 'ok', '{}'", "actor, action, outcome, details"));
    });
}

fn seal(state: &Path) -> PathBuf {
    state.join("audit.seal")
}

#[test]
fn an_altered_or_missing_seal_is_found() {
    let env = left_behind();
    let rows = count(&env);
    let text = fs::read_to_string(seal(&env.paths().state)).unwrap();
    for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_hexdigit()).step_by(7) {
        let other = if letter == '0' { '1' } else { '0' };
        let altered = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        finds(&env, &format!("letter {at} of the seal altered"), |_, state| {
            fs::write(seal(state), &altered).unwrap();
        });
    }
    finds(&env, "seal emptied", |_, state| fs::write(seal(state), "").unwrap());
    finds(&env, "seal replaced by noise", |_, state| fs::write(seal(state), [0xff; 151]).unwrap());
    finds(&env, "seal deleted and the end cut off", |db, state| {
        fs::remove_file(seal(state)).unwrap();
        run(db, &format!("DELETE FROM audit WHERE seq > {}", rows - 3));
    });
    finds(&env, "seal deleted", |_, state| fs::remove_file(seal(state)).unwrap());
}

#[test]
fn the_seal_of_another_installation_is_found() {
    let (env, other) = (left_behind(), left_behind());
    let foreign = fs::read(seal(&other.paths().state)).unwrap();
    finds(&env, "foreign seal", |_, state| fs::write(seal(state), &foreign).unwrap());
    finds(&env, "foreign database", |_, state| {
        for file in ["bridge.db", "audit.seal"] {
            fs::copy(other.paths().state.join(file), state.join(file)).unwrap();
        }
    });
}
