//! What is measured. One function a scenario, one line each in [`ALL`].

use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::{Client, load, micros};
use super::figures::{Figure, Latencies};
use super::hook::hook;
use super::memory::{pss_mb, rss_mb};
use super::recovery::recovery;
use super::rig::{Rig, send, tool_call};
use super::yardstick::Prototype;

/// What every scenario works with.
pub(crate) struct Setting {
    /// Where our binaries are.
    pub(crate) binaries: PathBuf,
    /// Where the prototype's are.
    pub(crate) yardstick: Option<PathBuf>,
    /// Messages in the database whose daemon dies.
    pub(crate) messages: usize,
    /// How long a load lasts.
    pub(crate) load: Duration,
    /// Where databases go.
    pub(crate) scratch: TempDir,
}

/// A scenario.
pub(crate) struct Scenario {
    /// Its name.
    pub(crate) name: &'static str,
    /// One round of it.
    pub(crate) measure: fn(&Setting) -> io::Result<Vec<Figure>>,
    /// Whether it takes so long that it only runs when it is named.
    pub(crate) on_request: bool,
}

/// All scenarios but the floods.
pub(crate) const ALL: &[Scenario] = &[
    Scenario { name: "send, 1 client, 200 B", measure: |s| sends(s, 1, 200), on_request: false },
    Scenario { name: "send, 8 clients, 200 B", measure: |s| sends(s, 8, 200), on_request: false },
    Scenario { name: "send, 32 clients, 200 B", measure: |s| sends(s, 32, 200), on_request: false },
    Scenario { name: "send, 128 clients, 200 B", measure: |s| sends(s, 128, 200), on_request: false },
    Scenario { name: "send, 1 client, 49 KB", measure: |s| sends(s, 1, 49_000), on_request: false },
    Scenario { name: "send, 1 client, beside a flush", measure: flush, on_request: false },
    Scenario { name: "empty check, 1 client", measure: empty_check, on_request: false },
    Scenario { name: "hop, 1 pair", measure: hop, on_request: false },
    Scenario { name: "wake-up, 100 waiters", measure: |s| wake_up(s, 100), on_request: false },
    Scenario { name: "wake-up, 1,000 waiters", measure: |s| wake_up(s, 1_000), on_request: false },
    Scenario { name: "shim", measure: shim, on_request: false },
    Scenario { name: "daemon memory", measure: daemon_memory, on_request: false },
    Scenario { name: "hook, cold", measure: hook, on_request: false },
    Scenario { name: "recovery", measure: recovery, on_request: true },
];

fn sends(setting: &Setting, clients: usize, bytes: usize) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let mut ours = (0..clients).map(|_| Ok((rig.sender()?, send(bytes)))).collect::<io::Result<Vec<_>>>()?;
    let ours = load(&mut ours, setting.load)?;
    drop(rig);
    Ok(latency_figures(ours, beside(setting, "send", clients, bytes)?))
}

/// A send beside what the disk alone takes for two pages of a log: with a preloaded slow disk both are slow.
fn flush(setting: &Setting) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let (mut ours, _) = load(&mut [(rig.sender()?, send(200))], setting.load)?;
    drop(rig);
    let (file, page) = (std::fs::File::create(setting.scratch.path().join("flush"))?, [7; 2 * 4120]);
    file.write_all_at(&vec![0; 4 << 20], 0)?;
    let (mut flushes, began) = (Latencies::default(), Instant::now());
    for place in (0..(4 << 20) - 8_240).step_by(8_240).cycle() {
        if began.elapsed() > setting.load {
            break;
        }
        let start = Instant::now();
        file.write_all_at(&page, place)?;
        file.sync_data()?;
        flushes.0.push(micros(start.elapsed()));
    }
    let quantile = |what, share, ours: &mut Latencies, flushes: &mut Latencies| Figure {
        what,
        unit: "µs",
        ours: ours.quantile(share),
        yardstick: Some(flushes.quantile(share)),
    };
    Ok(vec![
        quantile("p50 against fdatasync", 0.5, &mut ours, &mut flushes),
        quantile("p99 against fdatasync", 0.99, &mut ours, &mut flushes),
    ])
}

fn empty_check(setting: &Setting) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let mut clients = vec![(rig.sender()?, tool_call("check_messages", "{}"))];
    let ours = load(&mut clients, setting.load)?;
    Ok(latency_figures(ours, beside(setting, "echo", 1, 0)?))
}

/// The same load on the prototype.
fn beside(
    setting: &Setting,
    tool: &str,
    clients: usize,
    bytes: usize,
) -> io::Result<Option<(Latencies, f64)>> {
    let Some(binaries) = &setting.yardstick else { return Ok(None) };
    let prototype = Prototype::start(binaries, setting.scratch.path())?;
    let mut clients = (0..clients)
        .map(|number| Ok((prototype.client()?, Prototype::line(tool, number, bytes))))
        .collect::<io::Result<Vec<_>>>()?;
    Ok(Some(load(&mut clients, setting.load)?))
}

fn latency_figures(ours: (Latencies, f64), beside: Option<(Latencies, f64)>) -> Vec<Figure> {
    let (mut ours, rate) = ours;
    let (mut theirs, their_rate) =
        beside.map_or((None, None), |(latencies, rate)| (Some(latencies), Some(rate)));
    let mut quantile = |what, share| Figure {
        what,
        unit: "µs",
        ours: ours.quantile(share),
        yardstick: theirs.as_mut().map(|latencies| latencies.quantile(share)),
    };
    vec![
        quantile("p50", 0.5),
        quantile("p99", 0.99),
        Figure { what: "rate", unit: "/s", ours: rate, yardstick: their_rate },
    ]
}

