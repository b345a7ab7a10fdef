//! What a full database changes, beside an empty one in turn.

use std::io;
use std::time::Instant;

use super::client::micros;
use super::figures::{Figure, Latencies};
use super::fill::fill;
use super::raw::Raw;
use super::rig::{Rig, megabytes, send, wait_for};
use super::scenarios::Setting;
use super::twins::Twins;

/// Starts of each kind in a round.
const STARTS: usize = 5;
/// Messages that are only in the log when a daemon is killed.
const IN_THE_LOG: usize = 1_000;

/// A send to a daemon with many messages stored, beside one to a daemon with none.
pub(crate) fn send_beside_stored(setting: &Setting, rounds: usize) -> io::Result<Vec<Vec<Figure>>> {
    let twins = Twins::start(setting)?;
    fill(&twins.heavy, setting.messages, 200)?;
    // Else the first rounds measure how the kernel writes all that.
    nix::unistd::sync();
    let size = megabytes(twins.heavy.database_bytes()?);
    (0..rounds)
        .map(|_| {
            let (mut full, mut empty) = twins.sends(setting.load)?;
            Ok(vec![
                full.against(&mut empty, "p50 against an empty store", 0.5),
                full.against(&mut empty, "p99 against an empty store", 0.99),
                Figure::alone("database", "MB", size),
            ])
        })
        .collect()
}

/// From the start of a daemon until it accepts, over a large database and over a small one; both are in the page cache.
pub(crate) fn start_over_stored(setting: &Setting, rounds: usize) -> io::Result<Vec<Vec<Figure>>> {
    let mut twins = Twins::start(setting)?;
    while twins.heavy.database_bytes()? < setting.database_bytes {
        fill(&twins.heavy, 2_000, 49_000)?;
    }
    nix::unistd::sync();
    (0..rounds).map(|_| starts(&mut twins)).collect()
}

fn starts(twins: &mut Twins) -> io::Result<Vec<Figure>> {
    let (mut large, mut small) = (Starts::default(), Starts::default());
    for _ in 0..STARTS {
        large.sample(&mut twins.heavy)?;
        small.sample(&mut twins.light)?;
    }
    let figure = |what, large: &mut Latencies, small: &mut Latencies| {
        Figure::beside(what, "ms", large.quantile(0.5) / 1e3, small.quantile(0.5) / 1e3)
    };
    Ok(vec![
        figure("after SIGTERM p50 against a small one", &mut large.ended, &mut small.ended),
        figure("after kill -9 p50 against a small one", &mut large.killed, &mut small.killed),
        Figure::alone("database", "MB", megabytes(twins.heavy.database_bytes()?)),
    ])
}

/// How long starts took.
#[derive(Default)]
struct Starts {
    /// After a daemon that ended by itself.
    ended: Latencies,
    /// After one that was killed, with a log to be read.
    killed: Latencies,
}

impl Starts {
    /// One of each.
    fn sample(&mut self, rig: &mut Rig) -> io::Result<()> {
        rig.daemon.terminate()?;
        self.ended.0.push(restarted(rig)?);
        Raw::sender(&rig.socket())?.fill(&send(200), IN_THE_LOG)?;
        rig.daemon.0.kill()?;
        rig.daemon.0.wait()?;
        self.killed.0.push(restarted(rig)?);
        Ok(())
    }
}

/// Microseconds until a new daemon accepts.
fn restarted(rig: &mut Rig) -> io::Result<f64> {
    let began = Instant::now();
    rig.restart()?;
    wait_for(&rig.socket())?;
    Ok(micros(began.elapsed()))
}
