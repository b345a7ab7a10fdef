//! Proves who may do what: two pairs of agents at once through four shims keep to themselves; every false credential
//! is refused for its own reason, recorded, limited, and costs the rightful owner nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::thread;

use common::audit::{rows, until_rows};
use common::pair::{create, credentials, token, with};
use common::{Daemon, Env, NO_LIMITS, Pair, Shim, Value, database, json};

#[test]
fn two_pairs_at_once_keep_to_themselves() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let talk = |name: &'static str| {
        let mut pair = Pair::new(&env);
        for number in 0..40 {
            pair.send(&format!("{name} {number}"));
            pair.b.call("send_to_partner", json!({"message": format!("{name} back {number}")})).ok();
        }
        let heard = |shim: &mut Shim| {
            let mut texts = Vec::new();
            loop {
                let fetched = shim.call("check_messages", json!({})).ok();
                texts.extend(fetched["messages"].as_array().unwrap().iter().map(|m| m["message"].clone()));
                if fetched["more"] == false {
                    return texts;
                }
            }
        };
        let expected = |word: &str| (0..40).map(|n| json!(format!("{name} {word}{n}"))).collect::<Vec<_>>();
        assert_eq!(heard(&mut pair.b), expected(""));
        assert_eq!(heard(&mut pair.a), expected("back "));
        pair
    };
    let (mut one, mut two) = thread::scope(|scope| {
        let (one, two) = (scope.spawn(|| talk("one")), scope.spawn(|| talk("two")));
        (one.join().unwrap(), two.join().unwrap())
    });
    one.send("private");
    let home = two.created.clone();
    trespass(&mut two.a, &one, &home);
    trespass(&mut two.b, &one, &home);
    let fetched = one.fetch();
    assert_eq!((fetched.len(), &fetched[0]["redelivered"]), (1, &json!(false)));
}

/// Every way for a member of the conversation `home` to reach into another.
fn trespass(shim: &mut Shim, target: &Pair, home: &Value) {
    let named = json!({"conversation_id": target.id()});
    for session in ["a", "b"] {
        let claims = with(named.clone(), json!({"session_id": session}));
        let own = with(claims.clone(), json!({"token": token(home, session)}));
        for (tool, more) in [
            ("check_messages", json!({})),
            ("send_to_partner", json!({"message": "intruder"})),
            ("message_status", json!({"message_ids": ["msg_1"]})),
            ("check_partner_status", json!({})),
            ("update_my_status", json!({"status": "blocked"})),
        ] {
            assert_eq!(shim.call(tool, with(named.clone(), more.clone())).code(), "token_missing");
            assert_eq!(shim.call(tool, with(claims.clone(), more.clone())).code(), "token_missing");
            assert_eq!(shim.call(tool, with(own.clone(), more)).code(), "wrong_token");
        }
    }
}

/// False credentials for session `a`, each with the reason for which it must be refused.
fn false_credentials(created: &Value) -> Vec<(Value, &'static str)> {
    let good = credentials(created, "a");
    let mine = token(created, "a");
    let other = if mine.starts_with('0') { "1" } else { "0" };
    let token = |text: &str| with(good.clone(), json!({"token": text}));
    vec![
        (token(&format!("{other}{}", &mine[1..])), "wrong_token"),
        (token(&format!("{}{}", &mine[..63], if mine.ends_with('0') { "1" } else { "0" })), "wrong_token"),
        (token(token_of_b(created)), "swapped_token"),
        (token(&mine[..63]), "malformed_token"),
        (token(&format!("{mine}0")), "malformed_token"),
        (with(good.clone(), json!({"session_id": "c"})), "unknown_session"),
        (with(good.clone(), json!({"conversation_id": "conv_0123456789abcdef"})), "unknown_conversation"),
        (with(good.clone(), json!({"conversation_id": "conv_1"})), "malformed_credentials"),
    ]
}

fn token_of_b(created: &Value) -> &str {
    token(created, "b")
}

