//! Proves the limits with their defaults: the eleventh send of a minute is refused with the time to wait, and neither
//! a restart nor another connection nor another process gets round that; a refusal costs nothing, is recorded once,
//! and concerns nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows only `#[test]` functions as tests

mod common;

use std::time::Instant;

use common::audit::rows;
use common::pair::{create, with};
use common::{Daemon, Env, Pair, Shim, Value, json};

/// Counts what gets through, and holds it against what the limit allows by now.
struct Meter {
    start: Instant,
    accepted: u64,
}

impl Meter {
    fn new() -> Self {
        Self { start: Instant::now(), accepted: 0 }
    }

    /// Sends until it is refused; returns the refusal.
    #[track_caller]
    fn exhaust(&mut self, shim: &mut Shim, arguments: &Value) -> Value {
        loop {
            let call = with(json!({"message": "again"}), arguments.clone());
            let outcome = shim.call_stubbornly("send_to_partner", &call);
            if outcome.0["result"]["isError"] == true {
                let refused = outcome.refused();
                assert_eq!(refused["error"], "rate_limited", "{refused}");
                return refused;
            }
            self.accepted += 1;
            self.holds();
        }
    }

    /// Ten at once, and one more for every six seconds that have passed.
    #[track_caller]
    fn holds(&self) {
        let allowed = 10 + self.start.elapsed().as_millis().div_ceil(6_000);
        assert!(u128::from(self.accepted) <= allowed, "{} sends got through", self.accepted);
    }
}

#[test]
fn the_eleventh_send_is_refused_and_told_when_to_come_back() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let mut meter = Meter::new();
    let refused = meter.exhaust(&mut pair.a, &json!({}));
    assert!(meter.accepted >= 10, "only {} sends got through", meter.accepted);
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    assert!((1..=6_000).contains(&wait), "{refused}");
    assert_eq!(refused["limit"], json!({"per": "minute", "calls": 10}));
    assert_eq!(refused["remaining"]["minute"], 0);
    assert!(refused["message"].as_str().unwrap().contains("retry_after_ms"), "{refused}");
    // What it wrote is there, the refused one is not.
    assert_eq!(u64::try_from(pair.fetch().len()).unwrap(), meter.accepted);
}

#[test]
fn no_restart_and_no_second_connection_helps() {
    let env = Env::new();
    let mut daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let by_token = pair.credentials("a");
    let mut meter = Meter::new();
    meter.exhaust(&mut pair.a, &json!({}));
    meter.exhaust(&mut Shim::connect(&env), &by_token);
    for orderly in [false, true] {
        if orderly {
            assert!(daemon.terminate().success());
        } else {
            daemon.kill();
        }
        daemon = Daemon::start(&env);
        meter.exhaust(&mut pair.a, &json!({}));
        meter.exhaust(&mut Shim::connect(&env), &by_token);
    }
    meter.holds();
}

#[test]
fn nobody_else_is_affected() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    Meter::new().exhaust(&mut pair.a, &json!({}));
    // The partner, the same client in another conversation, another pair.
    pair.b.call("send_to_partner", json!({"message": "the partner's"})).ok();
    let mut other = Pair::new(&env);
    let sent = other.a.call("send_to_partner", json!({"message": "another conversation's"})).ok();
    assert_eq!(sent["remaining"]["minute"], 9);
    let second = create(&mut pair.a);
    let sent = pair.a.call("send_to_partner", json!({"message": "the same client's second"})).ok();
    assert_eq!(sent["remaining"]["minute"], 9, "{second}");
    // Reading and asking are counted on their own.
    let first = pair.credentials("a");
    pair.a.call("check_messages", first.clone()).ok();
    pair.a.call("check_partner_status", first.clone()).ok();
    // Every other write is the same limit.
    let status = with(first, json!({"status": "blocked"}));
    assert_eq!(pair.a.call("update_my_status", status).code(), "rate_limited");
}

#[test]
fn a_refused_call_costs_nothing_and_a_burst_is_recorded_once() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let mut meter = Meter::new();
    let first = meter.exhaust(&mut pair.a, &json!({}));
    let before = (meter.accepted, rows(&env, "send_to_partner", "ok"));
    let mut waits = vec![first["retry_after_ms"].as_u64().unwrap()];
    for _ in 0..50 {
        let refused = meter.exhaust(&mut pair.a, &json!({}));
        waits.push(refused["retry_after_ms"].as_u64().unwrap());
    }
    let refilled = meter.accepted - before.0;
    // Every refusal that cost something would push the moment away; it only comes nearer.
    let farther = waits.windows(2).filter(|pair| pair[1] > pair[0]).count();
    assert!(u64::try_from(farther).unwrap() <= refilled, "the wait grew: {waits:?}");
    let refusals = || rows(&env, "send_to_partner", "rate_limited");
    common::until("the refusal is recorded", || refusals() >= 1);
    // Something that is recorded behind it: nothing more is on the way.
    pair.a.call("check_partner_status", json!({})).ok();
    common::audit::until_rows(&env, "check_partner_status", "ok", 1);
    let bursts = 1 + i64::try_from(refilled).unwrap();
    assert!(refusals() <= bursts, "{} rows for {bursts} bursts", refusals());
    assert_eq!(rows(&env, "send_to_partner", "ok") - before.1, i64::try_from(refilled).unwrap());
}

