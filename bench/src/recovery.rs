//! How long agents are without the daemon after `kill -9`, with a database of a million messages.

use std::io;
use std::time::{Duration, Instant};

use super::client::{Client, micros};
use super::figures::{Figure, Latencies};
use super::raw::Raw;
use super::rig::{Rig, send, tool_call};
use super::scenarios::Setting;

/// Messages in the database.
const MESSAGES: usize = 1_000_000;
/// Conversations that they are spread over.
const CONVERSATIONS: usize = 400;
/// Connections that fill it.
const FILLERS: usize = 16;
/// Agents that are connected when the daemon dies.
const AGENTS: usize = 50;
/// Deaths.
const DEATHS: usize = 5;
/// How long agents are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fills a database, kills the daemon under load, starts it again as a service manager does.
pub(crate) fn recovery(setting: &Setting) -> io::Result<Vec<Figure>> {
    let mut rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let began = Instant::now();
    fill(&rig)?;
    let filling = began.elapsed();
    let (mut first, mut all, mut size) = (Latencies::default(), Latencies::default(), 0);
    for _ in 0..DEATHS {
        let pairs = (0..AGENTS / 2).map(|_| rig.pair()).collect::<io::Result<Vec<_>>>()?;
        let mut agents: Vec<Client> = pairs.into_iter().flat_map(|(a, b)| [a, b]).collect();
        // What was committed last is in the log alone, which is read at the start.
        let mut busy = Raw::sender(&rig.socket())?;
        busy.fill(&send(200), 5_000)?;
        rig.daemon.0.kill()?;
        rig.daemon.0.wait()?;
        size = rig.database_bytes()?;
        let dead = Instant::now();
        rig.restart()?;
        for (number, agent) in agents.iter_mut().enumerate() {
            until_served(agent, dead)?;
            if number == 0 {
                first.0.push(micros(dead.elapsed()));
            }
        }
        all.0.push(micros(dead.elapsed()));
    }
    let figure = |what, unit, ours| Figure { what, unit, ours, yardstick: None };
    #[expect(clippy::cast_precision_loss, reason = "a file's size")]
    let megabytes = size as f64 / f64::from(1 << 20);
    Ok(vec![
        figure("filling it", "s", filling.as_secs_f64()),
        figure("database and WAL", "MB", megabytes),
        figure("from death to the first agent served, median", "ms", first.quantile(0.5) / 1e3),
        figure("from death to all 50 agents served, median", "ms", all.quantile(0.5) / 1e3),
        figure("from death to all 50 agents served, worst", "ms", all.quantile(1.0) / 1e3),
    ])
}

fn fill(rig: &Rig) -> io::Result<()> {
    let socket = rig.socket();
    std::thread::scope(|scope| {
        let fillers: Vec<_> = (0..FILLERS)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..CONVERSATIONS / FILLERS {
                        Raw::sender(&socket)?.fill(&send(200), MESSAGES / CONVERSATIONS)?;
                    }
                    Ok(())
                })
            })
            .collect();
        fillers
            .into_iter()
            .map(|filler| filler.join().map_err(|_| io::Error::other("a filling thread panicked"))?)
            .collect()
    })
}

/// Calls until the daemon itself answers; errors in between say that it restarts.
fn until_served(agent: &mut Client, since: Instant) -> io::Result<()> {
    while agent.expect(&tool_call("check_partner_status", "{}")).is_err() {
        if since.elapsed() > PATIENCE {
            return Err(io::Error::other("an agent was not served again"));
        }
    }
    Ok(())
}
