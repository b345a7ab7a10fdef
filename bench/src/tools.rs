//! How long each tool takes that agents call in the ordinary course, with one call at a time.

use std::io;
use std::time::Instant;

use serde_json::Value;

use super::client::{Client, micros};
use super::figures::{Figure, Latencies};
use super::rig::{CREATE, Rig, send, tool_call};
use super::scenarios::Setting;

/// Latencies of one tool.
struct Tool {
    what: &'static str,
    latencies: Latencies,
}

impl Tool {
    fn new(what: &'static str) -> Self {
        Self { what, latencies: Latencies::default() }
    }

    /// One call, timed.
    fn call(&mut self, client: &mut Client, line: &[u8]) -> io::Result<Value> {
        let (answer, took) = client.timed(line)?;
        self.latencies.0.push(micros(took));
        Ok(answer)
    }
}

/// The tools in turn, so that what else happens on the machine is shared by all of them.
pub(crate) fn tools(setting: &Setting) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let (mut a, mut b) = rig.pair()?;
    let (mut creator, mut joiner) = (rig.client()?, rig.client()?);
    let mut exchanged = [
        Tool::new("send_to_partner p50"),
        Tool::new("message_status p50"),
        Tool::new("check_partner_status p50"),
        Tool::new("update_my_status p50"),
        Tool::new("check_messages, empty, p50"),
        Tool::new("check_messages, one waiting, p50"),
    ];
    let mut opened = [Tool::new("create_conversation p50"), Tool::new("join_conversation p50")];
    let until = Instant::now() + setting.load;
    while Instant::now() < until {
        exchange(&mut a, &mut b, &mut exchanged)?;
        open(&mut creator, &mut joiner, &mut opened)?;
    }
    let figure = |mut tool: Tool| Figure::alone(tool.what, "µs", tool.latencies.quantile(0.5));
    Ok(exchanged.into_iter().chain(opened).map(figure).collect())
}

/// What `a` does with its partner; only its calls are timed.
fn exchange(a: &mut Client, b: &mut Client, tools: &mut [Tool; 6]) -> io::Result<()> {
    let [sending, status, partner, own, empty, waiting] = tools;
    let check = tool_call("check_messages", "{}");
    let sent = sending.call(a, &send(200))?;
    let id = &sent["result"]["structuredContent"]["message_id"];
    status.call(a, &tool_call("message_status", &format!(r#"{{"message_ids":[{id}]}}"#)))?;
    partner.call(a, &tool_call("check_partner_status", "{}"))?;
    own.call(a, &tool_call("update_my_status", r#"{"status":"working","note":"on the benchmark"}"#))?;
    empty.call(a, &check)?;
    b.expect(&check)?;
    b.expect(&send(200))?;
    waiting.call(a, &check)?;
    // Acknowledges, which the next round's send would else do.
    a.expect(&check)?;
    Ok(())
}

/// A new conversation, and the partner that enters it.
fn open(creator: &mut Client, joiner: &mut Client, tools: &mut [Tool; 2]) -> io::Result<()> {
    let [create, join] = tools;
    let created = create.call(creator, &tool_call("create_conversation", CREATE))?;
    let code = &created["result"]["structuredContent"]["invite_code"];
    join.call(joiner, &tool_call("join_conversation", &format!(r#"{{"invite_code":{code}}}"#)))?;
    Ok(())
}