#[test]
fn a_call_that_fails_for_another_reason_is_given_back() {
    let env = Env::new();
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let too_long = json!({"message": "x".repeat(50_001)});
    for _ in 0..15 {
        assert_eq!(pair.a.call("send_to_partner", too_long.clone()).code(), "invalid_argument");
        assert_eq!(pair.a.call("send_to_partner", json!({})).code(), "invalid_argument");
        let answer = json!({"message": "x", "reply_to": "msg_77"});
        assert_eq!(pair.a.call("send_to_partner", answer).code(), "unknown_message");
    }
    let sent = pair.a.call("send_to_partner", json!({"message": "the first that counts"})).ok();
    assert_eq!(sent["remaining"], json!({"minute": 9, "hour": 99, "day": 499}));
}

#[test]
fn reading_has_a_limit_of_its_own() {
    let env = Env::with_config("[limits.read]\nper_minute = 5\nper_hour = 100\nper_day = 1000\n");
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    let refused = common::until_some("reading is refused", || {
        let outcome = pair.b.call("check_messages", json!({}));
        (outcome.0["result"]["isError"] == true).then(|| outcome.refused())
    });
    assert_eq!((&refused["error"], &refused["limit"]["per"]), (&json!("rate_limited"), &json!("minute")));
    assert!(refused["message"].as_str().unwrap().contains("wait_seconds"), "{refused}");
    pair.b.call("send_to_partner", json!({"message": "writing goes on"})).ok();
}

#[test]
fn creating_conversations_is_limited_per_process() {
    let env = Env::with_config("[limits.create]\nper_minute = 10\nper_hour = 60\nper_day = 300\n");
    let _daemon = Daemon::start(&env);
    let mut shim = Shim::connect(&env);
    let roles = json!({"my_role": "backend", "partner_role": "frontend"});
    let outcomes: Vec<_> = (0..30).map(|_| shim.call("create_conversation", roles.clone())).collect();
    let refused: Vec<Value> =
        outcomes.iter().filter(|o| o.0["result"]["isError"] == true).map(common::Outcome::refused).collect();
    assert!(refused.len() >= 15, "{} of 30 were refused", refused.len());
    assert!(
        refused.iter().all(|r| r["error"] == "too_many_attempts" && r["retry_after_ms"].as_u64() > Some(0))
    );
    create(&mut Shim::connect(&env));
}

#[test]
fn the_hour_is_kept_across_restarts() {
    let env = Env::with_config("[limits.write]\nper_minute = 1000000\nper_hour = 5\nper_day = 500\n");
    let daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    for left in (0..5).rev() {
        let sent = pair.a.call("send_to_partner", json!({"message": "x"})).ok();
        assert_eq!(sent["remaining"]["hour"], left);
    }
    assert_eq!(pair.a.call("send_to_partner", json!({"message": "x"})).refused()["limit"]["per"], "hour");
    daemon.kill();
    let _daemon = Daemon::start(&env);
    let refused = pair.a.call_stubbornly("send_to_partner", &json!({"message": "x"})).refused();
    assert_eq!((&refused["limit"]["per"], &refused["limit"]["calls"]), (&json!("hour"), &json!(5)));
}

#[test]
fn a_person_sees_what_is_left_of_them() {
    let env = Env::with_config("[limits.write]\nper_minute = 1\nper_hour = 5\nper_day = 7\n");
    let _daemon = Daemon::start(&env);
    let mut pair = Pair::new(&env);
    pair.send("the only one in this minute");
    let listed = env.command(common::env::BRIDGECTL).args(["list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let left = |minute, hour, day| {
        json!({
            "minute": {"left": minute, "limit": 1}, "hour": {"left": hour, "limit": 5}, "day": {"left": day, "limit": 7},
        })
    };
    let sessions = &listed[0]["sessions"];
    assert_eq!(
        (&sessions[0]["writes"], &sessions[1]["writes"]),
        (&left(0, 4, 6), &left(1, 5, 7)),
        "{listed}"
    );
}
