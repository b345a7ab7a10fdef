//! Proves that messages arrive: all of them, in order, none twice without being marked, while the daemon is killed
//! under both shims, while the receiver's shim is killed at every point of an answer's way, and that what the sender
//! is told of their state is never contradicted by what happened.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::daemon::kill_whoever_serves;
use common::pair::with;
use common::{Chance, Daemon, Env, NO_LIMITS, Outcome, Pair, Raw, Shim, Value, json, until};
use nix::sys::signal::Signal;

const MESSAGES: usize = 1_000;
const KILLS: usize = 20;

/// What the receiving agent has seen.
#[derive(Default)]
struct Inbox {
    order: Vec<usize>,
    ids: HashSet<String>,
    repeated: usize,
}

impl Inbox {
    /// Takes the messages of an answer. Whatever came before must say that it may have.
    #[track_caller]
    fn take(&mut self, answer: &Value) {
        let messages = answer["messages"].as_array().unwrap();
        assert!(!messages.is_empty(), "waited in vain with {} seen: the rest is lost", self.order.len());
        for message in messages {
            let id = message["id"].as_str().unwrap().to_owned();
            if self.ids.insert(id.clone()) {
                self.order.push(message["message"].as_str().unwrap().parse().unwrap());
            } else {
                self.repeated += 1;
                assert_eq!(message["redelivered"], true, "{id} came twice without being marked");
            }
        }
    }

    #[track_caller]
    fn holds_all_in_order(&self) {
        let first_wrong = self.order.iter().enumerate().find(|(place, number)| place != *number);
        assert_eq!(first_wrong, None, "out of order; {} arrived", self.order.len());
        assert_eq!(self.order.len(), MESSAGES);
    }
}

/// The sender: repeats what it may repeat, under the same key. Counts what was answered.
fn send_all(shim: &mut Shim, sent: &AtomicUsize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..MESSAGES {
        let message = json!({"message": number.to_string(), "idempotency_key": format!("key {number}")});
        let answer = shim.call_stubbornly("send_to_partner", &message).ok();
        ids.push(answer["message_id"].as_str().unwrap().to_owned());
        sent.fetch_add(1, Ordering::SeqCst);
    }
    ids
}

/// The receiver, until it has seen everything.
fn receive_all(shim: &mut Shim, inbox: &Mutex<Inbox>) {
    while inbox.lock().unwrap().order.len() < MESSAGES {
        let answer = shim.call_stubbornly("check_messages", &json!({"wait_seconds": 20})).ok();
        inbox.lock().unwrap().take(&answer);
    }
    // Acknowledges the last ones.
    shim.call_stubbornly("check_partner_status", &json!({})).ok();
}

#[test]
fn the_daemon_may_be_killed_at_any_moment() {
    let env = Env::with_config(NO_LIMITS);
    let mut chance = Chance::new("the_daemon_may_be_killed_at_any_moment");
    let mut daemon = Some(Daemon::start(&env));
    let Pair { mut a, mut b, created } = Pair::new(&env);
    let (sent, inbox) = (AtomicUsize::new(0), Mutex::new(Inbox::default()));
    let ids = std::thread::scope(|scope| {
        let sender = scope.spawn(|| send_all(&mut a, &sent));
        let receiver = scope.spawn(|| receive_all(&mut b, &inbox));
        for (kill, moment) in chance.moments(KILLS, MESSAGES - 5).into_iter().enumerate() {
            until("the sender gets on", || sent.load(Ordering::SeqCst) >= moment || sender.is_finished());
            // Somewhere within a call, not always right after one.
            (0..chance.below(40_000)).for_each(|_| std::hint::spin_loop());
            kill_whoever_serves(&env);
            // In turn the harness starts the next one, as a service manager would, or a shim does.
            daemon = (kill % 2 == 0).then(|| Daemon::start_if_none(&env)).flatten();
            until("a daemon serves again", || common::daemon::serves(&env));
        }
        receiver.join().unwrap();
        sender.join().unwrap()
    });
    drop(daemon);
    inbox.lock().unwrap().holds_all_in_order();
    assert!(
        ids.iter().all(|id| inbox.lock().unwrap().ids.contains(id)),
        "an answered send is another message"
    );
    let mut watcher = Shim::connect(&env);
    for ids in ids.chunks(100) {
        let asked = with(common::pair::credentials(&created, "a"), json!({"message_ids": ids}));
        for status in watcher.call("message_status", asked).ok()["messages"].as_array().unwrap() {
            assert_eq!(status["state"], "acknowledged", "{status}");
        }
    }
    assert!(common::audit_verify(&env.paths().state).is_empty());
}

