//! How long agents are without the daemon after `kill -9`, with a full database.

use std::io;
use std::time::{Duration, Instant};

use super::client::{Client, micros};
use super::figures::{Figure, Latencies};
use super::fill::fill;
use super::raw::Raw;
use super::rig::{Rig, megabytes, send, tool_call};
use super::scenarios::Setting;

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
    fill(&rig, setting.messages, 200)?;
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
        size = rig.database_bytes()? + rig.log_bytes()?;
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
    Ok(vec![
        Figure::alone("filling it", "s", filling.as_secs_f64()),
        Figure::alone("database and WAL", "MB", megabytes(size)),
        Figure::alone("from death to the first agent served, median", "ms", first.quantile(0.5) / 1e3),
        Figure::alone("from death to all 50 agents served, median", "ms", all.quantile(0.5) / 1e3),
        Figure::alone("from death to all 50 agents served, worst", "ms", all.quantile(1.0) / 1e3),
    ])
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
