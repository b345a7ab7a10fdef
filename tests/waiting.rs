//! Proves the long poll: woken by the commit of a message, ended by cancellation and by the connection's end without
//! losing anything, reporting progress, and never in the way of the calls behind it.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::time::{Duration, Instant};

use common::pair::with;
use common::{Daemon, Env, NO_LIMITS, Outcome, Pair, Shim, Value, json, until};

/// Begins a long poll and comes back when it waits in the daemon. Calls of a connection take effect in order, so
/// the answer to a later call is the proof (and that it comes at all proves that waiting blocks nobody).
fn begin_wait(shim: &mut Shim, arguments: Value) -> u64 {
    let wait = shim.begin_call("check_messages", with(json!({"wait_seconds": 300}), arguments));
    shim.call("check_partner_status", json!({})).ok();
    assert!(!shim.has_answer(wait), "it did not wait");
    wait
}

fn texts(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().unwrap().iter().map(|m| m["message"].as_str().unwrap()).collect()
}

#[test]
fn a_send_wakes_who_waits() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for round in 0..50 {
        let wait = begin_wait(&mut pair.b, json!({}));
        pair.send(&format!("round {round}"));
        let answer = Outcome(pair.b.answer(wait)).ok();
        assert_eq!(texts(&answer), [format!("round {round}")]);
        assert_eq!(answer["messages"][0]["redelivered"], false);
    }
}

#[test]
fn a_wait_without_mail_ends_empty_and_not_early() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let start = Instant::now();
    let answer = pair.b.call("check_messages", json!({"wait_seconds": 1})).ok();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!((&answer["messages"], &answer["more"]), (&json!([]), &json!(false)));
    let refused = pair.b.call("check_messages", json!({"wait_seconds": 301})).refused();
    assert_eq!(refused["argument"], "wait_seconds");
    // Mail that is there is not waited for.
    pair.send("already here");
    assert_eq!(texts(&pair.b.call("check_messages", json!({"wait_seconds": 300})).ok()), ["already here"]);
}

#[test]
fn a_cancelled_wait_loses_nothing() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for round in 0..20 {
        let wait = begin_wait(&mut pair.b, json!({}));
        pair.b.notify("notifications/cancelled", json!({"requestId": wait, "reason": "changed my mind"}));
        // Its place in the connection's order: when this is answered, the cancellation was seen.
        pair.b.request("ping", json!({}));
        let sent = pair.send(&format!("round {round}"));
        let fetched = pair.fetch();
        assert_eq!(fetched.len(), 1, "round {round}");
        assert_eq!((&fetched[0]["id"], &fetched[0]["redelivered"]), (&json!(sent), &json!(false)));
        assert!(!pair.b.has_answer(wait), "a cancelled request gets no answer");
    }
}

#[test]
fn what_comes_while_the_client_gives_up_comes_again() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for round in 0..50 {
        let wait = begin_wait(&mut pair.b, json!({}));
        // Both at once: the client cancels a request whose answer may be on its way, and drops that answer.
        let send = pair.a.begin_call("send_to_partner", json!({"message": format!("round {round}")}));
        pair.b.notify("notifications/cancelled", json!({"requestId": wait}));
        Outcome(pair.a.answer(send)).ok();
        let fetched = pair.b.call("check_messages", json!({"wait_seconds": 20})).ok();
        assert_eq!(texts(&fetched), [format!("round {round}")], "lost with the answer that nobody read");
    }
}

#[test]
fn an_answer_that_the_client_gave_up_on_after_it_was_written_comes_again() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let wait = begin_wait(&mut pair.b, json!({}));
    let sent = pair.send("in the pipe");
    until("the answer is in the client's pipe", || pair.state(&sent) == "delivered");
    // The client's own time limit strikes before it looks into the pipe: it will drop that answer.
    pair.b.notify("notifications/cancelled", json!({"requestId": wait}));
    let fetched = pair.fetch();
    assert_eq!(fetched.len(), 1, "lost with the answer that nobody read");
    assert_eq!((&fetched[0]["id"], &fetched[0]["redelivered"]), (&json!(sent), &json!(true)));
}

#[test]
fn progress_is_reported_to_who_asks_for_it() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let silent = begin_wait(&mut pair.b, json!({}));
    let params = json!({
        "name": "check_messages",
        "arguments": {"wait_seconds": 60},
        "_meta": {"progressToken": "p-1"},
    });
    let loud = pair.b.begin("tools/call", params);
    let note = pair.b.notification("notifications/progress")["params"].clone();
    assert_eq!(note["progressToken"], "p-1");
    assert!(note["progress"].as_f64().unwrap() > 0.0 && note["total"] == 60.0, "{note}");
    assert!(pair.b.notifications.is_empty(), "the other wait asked for no reports");
    assert!(!pair.b.has_answer(silent) && !pair.b.has_answer(loud));
    pair.send("enough");
    until("one of the two waits brings it", || pair.b.has_answer(silent) || pair.b.has_answer(loud));
}

#[test]
fn the_end_of_the_connection_ends_the_wait() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    begin_wait(&mut pair.b, json!({}));
    pair.b.hang_up();
    let (status, took) = pair.b.ended();
    assert!(status.success() && took < Duration::from_secs(1), "{status} after {took:?}");
    until("the partner is seen gone", || {
        pair.a.call("check_partner_status", json!({})).ok()["connected"] == false
    });
    pair.send("after the end");
    let mut again = Shim::connect(&env);
    let fetched = again.call("check_messages", pair.credentials("b")).ok();
    assert_eq!(
        (texts(&fetched), &fetched["messages"][0]["redelivered"]),
        (vec!["after the end"], &json!(false))
    );
}

#[test]
fn a_message_goes_to_one_of_many_waits() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let here = begin_wait(&mut pair.b, json!({}));
    let mut other = Shim::connect(&env);
    let there = other.begin_call("check_messages", with(pair.credentials("b"), json!({"wait_seconds": 300})));
    other.call("check_partner_status", pair.credentials("b")).ok();
    pair.send("for one of you");
    until("one wait brings it", || pair.b.has_answer(here) || other.has_answer(there));
    assert!(!(pair.b.has_answer(here) && other.has_answer(there)), "both got it");
    pair.send("for the other");
    assert_eq!(texts(&Outcome(pair.b.answer(here)).ok()).len(), 1);
    assert_eq!(texts(&Outcome(other.answer(there)).ok()).len(), 1);
}

#[test]
fn waits_of_one_connection_are_limited() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let waits: Vec<u64> = (0..8).map(|_| begin_wait(&mut pair.b, json!({}))).collect();
    let refused = pair.b.call("check_messages", json!({"wait_seconds": 300}));
    assert_eq!(refused.code(), "too_many_waits");
    pair.b.notify("notifications/cancelled", json!({"requestId": waits[3]}));
    pair.b.request("ping", json!({}));
    begin_wait(&mut pair.b, json!({}));
}