#[test]
fn false_credentials_are_told_apart_recorded_and_cost_the_owner_nothing() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut owner = Shim::connect(&env);
    let created = create(&mut owner);
    let left =
        |shim: &mut Shim| shim.call("send_to_partner", json!({"message": "mine"})).ok()["remaining"].clone();
    assert_eq!(left(&mut owner), json!({"minute": 9, "hour": 99, "day": 499}));
    let mut expected = std::collections::BTreeMap::new();
    for (arguments, reason) in false_credentials(&created) {
        let mut stranger = Shim::connect(&env);
        let refused =
            stranger.call("send_to_partner", with(arguments, json!({"message": "theirs"}))).refused();
        assert_eq!(refused["error"], reason, "{refused}");
        assert!(refused["message"].as_str().unwrap().len() > 30, "says what to do next: {refused}");
        *expected.entry(reason).or_insert(0) += 1;
    }
    for (reason, count) in expected {
        until_rows(&env, "send_to_partner", reason, count);
    }
    assert_eq!(left(&mut owner), json!({"minute": 8, "hour": 98, "day": 498}));
    let stored: i64 = database::value(&env, "SELECT count(*) FROM message", []);
    assert_eq!(stored, 2, "only the owner's");
}

#[test]
fn an_expired_conversation_says_so_and_only_to_who_belongs_to_it() {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let sent = pair.send("before the end");
    assert!(daemon.terminate().success());
    // Long enough ago to be over, not long enough to be removed.
    let over = "UPDATE conversation SET expires_at = (unixepoch() - 60) * 1000";
    assert_eq!(database::change(&env, over, []), 1);
    let _daemon = Daemon::start(&env);
    let mut late = Shim::connect(&env);
    for (tool, more) in [
        ("send_to_partner", json!({"message": "too late"})),
        ("check_messages", json!({})),
        ("message_status", json!({"message_ids": [sent]})),
        ("check_partner_status", json!({})),
        ("update_my_status", json!({"status": "waiting"})),
    ] {
        let refused = late.call(tool, with(pair.credentials("a"), more)).refused();
        assert_eq!(refused["error"], "conversation_expired", "{refused}");
        assert!(refused["message"].as_str().unwrap().contains("create_conversation"), "{refused}");
        until_rows(&env, tool, "conversation_expired", 1);
    }
    let wrong = with(pair.credentials("a"), json!({"token": "0".repeat(64)}));
    assert_eq!(late.call("check_messages", wrong).code(), "wrong_token");
    let swapped = with(pair.credentials("a"), json!({"token": pair.token("b")}));
    assert_eq!(late.call("check_messages", swapped).code(), "swapped_token");
    // Who was bound before is told the same.
    let bound = pair.a.call_stubbornly("check_messages", &json!({}));
    assert_eq!(bound.code(), "conversation_expired");
}

#[test]
fn an_explicit_token_wins_over_the_binding_and_is_verified() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let wrong = with(pair.credentials("a"), json!({"token": "f".repeat(64), "message": "x"}));
    assert_eq!(pair.a.call("send_to_partner", wrong).code(), "wrong_token");
    // `a`'s connection, `b`'s credentials: the message is `b`'s.
    let as_b = with(pair.credentials("b"), json!({"message": "from b"}));
    pair.a.call("send_to_partner", as_b).ok();
    let fetched = pair.a.call("check_messages", json!({})).ok();
    assert_eq!(fetched["messages"][0]["from"], "b");
    // The other session of one's own conversation, without its token.
    assert_eq!(pair.a.call("check_messages", json!({"session_id": "b"})).code(), "token_missing");
    let c = pair.a.call("check_messages", json!({"session_id": "c"})).code();
    assert!(["unknown_session", "token_missing"].contains(&c.as_str()), "{c}");
}

#[test]
fn tokens_can_be_kept_out_of_results() {
    let env = Env::with_config("[auth]\nexpose_tokens = false\n");
    let _daemon = Daemon::start(&env);
    let mut a = Shim::connect(&env);
    let created = create(&mut a);
    assert!(
        created.get("session_a_token").is_none() && created.get("session_b_token").is_none(),
        "{created}"
    );
    let mut b = Shim::connect(&env);
    b.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
    a.call("send_to_partner", json!({"message": "works without"})).ok();
    assert_eq!(b.call("check_messages", json!({})).ok()["messages"][0]["message"], "works without");
}

