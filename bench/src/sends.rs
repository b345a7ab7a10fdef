//! Sends and empty checks under load, beside the same on the prototype.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

use super::client::{load, micros};
use super::figures::{Figure, Latencies};
use super::rig::{Rig, send, tool_call};
use super::scenarios::Setting;
use super::yardstick::Prototype;

/// So many clients that send messages of that size, as fast as they are answered.
pub(crate) fn sends(setting: &Setting, clients: usize, bytes: usize) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let mut ours = (0..clients).map(|_| Ok((rig.sender()?, send(bytes)))).collect::<io::Result<Vec<_>>>()?;
    let ours = load(&mut ours, setting.load)?;
    drop(rig);
    Ok(latency_figures(ours, beside(setting, "send", clients, bytes)?))
}

/// A send beside what the disk alone takes for two pages of a log: with a preloaded slow disk both are slow.
pub(crate) fn flush(setting: &Setting) -> io::Result<Vec<Figure>> {
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
    Ok(vec![
        ours.against(&mut flushes, "p50 against fdatasync", 0.5),
        ours.against(&mut flushes, "p99 against fdatasync", 0.99),
    ])
}

/// Checks of a mailbox with nothing in it; the prototype's echo through both hops beside them.
pub(crate) fn empty_check(setting: &Setting) -> io::Result<Vec<Figure>> {
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
