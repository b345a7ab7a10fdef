//! How long a client waits for our hook: a whole process each time, as clients start it.

use std::io::{self, Write as _};
use std::process::Stdio;
use std::time::Instant;

use super::client::micros;
use super::figures::{Figure, Latencies};
use super::rig::{Rig, send};
use super::scenarios::Setting;

/// Hooks in a round.
const RUNS: usize = 40;
/// What Claude Code tells a hook after each of its tools.
const EVENT: &[u8] = br#"{"hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"command":"ls"}}"#;

/// The hook of a client whose partner has sent something, and of one that has nothing new.
pub(crate) fn hook(setting: &Setting) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let (mut a, _b) = rig.pair()?;
    a.expect(&send(200))?;
    let mut latencies = Latencies::default();
    for run in 0..RUNS {
        let began = Instant::now();
        let said = once(&rig)?;
        latencies.0.push(micros(began.elapsed()) / 1_000.0);
        // Every message is announced once.
        if (run == 0) == said.is_empty() {
            return Err(io::Error::other(format!("hook {run} said {:?}", String::from_utf8_lossy(&said))));
        }
    }
    let (p50, p99) = (latencies.quantile(0.5), latencies.quantile(0.99));
    Ok(vec![Figure::alone("p50", "ms", p50), Figure::alone("p99", "ms", p99)])
}

/// Runs it from start to end; what it said.
fn once(rig: &Rig) -> io::Result<Vec<u8>> {
    let mut command = rig.bridgectl();
    command.args(["hook", "claude-code"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(EVENT)?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() { Ok(output.stdout) } else { Err(io::Error::other("the hook failed")) }
}