#[test]
fn an_invite_works_once() {
    let env = Env::new();
    let daemon = Daemon::start(&env);
    let mut a = Shim::connect(&env);
    let (first, second) = (create(&mut a), create(&mut a));
    let code = first["invite_code"].as_str().unwrap().to_owned();
    let mut b = Shim::connect(&env);
    for wrong in ["BRIDGE-0000-0000", "", "BRIDGE", "hello", "BRIDGE-0000-000Ü"] {
        assert_eq!(
            b.call("join_conversation", json!({"invite_code": wrong})).code(),
            "unknown_invite",
            "{wrong:?}"
        );
    }
    until_rows(&env, "join_conversation", "unknown_invite", 5);
    // As people write it down.
    let spoken = code.to_lowercase().replace('-', " ");
    let joined = b.call("join_conversation", json!({"invite_code": spoken})).ok();
    assert_eq!((&joined["session_id"], &joined["conversation_id"]), (&json!("b"), &first["conversation_id"]));
    let mut late = Shim::connect(&env);
    assert_eq!(late.call("join_conversation", json!({"invite_code": code})).code(), "used_invite");
    until_rows(&env, "join_conversation", "used_invite", 1);

    assert!(daemon.terminate().success());
    assert_eq!(database::change(&env, "UPDATE invite SET expires_at = 1000 WHERE used_at IS NULL", []), 1);
    let _daemon = Daemon::start(&env);
    let stale = json!({"invite_code": second["invite_code"]});
    assert_eq!(late.call_stubbornly("join_conversation", &stale).code(), "stale_invite");
    until_rows(&env, "join_conversation", "stale_invite", 1);
    assert_eq!(late.call("join_conversation", json!({"invite_code": code})).code(), "used_invite");
}

#[test]
fn of_many_who_join_at_once_one_gets_in() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut a = Shim::connect(&env);
    for _ in 0..5 {
        let code = json!({"invite_code": create(&mut a)["invite_code"]});
        let mut rivals: Vec<Shim> = (0..6).map(|_| Shim::connect(&env)).collect();
        let calls: Vec<u64> =
            rivals.iter_mut().map(|shim| shim.begin_call("join_conversation", code.clone())).collect();
        let answers: Vec<common::Outcome> =
            rivals.iter_mut().zip(calls).map(|(shim, id)| common::Outcome(shim.answer(id))).collect();
        let (inside, outside): (Vec<_>, Vec<_>) =
            answers.iter().partition(|a| a.0["result"]["isError"] != true);
        assert_eq!((inside.len(), outside.len()), (1, 5));
        assert!(outside.iter().all(|refused| refused.code() == "used_invite"));
    }
}

#[test]
fn guessing_invites_is_limited_for_one_process_and_for_many() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let guess = |shim: &mut Shim, number: usize| {
        shim.call("join_conversation", json!({"invite_code": format!("BRIDGE-0000-{number:04}")})).refused()
    };
    let mut one = Shim::connect(&env);
    let answers: Vec<Value> = (0..40).map(|number| guess(&mut one, number)).collect();
    let limited: Vec<&Value> =
        answers.iter().filter(|answer| answer["error"] == "too_many_attempts").collect();
    assert!(limited.len() >= 25, "{} of 40 guesses were stopped", limited.len());
    assert!(limited.iter().all(|answer| answer["retry_after_ms"].as_u64().unwrap() > 0));
    let noise = rows(&env, "join_conversation", "too_many_attempts");
    assert!(noise < 5, "a burst is recorded once, not {noise} times");
    let mut stopped = 0;
    for _ in 0..8 {
        let mut another = Shim::connect(&env);
        stopped +=
            (0..10).filter(|number| guess(&mut another, *number)["error"] == "too_many_attempts").count();
    }
    assert!(stopped >= 20, "many processes guess without limit: {stopped} of 80 were stopped");
}

#[test]
fn guessing_tokens_is_limited_and_does_not_lock_the_owner_out() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let mut guesser = Shim::connect(&env);
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    for number in 0..60 {
        let guess = with(pair.credentials("a"), json!({"token": format!("{number:064x}")}));
        *reasons.entry(guesser.call("check_messages", guess).code()).or_default() += 1;
    }
    let recorded = rows(&env, "check_messages", "wrong_token");
    assert!((1..15).contains(&recorded), "a burst of 60 was recorded {recorded} times");
    pair.send("not locked out");
    assert_eq!(pair.fetch().len(), 1);
    let mut elsewhere = Shim::connect(&env);
    elsewhere.call("check_messages", pair.credentials("a")).ok();
    assert!(reasons.get("too_many_attempts").is_some_and(|count| *count >= 40), "60 guesses: {reasons:?}");
}
