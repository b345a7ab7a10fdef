use std::time::Duration;

use bridge_proto::peek::peek;

use super::*;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize"}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const LISTEN: &str = r#"{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen"}"#;
const ACK: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"l"}}}"#;

fn call(id: u64) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call"}}"#)
}

/// Tracks lines at the places 0, 10, 20, …
fn session(lines: &[&str]) -> Session {
    let mut session = Session::default();
    for (index, line) in lines.iter().enumerate() {
        session.track(&peek(line.as_bytes()), line.as_bytes(), index as u64 * 10, Instant::now());
    }
    session
}

fn ids(ids: &[Box<str>]) -> Vec<&str> {
    ids.iter().map(|id| &**id).collect()
}

fn replayed(session: &mut Session) -> Vec<String> {
    session.replay().into_iter().map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
}

#[test]
fn begun_calls_fail_unwritten_ones_are_forgotten() {
    let mut s = session(&[&call(1), &call(2), &call(3)]);
    assert!(s.answered("1"));
    assert_eq!(ids(&s.lost(11, Instant::now())), ["2"]);
    assert!(!s.awaits_answers());
}

#[test]
fn an_answered_handshake_is_replayed_and_its_second_answer_swallowed() {
    let mut s = session(&[INITIALIZE, INITIALIZED]);
    assert!(s.answered("0"));
    assert!(s.lost(20, Instant::now()).is_empty());
    assert_eq!(replayed(&mut s), [INITIALIZE, INITIALIZED]);
    assert!(!s.answered("0"));
    assert!(s.answered("0"), "swallowed once only");
    assert!(s.lost(20, Instant::now()).is_empty());
    assert_eq!(replayed(&mut s).len(), 2, "and again after the next loss");
}

#[test]
fn an_unanswered_initialize_is_replayed_and_its_answer_passed_on() {
    let mut s = session(&[INITIALIZE]);
    assert!(s.lost(10, Instant::now()).is_empty());
    assert_eq!(replayed(&mut s), [INITIALIZE]);
    assert!(s.awaits_answers());
    assert!(s.answered("0"));
}

#[test]
fn an_unwritten_initialize_is_left_to_be_relayed_anew() {
    let mut s = session(&[INITIALIZE]);
    assert!(s.lost(0, Instant::now()).is_empty());
    assert!(replayed(&mut s).is_empty());
    assert!(!s.awaits_answers());
}

#[test]
fn listens_stay_open_until_answered_or_cancelled() {
    let mut s = session(&[LISTEN, &call(1)]);
    assert!(s.acknowledged(ACK));
    assert_eq!(ids(&s.lost(20, Instant::now())), ["1"]);
    assert_eq!(replayed(&mut s), [LISTEN]);
    assert!(!s.acknowledged(ACK), "the client has had it");
    assert!(s.acknowledged(ACK));
    let cancel =
        br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"l","reason":"x"}}"#;
    s.track(&peek(cancel), cancel, 30, Instant::now());
    assert!(s.lost(40, Instant::now()).is_empty());
    assert!(replayed(&mut s).is_empty());

    let mut s = session(&[LISTEN]);
    assert!(s.lost(10, Instant::now()).is_empty());
    assert_eq!(replayed(&mut s), [LISTEN]);
    assert!(s.acknowledged(ACK), "not acknowledged before the loss: the client waits for it");
    assert!(s.answered("\"l\""));
    assert!(s.lost(10, Instant::now()).is_empty());
    assert!(replayed(&mut s).is_empty());
}

#[test]
fn a_cancelled_call_is_neither_failed_nor_counted() {
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let mut s = session(&[&call(1), cancel]);
    assert!(!s.awaits_answers());
    assert!(s.lost(20, Instant::now()).is_empty());
    assert_eq!(s.bytes, 0);
}

#[test]
fn ids_match_however_they_are_escaped() {
    let mut s = session(&[r#"{"id":"\u0061\/b","method":"x"}"#]);
    assert!(s.answered(r#""a/b""#));
    assert!(!s.awaits_answers());
}

#[test]
fn waiting_requests_expire_open_subscriptions_do_not() {
    let mut s = session(&[INITIALIZE, LISTEN]);
    assert!(s.answered("0"));
    let start = Instant::now();
    assert!(s.lost(20, start).is_empty());
    assert_eq!(s.waiting_since(), None);
    for (index, line) in [INITIALIZED, &call(7), &call(8)].into_iter().enumerate() {
        let at = start + Duration::from_secs(index as u64);
        s.track(&peek(line.as_bytes()), line.as_bytes(), 20 + 10 * index as u64, at);
    }
    assert_eq!(s.waiting_since(), Some(start + Duration::from_secs(1)));
    let (gone, last) = s.expired(start + Duration::from_secs(1));
    assert_eq!((ids(&gone), last), (vec!["7"], Some(30)));
    assert_eq!(
        replayed(&mut s),
        [INITIALIZE, INITIALIZED, LISTEN],
        "a dropped handshake line joins the replay"
    );
}

#[test]
fn an_initialize_the_client_saw_fail_is_not_replayed() {
    let mut s = session(&[INITIALIZE]);
    let now = Instant::now();
    assert!(s.lost(5, now).is_empty());
    assert_eq!(ids(&s.expired(now).0), ["0"]);
    assert!(replayed(&mut s).is_empty());
}

#[test]
fn full_by_number_and_by_bytes() {
    let mut s = Session::default();
    let line = format!(r#"{{"id":"{}","method":"x"}}"#, "i".repeat(1 << 20));
    for place in 0..5 {
        s.track(&peek(line.as_bytes()), line.as_bytes(), place, Instant::now());
    }
    assert!(s.is_full());
    assert_eq!(s.take_all().len(), 5);
    for id in 0..=MAX_IN_FLIGHT as u64 {
        assert!(!s.is_full());
        let line = call(id);
        s.track(&peek(line.as_bytes()), line.as_bytes(), id, Instant::now());
    }
    assert!(s.is_full());
    assert!(s.answered("17"));
    assert!(!s.is_full());
}

#[test]
fn the_latest_sixteen_bindings_are_kept() {
    let mut s = Session::default();
    for key in 0..20 {
        s.bound(format!("k{key}"));
        s.bound(format!("k{key}"));
    }
    assert_eq!(s.resume().len(), MAX_RESUME);
    assert_eq!((s.resume()[0].as_str(), s.resume()[15].as_str()), ("k4", "k19"));
}
