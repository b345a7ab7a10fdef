//! How soon a message reaches a partner that waits for it.

use std::io;
use std::time::Instant;

use serde_json::Value;

use super::client::{Client, micros};
use super::figures::{Figure, Latencies};
use super::rig::{Rig, send, tool_call};
use super::scenarios::Setting;

/// A send to a partner that waits by long poll, by so many pairs at once, beside the send itself: the yardstick here is
/// our own send.
///
/// The arrival counts from the start of the send, the poll's answer from the send's; the latter is read first, so that what
/// came before it counts as the microseconds of a read.
pub(crate) fn hop(setting: &Setting, pairs: usize) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let pairs = (0..pairs).map(|_| rig.pair()).collect::<io::Result<Vec<_>>>()?;
    let until = Instant::now() + setting.load;
    let hops = std::thread::scope(|scope| {
        let running: Vec<_> =
            pairs.into_iter().map(|(a, b)| scope.spawn(move || hop_until(until, a, b))).collect();
        running.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut all = Hops::default();
    for hops in hops {
        let mut hops = hops.map_err(|_| io::Error::other("a client thread panicked"))??;
        all.sends.0.append(&mut hops.sends.0);
        all.arrivals.0.append(&mut hops.arrivals.0);
        all.polls.0.append(&mut hops.polls.0);
    }
    let Hops { mut sends, mut arrivals, mut polls } = all;
    Ok(vec![
        arrivals.against(&mut sends, "arrival p50 against send", 0.5),
        arrivals.against(&mut sends, "arrival p99 against send", 0.99),
        polls.against(&mut sends, "send answered to poll answered p50 against send", 0.5),
        polls.against(&mut sends, "send answered to poll answered p99 against send", 0.99),
    ])
}

/// What the hops of some pairs took.
#[derive(Default)]
struct Hops {
    /// From the send to its answer.
    sends: Latencies,
    /// From the send to the poll's answer.
    arrivals: Latencies,
    /// From the send's answer to the poll's.
    polls: Latencies,
}

fn hop_until(until: Instant, mut a: Client, mut b: Client) -> io::Result<Hops> {
    let (line, mut hops) = (send(200), Hops::default());
    while hops.sends.0.is_empty() || Instant::now() < until {
        wait(&mut b)?;
        let_park(&mut a)?;
        let began = Instant::now();
        a.call(&line)?;
        let answered = Instant::now();
        let answer = b.answer()?;
        let arrived = Instant::now();
        must_bring(answer)?;
        hops.sends.0.push(micros(answered - began));
        hops.arrivals.0.push(micros(arrived - began));
        hops.polls.0.push(micros(arrived - answered));
    }
    Ok(hops)
}

/// So many that wait; one after the other is sent something. Once, and again until the load's time is over.
pub(crate) fn wake_up(setting: &Setting, waiters: usize) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let mut pairs = (0..waiters).map(|_| rig.pair()).collect::<io::Result<Vec<_>>>()?;
    let (line, mut late) = (send(200), Latencies::default());
    let until = Instant::now() + setting.load;
    while late.0.is_empty() || Instant::now() < until {
        for (_, b) in &mut pairs {
            wait(b)?;
        }
        for (a, b) in &mut pairs {
            let_park(a)?;
            a.call(&line)?;
            let answered = Instant::now();
            let answer = b.answer()?;
            late.0.push(micros(answered.elapsed()));
            must_bring(answer)?;
        }
    }
    Ok(vec![
        Figure::alone("after the send p50", "µs", late.quantile(0.5)),
        Figure::alone("after the send p99", "µs", late.quantile(0.99)),
    ])
}

/// Begins a long poll. What came last is acknowledged before, so that nothing is committed beside the send to come.
fn wait(client: &mut Client) -> io::Result<()> {
    client.expect(&tool_call("check_messages", "{}"))?;
    client.write(&tool_call("check_messages", r#"{"wait_seconds":300}"#))
}

/// Gives the daemon time to park the long poll before the send: two round trips of another client.
fn let_park(other: &mut Client) -> io::Result<()> {
    for _ in 0..2 {
        other.call(&tool_call("check_messages", "{}"))?;
    }
    Ok(())
}

/// Fails when a poll was answered without a message.
fn must_bring(answer: &[u8]) -> io::Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    let messages = answer["result"]["structuredContent"]["messages"].as_array();
    match messages {
        Some(messages) if !messages.is_empty() => Ok(()),
        _ => Err(io::Error::other(format!("a poll brought nothing: {answer}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_must_bring_something() {
        let answer =
            |messages: &str| format!(r#"{{"result":{{"structuredContent":{{"messages":{messages}}}}}}}"#);
        assert!(must_bring(answer(r#"[{"id":"m"}]"#).as_bytes()).is_ok());
        assert!(must_bring(answer("[]").as_bytes()).is_err());
        assert!(must_bring(br#"{"error":{"code":-1}}"#).is_err());
    }
}
