//! What our processes take of the machine: memory, time to start, disk.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::client::{Process, micros};
use super::figures::{Figure, Latencies};
use super::memory::{pss_mb, rss_mb};
use super::raw::Raw;
use super::rig::Rig;
use super::scenarios::Setting;
use super::yardstick::Prototype;

/// What a shim takes: memory, time until it is of use, disk.
pub(crate) fn shim(setting: &Setting) -> io::Result<Vec<Figure>> {
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
        Figure::alone("memory of each of 50 (PSS)", "MB", Latencies(memory).quantile(0.5)),
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

/// What a daemon takes with nobody and with few, and how long it starts over an empty database.
pub(crate) fn daemon_memory(setting: &Setting) -> io::Result<Vec<Figure>> {
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
        Figure::alone("start until it accepts", "µs", start),
        Figure { what: "idle (RSS)", unit: "MB", ours: idle, yardstick: theirs },
        Figure::alone("200 clients more (RSS)", "MB", connected - idle),
    ])
}

/// What connections cost that have said hello and shaken hands and wait; no shims, so that this process holds them all.
///
/// Each of the prototype's has made one echo call: it knows no handshake, but has used the connection as well.
pub(crate) fn idle_connections(setting: &Setting, count: usize) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let ours = grown(&rig.daemon, count, |_| Raw::client(&rig.socket()))?;
    drop(rig);
    let theirs = setting.yardstick.as_ref().map(|binaries| {
        let prototype = Prototype::start(binaries, setting.scratch.path())?;
        grown(&prototype.daemon, count, |number| {
            let mut raw = Raw::connect(prototype.socket())?;
            raw.call(&Prototype::line("echo", number, 200))?;
            Ok(raw)
        })
    });
    let theirs: Option<Memory> = theirs.transpose()?;
    let figure = |what, unit, of: fn(&Memory) -> f64| Figure {
        what,
        unit,
        ours: of(&ours),
        yardstick: theirs.as_ref().map(of),
    };
    Ok(vec![
        figure("idle (RSS)", "MB", |memory| memory.all),
        figure("each connection (RSS)", "KB", |memory| memory.each),
    ])
}

/// Resident memory of a daemon with open connections.
struct Memory {
    /// In MB.
    all: f64,
    /// What one connection added, in KB.
    each: f64,
}

/// How much a daemon takes once that many connections are open.
fn grown(daemon: &Process, count: usize, connect: impl Fn(usize) -> io::Result<Raw>) -> io::Result<Memory> {
    let before = rss_mb(daemon.0.id())?;
    let open = (0..count).map(connect).collect::<io::Result<Vec<_>>>()?;
    std::thread::sleep(SETTLED);
    let all = rss_mb(daemon.0.id())?;
    drop(open);
    #[expect(clippy::cast_precision_loss, reason = "a count of connections")]
    let each = (all - before) * 1024.0 / count as f64;
    Ok(Memory { all, each })
}

/// After which a daemon has done what it does behind its last answer; the prototype's own measurement waits as long.
const SETTLED: Duration = Duration::from_millis(400);

#[expect(clippy::cast_precision_loss, reason = "a file's size")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}
