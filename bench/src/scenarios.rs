//! What is measured: one function a scenario, in the module of its theme, and one line each in [`ALL`].

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::figures::Figure;
use super::footprint::{daemon_memory, idle_connections, shim};
use super::hook::hook;
use super::recovery::recovery;
use super::sends::{empty_check, flush, sends};
use super::stored::{send_beside_stored, start_over_stored};
use super::tools::tools;
use super::waits::{hop, wake_up};

/// What every scenario works with.
pub(crate) struct Setting {
    /// Where our binaries are.
    pub(crate) binaries: PathBuf,
    /// Where the prototype's are.
    pub(crate) yardstick: Option<PathBuf>,
    /// Messages in the databases of the scenarios that need many.
    pub(crate) messages: usize,
    /// Bytes of the database whose daemon is started.
    pub(crate) database_bytes: u64,
    /// How long a load lasts.
    pub(crate) load: Duration,
    /// Where databases go.
    pub(crate) scratch: TempDir,
}

/// A scenario.
pub(crate) struct Scenario {
    /// Its name.
    pub(crate) name: &'static str,
    measure: Measure,
    /// Whether it takes so long that it only runs when it is named.
    pub(crate) on_request: bool,
}

/// How it measures.
enum Measure {
    /// One round, for which it sets up everything anew.
    Round(fn(&Setting) -> io::Result<Vec<Figure>>),
    /// That many rounds, on what it sets up once, since that takes longer than to measure.
    Rounds(fn(&Setting, usize) -> io::Result<Vec<Vec<Figure>>>),
}

impl Scenario {
    /// One that always runs.
    pub(crate) const fn usual(name: &'static str, round: fn(&Setting) -> io::Result<Vec<Figure>>) -> Self {
        Self { name, measure: Measure::Round(round), on_request: false }
    }

    /// One that runs when it is named.
    pub(crate) const fn on_request(
        name: &'static str,
        round: fn(&Setting) -> io::Result<Vec<Figure>>,
    ) -> Self {
        Self { name, measure: Measure::Round(round), on_request: true }
    }

    /// One that runs when it is named, and sets up once for all rounds.
    pub(crate) const fn prepared(
        name: &'static str,
        rounds: fn(&Setting, usize) -> io::Result<Vec<Vec<Figure>>>,
    ) -> Self {
        Self { name, measure: Measure::Rounds(rounds), on_request: true }
    }

    /// The figures of each of so many rounds.
    pub(crate) fn run(&self, setting: &Setting, rounds: usize) -> io::Result<Vec<Vec<Figure>>> {
        match self.measure {
            Measure::Round(measure) => (0..rounds).map(|_| measure(setting)).collect(),
            Measure::Rounds(measure) => measure(setting, rounds),
        }
    }
}

/// All scenarios but the floods.
pub(crate) const ALL: &[Scenario] = &[
    Scenario::usual("send, 1 client, 200 B", |s| sends(s, 1, 200)),
    Scenario::usual("send, 8 clients, 200 B", |s| sends(s, 8, 200)),
    Scenario::usual("send, 32 clients, 200 B", |s| sends(s, 32, 200)),
    Scenario::usual("send, 128 clients, 200 B", |s| sends(s, 128, 200)),
    Scenario::usual("send, 1 client, 49 KB", |s| sends(s, 1, 49_000)),
    Scenario::usual("send, 1 client, beside a flush", flush),
    Scenario::usual("empty check, 1 client", empty_check),
    Scenario::usual("tools, 1 client", tools),
    Scenario::usual("hop, 1 pair", |s| hop(s, 1)),
    Scenario::usual("hop, 8 pairs", |s| hop(s, 8)),
    Scenario::usual("hop, 32 pairs", |s| hop(s, 32)),
    Scenario::usual("hop, 128 pairs", |s| hop(s, 128)),
    Scenario::usual("wake-up, 1 waiter", |s| wake_up(s, 1)),
    Scenario::usual("wake-up, 100 waiters", |s| wake_up(s, 100)),
    Scenario::usual("wake-up, 1,000 waiters", |s| wake_up(s, 1_000)),
    Scenario::usual("shim", shim),
    Scenario::usual("daemon memory", daemon_memory),
    Scenario::usual("daemon memory, 1 connection", |s| idle_connections(s, 1)),
    Scenario::usual("daemon memory, 100 connections", |s| idle_connections(s, 100)),
    Scenario::usual("daemon memory, 1,000 connections", |s| idle_connections(s, 1_000)),
    Scenario::usual("daemon memory, 10,000 connections", |s| idle_connections(s, 10_000)),
    Scenario::usual("hook, cold", hook),
    Scenario::prepared("send, 1 client, 1 M stored", send_beside_stored),
    Scenario::prepared("daemon start, 1 GB", start_over_stored),
    Scenario::on_request("recovery", recovery),
];