/// From a send until the partner's long poll has brought it, beside the send alone: the yardstick here is our own send.
fn hop(setting: &Setting) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let (mut a, mut b) = rig.pair()?;
    let (line, wait) = (send(200), tool_call("check_messages", r#"{"wait_seconds":60}"#));
    let (mut sent, mut arrived) = (Latencies::default(), Latencies::default());
    let until = Instant::now() + setting.load;
    while Instant::now() < until {
        b.write(&wait)?;
        park(&mut a)?;
        let began = Instant::now();
        a.call(&line)?;
        sent.0.push(micros(began.elapsed()));
        b.answer()?;
        arrived.0.push(micros(began.elapsed()));
    }
    let figure = |what, share: f64, arrived: &mut Latencies, sent: &mut Latencies| Figure {
        what,
        unit: "µs",
        ours: arrived.quantile(share),
        yardstick: Some(sent.quantile(share)),
    };
    Ok(vec![
        figure("arrival p50 against send", 0.5, &mut arrived, &mut sent),
        figure("arrival p99 against send", 0.99, &mut arrived, &mut sent),
    ])
}

/// Gives the daemon time to park the long poll before the send: two round trips of another client.
fn park(other: &mut Client) -> io::Result<()> {
    for _ in 0..2 {
        other.call(&tool_call("check_messages", "{}"))?;
    }
    Ok(())
}

fn wake_up(setting: &Setting, waiters: usize) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let (line, wait) = (send(200), tool_call("check_messages", r#"{"wait_seconds":300}"#));
    let mut pairs = Vec::new();
    for _ in 0..waiters {
        pairs.push(rig.pair()?);
    }
    for (_, b) in &mut pairs {
        b.write(&wait)?;
    }
    let mut late = Latencies::default();
    for (a, b) in &mut pairs {
        park(a)?;
        a.call(&line)?;
        let answered = Instant::now();
        b.answer()?;
        late.0.push(micros(answered.elapsed()));
    }
    let figure = |what, ours| Figure { what, unit: "µs", ours, yardstick: None };
    Ok(vec![
        figure("after the send p50", late.quantile(0.5)),
        figure("after the send p99", late.quantile(0.99)),
    ])
}

fn shim(setting: &Setting) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let clients = (0..50).map(|_| rig.client()).collect::<io::Result<Vec<_>>>()?;
    let memory =
        clients.iter().map(|client| pss_mb(client.process.0.id())).collect::<io::Result<Vec<_>>>()?;
    let mut starts = Latencies::default();
    for _ in 0..30 {
        let began = Instant::now();
        drop(rig.client()?);
        starts.0.push(micros(began.elapsed()));
    }
    drop((clients, rig));
    let their_start = setting.yardstick.as_ref().map(|_| prototype_start(setting)).transpose()?;
    let size = |path: PathBuf| std::fs::metadata(path).map(|meta| kilobytes(meta.len()));
    let theirs = setting.yardstick.as_ref().map(|binaries| size(binaries.join("shim_std"))).transpose()?;
    Ok(vec![
        Figure {
            what: "memory of each of 50 (PSS)",
            unit: "MB",
            ours: Latencies(memory).quantile(0.5),
            yardstick: None,
        },
        Figure {
            what: "start to first answer p50",
            unit: "µs",
            ours: starts.quantile(0.5),
            yardstick: their_start,
        },
        Figure {
            what: "binary",
            unit: "KB",
            ours: size(setting.binaries.join("bridge-shim"))?,
            yardstick: theirs,
        },
    ])
}

/// Microseconds from the start of the prototype's shim to its first answer.
fn prototype_start(setting: &Setting) -> io::Result<f64> {
    let Some(binaries) = &setting.yardstick else { return Ok(0.0) };
    let prototype = Prototype::start(binaries, setting.scratch.path())?;
    let (line, mut starts) = (Prototype::line("echo", 0, 0), Latencies::default());
    for _ in 0..30 {
        let began = Instant::now();
        prototype.client()?.call(&line)?;
        starts.0.push(micros(began.elapsed()));
    }
    Ok(starts.quantile(0.5))
}

fn daemon_memory(setting: &Setting) -> io::Result<Vec<Figure>> {
    let began = Instant::now();
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let start = micros(began.elapsed());
    let idle = rss_mb(rig.daemon.0.id())?;
    let clients = (0..200).map(|_| rig.client()).collect::<io::Result<Vec<_>>>()?;
    let connected = rss_mb(rig.daemon.0.id())?;
    drop(clients);
    let beside =
        setting.yardstick.as_ref().map(|binaries| Prototype::start(binaries, setting.scratch.path()));
    let theirs = beside.transpose()?.map(|prototype| rss_mb(prototype.daemon.0.id())).transpose()?;
    Ok(vec![
        Figure { what: "start until it accepts", unit: "µs", ours: start, yardstick: None },
        Figure { what: "idle (RSS)", unit: "MB", ours: idle, yardstick: theirs },
        Figure { what: "200 clients more (RSS)", unit: "MB", ours: connected - idle, yardstick: None },
    ])
}

#[expect(clippy::cast_precision_loss, reason = "a file's size")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}