#[test]
fn a_call_is_never_executed_twice() {
    const SENDS: usize = 400;
    let env = Env::with_config(NO_LIMITS);
    let mut chance = Chance::new("a_call_is_never_executed_twice");
    let mut daemon = Daemon::start(&env);
    let mut a = Pair::new(&env).a;
    let (begun, moments) = (AtomicUsize::new(0), chance.moments(8, SENDS - 5));
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            // No key, and none is repeated: whatever failed may or may not have taken effect, once.
            let send = |number: usize| {
                begun.store(number, Ordering::SeqCst);
                a.call("send_to_partner", json!({"message": number.to_string()}))
            };
            (0..SENDS).map(send).collect()
        });
        for moment in moments {
            until("the sender gets on", || begun.load(Ordering::SeqCst) >= moment);
            (0..chance.below(40_000)).for_each(|_| std::hint::spin_loop());
            kill_whoever_serves(&env);
            if let Some(next) = Daemon::start_if_none(&env) {
                daemon = next;
            }
        }
        sender.join().unwrap()
    });
    drop(daemon);
    let stored: Vec<String> = common::database::column(&env, "SELECT body FROM message ORDER BY id", []);
    let different: HashSet<&String> = stored.iter().collect();
    assert_eq!(different.len(), stored.len(), "a call was executed twice");
    for (number, outcome) in outcomes.iter().enumerate() {
        let is_stored = different.contains(&number.to_string());
        assert!(is_stored || outcome.is_retryable(), "answered but not stored: {outcome:?}");
        assert!(outcome.is_retryable() || outcome.ok()["repeated"] == false);
    }
}

#[test]
fn a_send_whose_answer_was_lost_is_stored_once() {
    let env = Env::with_config(NO_LIMITS);
    let mut daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for (round, daemon_dies) in [false, true, false, true].into_iter().enumerate() {
        let send = json!({"message": format!("round {round}"), "idempotency_key": format!("key {round}")});
        // A shim that dies between the commit and the answer, or a daemon that does.
        let mut lost = Raw::client(&env);
        let call = with(pair.credentials("a"), send.clone());
        lost.begin("tools/call", json!({"name": "send_to_partner", "arguments": call}));
        let stored = || common::database::value::<i64>(&env, "SELECT count(*) FROM message", []);
        until("it is committed", || stored() == i64::try_from(round).unwrap() + 1);
        drop(lost);
        if daemon_dies {
            daemon.kill();
            daemon = Daemon::start(&env);
        }
        let again = pair.a.call_stubbornly("send_to_partner", &send).ok();
        assert_eq!(again["repeated"], true, "{again}");
        let fetched = pair.b.call_stubbornly("check_messages", &json!({})).ok();
        assert_eq!(fetched["messages"].as_array().unwrap().len(), 1, "{fetched}");
        assert_eq!(fetched["messages"][0]["id"], again["message_id"]);
        pair.b.call("check_partner_status", json!({})).ok();
    }
}

/// Kills a shim and takes what it had written to its client before.
fn kill_and_take(shim: &mut Shim, inbox: &mut Inbox) {
    shim.kill();
    for answer in shim.drain() {
        if answer["result"]["structuredContent"]["messages"].is_array() {
            inbox.take(&answer["result"]["structuredContent"]);
        }
    }
}

