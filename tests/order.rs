//! Proves that calls of one connection take effect in the order in which they were written, though the daemon's MCP
//! library runs them concurrently: 10,000 times two sends that follow each other without a look at the answers.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use common::{Daemon, Env, NO_LIMITS, Outcome, Pair, database, json};

const PAIRS: usize = 10_000;

/// The first of two is often the one with more work behind it.
fn text(number: usize) -> String {
    let filler =
        if number.is_multiple_of(40) { "some words of no meaning ".repeat(400) } else { String::new() };
    format!("{number} {filler}")
}

fn number_of(text: &str) -> usize {
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn ten_thousand_times_two_sends_are_stored_in_order() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    pair.a.start_reading();
    let mut ids = Vec::new();
    for batch in (0..2 * PAIRS).collect::<Vec<_>>().chunks(500) {
        // In one write, so that both are there before the first is looked at.
        let mut lines = String::new();
        for number in batch {
            let call = json!({"name": "send_to_partner", "arguments": {"message": text(*number)}});
            let (line, id) = pair.a.line_of("tools/call", call);
            lines.push_str(&line);
            ids.push(id);
        }
        pair.a.write(lines.as_bytes());
    }
    let mut last = 0;
    for id in ids {
        let sent = Outcome(pair.a.answer(id)).ok();
        let number: u64 = sent["message_id"].as_str().unwrap()["msg_".len()..].parse().unwrap();
        assert!(number > last, "msg_{number} was answered to a later request than msg_{last}");
        last = number;
    }
    let stored: Vec<String> = database::column(&env, "SELECT body FROM message ORDER BY id", []);
    let order: Vec<usize> = stored.iter().map(|text| number_of(text)).collect();
    let expected: Vec<usize> = (0..2 * PAIRS).collect();
    let wrong = order.iter().zip(&expected).find(|(found, wanted)| found != wanted);
    assert_eq!((wrong, order.len()), (None, 2 * PAIRS));
}

#[test]
fn different_tools_keep_their_order_too() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for round in 0..100 {
        let calls = [
            ("send_to_partner", json!({"message": format!("{round}")})),
            ("update_my_status", json!({"status": "working", "note": format!("{round}")})),
            ("update_my_status", json!({"status": "waiting", "note": format!("{round} then")})),
        ];
        let ids: Vec<u64> = calls.into_iter().map(|(tool, call)| pair.a.begin_call(tool, call)).collect();
        for id in ids {
            Outcome(pair.a.answer(id)).ok();
        }
        let seen = pair.b.call("check_partner_status", json!({})).ok();
        assert_eq!((&seen["status"], &seen["note"]), (&json!("waiting"), &json!(format!("{round} then"))));
        // A binding is an effect like any other: what follows in the same breath acts on it.
        let role = json!({"my_role": "backend", "partner_role": "frontend"});
        let created = pair.a.begin_call("create_conversation", role);
        let sent = pair.a.begin_call("send_to_partner", json!({"message": "first"}));
        let created = Outcome(pair.a.answer(created)).ok();
        Outcome(pair.a.answer(sent)).ok();
        let sql = "SELECT count(*) FROM message m JOIN conversation c ON c.id = m.conversation WHERE c.public_id = ?1";
        assert_eq!(database::value::<i64>(&env, sql, [created["conversation_id"].as_str()]), 1);
        let code = json!({"invite_code": created["invite_code"]});
        pair.b.call("join_conversation", code).ok();
    }
}
