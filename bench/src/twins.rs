//! Two daemons in turn: one that something was done to, and a fresh one beside it.

use std::io;
use std::time::{Duration, Instant};

use super::client::{Client, micros};
use super::figures::Latencies;
use super::rig::{Rig, send};
use super::scenarios::Setting;

/// Turns of each of two in one round.
pub(crate) const TURNS: u32 = 4;

/// The two daemons.
pub(crate) struct Twins {
    /// The one that is burdened.
    pub(crate) heavy: Rig,
    /// The one that stays as it was.
    pub(crate) light: Rig,
}

impl Twins {
    /// Starts both over empty databases.
    pub(crate) fn start(setting: &Setting) -> io::Result<Self> {
        let rig = |name: &str| Rig::start(&setting.binaries, &setting.scratch.path().join(name));
        Ok(Self { heavy: rig("heavy")?, light: rig("light")? })
    }

    /// One client's sends to each in turn, for a while each: the burdened daemon's latencies, the fresh one's.
    pub(crate) fn sends(&self, during: Duration) -> io::Result<(Latencies, Latencies)> {
        let (mut heavy, mut light) = (Latencies::default(), Latencies::default());
        let (mut beside_heavy, mut beside_light) = (self.heavy.sender()?, self.light.sender()?);
        for _ in 0..TURNS {
            sample(&mut beside_light, &mut light, during / TURNS)?;
            sample(&mut beside_heavy, &mut heavy, during / TURNS)?;
        }
        Ok((heavy, light))
    }
}

/// Sends again and again for a while.
pub(crate) fn sample(client: &mut Client, into: &mut Latencies, during: Duration) -> io::Result<()> {
    let (line, until) = (send(200), Instant::now() + during);
    while Instant::now() < until {
        let (_, took) = client.timed(&line)?;
        into.0.push(micros(took));
    }
    Ok(())
}