#[test]
fn the_receiving_shim_may_be_killed_at_any_moment() {
    let env = Env::with_config(NO_LIMITS);
    let mut chance = Chance::new("the_receiving_shim_may_be_killed_at_any_moment");
    let _daemon = Daemon::start(&env);
    let Pair { mut a, mut b, created } = Pair::new(&env);
    let (sent, mut inbox) = (AtomicUsize::new(0), Inbox::default());
    let check = with(common::pair::credentials(&created, "b"), json!({"wait_seconds": 20}));
    let mut moments = chance.moments(KILLS, MESSAGES - 50);
    moments.reverse();
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| send_all(&mut a, &sent));
        while inbox.order.len() < MESSAGES {
            let call = b.begin_call("check_messages", check.clone());
            let due = moments.last().is_some_and(|moment| inbox.order.len() >= *moment);
            if due {
                moments.pop();
                // Either with the answer on its way, or with the answer read and not yet acknowledged.
                if chance.below(2) == 0 {
                    (0..chance.below(40_000)).for_each(|_| std::hint::spin_loop());
                } else {
                    inbox.take(&Outcome(b.answer(call)).ok());
                }
                kill_and_take(&mut b, &mut inbox);
                b = Shim::connect(&env);
            } else {
                inbox.take(&Outcome(b.answer(call)).ok());
            }
        }
        sender.join().unwrap();
    });
    assert!(moments.len() < KILLS / 4, "{} kills were left over", moments.len());
    assert!(inbox.repeated > 0, "killed after reading, so something must have come again");
    inbox.holds_all_in_order();
}

/// Begins a long poll on `b` and stops its shim once the daemon has the call.
fn wait_and_freeze(pair: &mut Pair) -> u64 {
    let wait = pair.b.begin_call("check_messages", json!({"wait_seconds": 300}));
    pair.b.call("check_partner_status", json!({})).ok();
    pair.b.signal(Signal::SIGSTOP);
    wait
}

#[test]
fn an_answer_that_never_left_the_shim_comes_again() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for round in 0..10 {
        wait_and_freeze(&mut pair);
        let id = pair.send(&format!("round {round}"));
        until("the daemon has answered", || pair.state(&id) == "offered");
        pair.b.kill();
        assert!(pair.b.drain().is_empty(), "the stopped shim wrote nothing");
        until("the message is back", || pair.state(&id) == "stored");
        let mut next = Shim::connect(&env);
        let fetched = next.call("check_messages", pair.credentials("b")).ok();
        assert_eq!(fetched["messages"][0]["id"], id);
        assert_eq!(fetched["messages"].as_array().unwrap().len(), 1);
        next.call("check_messages", pair.credentials("b")).ok();
        assert_eq!(pair.state(&id), "acknowledged");
        let mut b = Shim::connect(&env);
        std::mem::swap(&mut pair.b, &mut b);
        rebind(&mut pair);
    }
}

/// A fresh client for `b` knows who it is from a conversation of its own: start one anew.
fn rebind(pair: &mut Pair) {
    pair.created = common::pair::create(&mut pair.a);
    pair.b.call("join_conversation", json!({"invite_code": pair.created["invite_code"]})).ok();
}

#[test]
fn an_answer_that_was_read_but_not_acted_on_comes_again_marked() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let id = pair.send("read");
    assert_eq!(pair.fetch()[0]["redelivered"], false);
    until("the receipt is noted", || pair.state(&id) == "delivered");
    pair.b.kill();
    let mut next = Shim::connect(&env);
    let fetched = common::until_some("the message comes again", || {
        let fetched = next.call("check_messages", pair.credentials("b")).ok();
        fetched["messages"].get(0).cloned()
    });
    assert_eq!((&fetched["id"], &fetched["redelivered"]), (&json!(id), &json!(true)));
    next.call("check_messages", pair.credentials("b")).ok();
    assert_eq!(pair.state(&id), "acknowledged");
}

