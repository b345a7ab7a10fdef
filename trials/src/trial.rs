//! A trial from start to end.

use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::agent::{Agent, pairs};
use crate::backup::{Backups, succeed};
use crate::board::Board;
use crate::cable::Cable;
use crate::database;
use crate::home::Home;
use crate::model::Violation;
use crate::plan::{Faults, Lives};
use crate::programs::Programs;
use crate::report::Report;
use crate::service::{Service, Started};
use crate::storm::{DaemonTrack, Goal, OtherTrack, Pace};
use crate::wanderers::{FIRST, Wanderers};
use crate::witness::Witness;

/// Limits that no agent of the storm reaches.
const NO_LIMITS: &str = "
[limits.write]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
[limits.read]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
[limits.create]
per_minute = 10000000
per_hour = 10000000
per_day = 10000000
";

/// What a trial is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is tried.
    pub programs: Programs,
    /// Draws the faults and what agents do.
    pub seed: u64,
    /// When it is over.
    pub goal: Goal,
    /// Faults in that time; at least as many, if the goal is a number of messages.
    pub faults: u64,
    /// Pairs of agents, at least one.
    pub pairs: usize,
    /// Is told now and then how far the trial is.
    pub tell: fn(&str),
}

/// Runs a trial.
///
/// # Errors
/// When it could not begin: a program cannot be run, or there is no room for its files.
pub fn run(options: &Options) -> io::Result<Report> {
    let failpoints = options.programs.have_failpoints()?;
    let mut trial = Trial::begin(options)?;
    let agents = trial.agents(options)?;
    let kill_witness = Arc::new(AtomicBool::new(false));
    let witness = Witness::new(&options.programs, Arc::clone(&trial.board), Arc::clone(&kill_witness))?;
    let pace = Pace::new(options.goal, options.faults);
    let daemon = DaemonTrack {
        home: Arc::clone(&trial.home),
        board: Arc::clone(&trial.board),
        backups: Arc::clone(&trial.backups),
        lives: Lives::new(options.seed, failpoints),
        pace,
        longest_start: Duration::ZERO,
    };
    let others = OtherTrack {
        board: Arc::clone(&trial.board),
        backups: Arc::clone(&trial.backups),
        cables: std::mem::take(&mut trial.cables),
        kill_witness,
        faults: Faults::new(options.seed, failpoints),
        pace,
        tell: options.tell,
        lasting: Vec::new(),
    };
    let mut report = Report::new(options, failpoints);
    trial.weather(agents, witness, daemon, others, &mut report);
    trial.conclude(options, &mut report);
    Ok(report)
}

struct Trial {
    home: Arc<Home>,
    board: Arc<Board>,
    backups: Arc<Backups>,
    cables: Vec<Cable>,
    service: Service,
}

impl Trial {
    /// A daemon that serves, and nobody yet.
    fn begin(options: &Options) -> io::Result<Self> {
        let home = Arc::new(Home::new(&options.programs, NO_LIMITS)?);
        let board = Arc::new(Board::new(2 * options.pairs));
        let backups = Arc::new(Backups::new(Arc::clone(&home), Arc::clone(&board)));
        let mut service = Service::new(Arc::clone(&home))?;
        if service.start(None).map_err(io::Error::other)? != Started::Serving {
            return Err(io::Error::other("bridged was killed while it started"));
        }
        let lay = |number: usize| Cable::lay(home.root().join(format!("cable{number}")), &home.paths.socket);
        let cables = (0..options.pairs.div_ceil(2)).map(lay).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { home, board, backups, cables, service })
    }

    /// Every fourth agent hangs on a cable.
    fn agents(&self, options: &Options) -> io::Result<Vec<Agent>> {
        let cable = |agent: usize| {
            let cable = self.cables.get(agent / 4).filter(|_| agent.is_multiple_of(4));
            cable.map(|cable| cable.path().to_owned())
        };
        pairs(options.pairs, options.seed, &self.home, &self.board, cable)
    }

    /// Agents talk and things die, until the goal is reached and the agents have seen everything through.
    fn weather(
        &mut self,
        agents: Vec<Agent>,
        witness: Witness,
        mut daemon: DaemonTrack,
        mut others: OtherTrack,
        report: &mut Report,
    ) {
        let service = &mut self.service;
        let board = Arc::clone(&self.board);
        let wanderers = Wanderers::new(&self.home, Arc::clone(&board));
        std::thread::scope(|scope| {
            for agent in agents {
                scope.spawn(move || agent.run());
            }
            let witness = scope.spawn(move || witness.run());
            let wanderers = scope.spawn(move || wanderers.run());
            let daemon = scope.spawn(move || {
                daemon.run(service);
                daemon.longest_start
            });
            others.run();
            report.seconds = board.elapsed().as_secs();
            // A panic in one of them has been printed, and is no answer to a promise.
            let lost =
                |_| board.violation(Violation::Stuck { what: "a thread of the trial died".to_owned() });
            report.founded = wanderers.join().map_err(lost).unwrap_or_default();
            report.limited = witness.join().map_err(lost).unwrap_or_default();
            report.longest_start_ms = millis(daemon.join().map_err(lost).unwrap_or_default());
        });
    }

    /// Ends the daemon in good order, verifies what is left, and judges everything that was observed.
    fn conclude(mut self, options: &Options, report: &mut Report) {
        let mut whole = Vec::new();
        let mut check = |what: &'static str, result: Result<(), String>| {
            whole.extend(result.err().map(|finding| Violation::NotWhole { what, finding }));
        };
        check("the end of bridged", self.service.end(Signal::SIGTERM));
        check("the audit trail", succeed(self.ctl(&["audit", "verify"])));
        check("the database", succeed(self.ctl(&["db", "check"])));
        check("the last backup", self.backups.prove(&options.programs));
        let stored = database::messages(&self.home, FIRST);
        let (tallies, mut violations) = self.board.judge();
        violations.append(&mut whole);
        report.count(&tallies, &violations);
        if !self.board.is_aborted() && stored.as_ref().ok() != Some(&report.arrived) {
            let finding = format!("{stored:?} messages are stored, {} have arrived", report.arrived);
            violations.push(Violation::NotWhole { what: "the database", finding });
            report.blame(&violations);
        }
        report.faults = self.board.fault_count();
        report.faults_by_kind = self.board.faults();
        report.backups = self.backups.made();
        report.recoveries = self.board.recoveries();
        if !report.is_clean() {
            report.kept = Some(self.home.keep().display().to_string());
        }
    }

    fn ctl(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.bridgectl();
        command.args(arguments);
        command
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