#[test]
fn what_is_on_its_way_elsewhere_is_not_overtaken() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    wait_and_freeze(&mut pair);
    let first = pair.send("one");
    until("the first is on its way", || pair.state(&first) == "offered");
    pair.send("two");
    // The session's next connection, while the daemon cannot know yet that the first will never arrive.
    let mut next = Shim::connect(&env);
    let credentials = pair.credentials("b");
    let wait = next.begin_call("check_messages", with(credentials.clone(), json!({"wait_seconds": 60})));
    // Stored behind the look into the mailbox, which has therefore been taken.
    next.call("update_my_status", with(credentials.clone(), json!({"status": "working"}))).ok();
    pair.b.kill();
    let mut texts = Vec::new();
    let mut answer = Outcome(next.answer(wait)).ok();
    loop {
        texts.extend(answer["messages"].as_array().unwrap().iter().map(|m| m["message"].clone()));
        if texts.len() >= 2 {
            break;
        }
        answer = next.call("check_messages", with(credentials.clone(), json!({"wait_seconds": 60}))).ok();
    }
    assert_eq!(texts, ["one", "two"]);
}

/// What a state may be followed by. Only a death of the recipient's side leads back.
fn may_follow(before: &str, after: &str) -> bool {
    let rank =
        |state: &str| ["stored", "offered", "delivered", "acknowledged"].iter().position(|s| *s == state);
    before == "acknowledged" && after == "acknowledged" || before != "acknowledged" && rank(after).is_some()
}

#[test]
fn states_never_contradict_what_happened() {
    let env = Env::with_config(NO_LIMITS);
    let _daemon = Daemon::start(&env);
    let Pair { mut a, mut b, created } = Pair::new(&env);
    let (sent, inbox, done) = (AtomicUsize::new(0), Mutex::new(Inbox::default()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let ids = send_all(&mut a, &sent);
            done.store(true, Ordering::SeqCst);
            ids
        });
        let receiver = scope.spawn(|| receive_all(&mut b, &inbox));
        let mut watcher = Shim::connect(&env);
        let mut known = BTreeMap::<String, String>::new();
        while !(done.load(Ordering::SeqCst) && receiver.is_finished()) {
            let last = sent.load(Ordering::SeqCst);
            let ids: Vec<String> =
                (last.saturating_sub(40)..last).map(|n| format!("msg_{}", n + 1)).collect();
            if ids.is_empty() {
                continue;
            }
            let asked = with(common::pair::credentials(&created, "a"), json!({"message_ids": ids}));
            for status in watcher.call("message_status", asked).ok()["messages"].as_array().unwrap() {
                agrees(status, &inbox);
                let (id, state) = (&status["message_id"], status["state"].as_str().unwrap());
                let before = known.insert(id.as_str().unwrap().to_owned(), state.to_owned());
                assert!(before.is_none_or(|before| may_follow(&before, state)), "{status}");
            }
        }
        receiver.join().unwrap();
        sender.join().unwrap();
    });
    inbox.lock().unwrap().holds_all_in_order();
    assert_eq!(inbox.lock().unwrap().repeated, 0, "nothing died, so nothing may come twice");
}

/// Whether a status agrees with itself and with what the receiver has seen.
#[track_caller]
fn agrees(status: &Value, inbox: &Mutex<Inbox>) {
    let state = status["state"].as_str().unwrap();
    let has = |field: &str| status[field].is_string();
    match state {
        "stored" => assert!(!has("delivered_at") && !has("acknowledged_at"), "{status}"),
        "offered" => assert!(has("offered_at") && !has("acknowledged_at"), "{status}"),
        "delivered" => {
            assert!(has("offered_at") && has("delivered_at") && !has("acknowledged_at"), "{status}")
        }
        "acknowledged" => {
            assert!(has("offered_at") && has("delivered_at") && has("acknowledged_at"), "{status}");
            // It acts only after it has read; we note what was read before the next call.
            let id = status["message_id"].as_str().unwrap();
            assert!(
                inbox.lock().unwrap().ids.contains(id),
                "acknowledged without having been read: {status}"
            );
        }
        other => panic!("unknown state {other}"),
    }
    assert!(state == "stored" || status["attempts"].as_u64().unwrap() >= 1, "{status}");
}
