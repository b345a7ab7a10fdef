//! One life of the daemon after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge_failpoints::Point;
use nix::sys::signal::Signal;

use super::Pace;
use crate::backup::Backups;
use crate::board::Board;
use crate::database::to_version_1;
use crate::home::Home;
use crate::model::Violation;
use crate::plan::{Birth, Death, Life, Lives};
use crate::processes::wait_until;
use crate::service::{Service, Started};

const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// How long a point may keep the daemon waiting for its death once it is time.
const GRACE: Duration = Duration::from_secs(2);

/// Kills the daemon and starts it again.
pub(crate) struct DaemonTrack {
    pub(crate) home: Arc<Home>,
    pub(crate) board: Arc<Board>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) lives: Lives,
    pub(crate) pace: Pace,
    /// The longest time from a start until the daemon served.
    pub(crate) longest_start: Duration,
}

impl DaemonTrack {
    /// Until the storm is over; leaves a daemon that nothing befalls any more.
    pub(crate) fn run(&mut self, service: &mut Service) {
        if let Err(what) = self.lead_lives(service) {
            self.board.violation(Violation::Stuck { what });
            self.board.abort();
        }
    }

    fn lead_lives(&mut self, service: &mut Service) -> Result<(), String> {
        let passages = self.pace.messages_per_life();
        for number in 1.. {
            let life = self.lives.next(passages);
            let alive = number == 1 || self.begin(service, life)?;
            if alive {
                self.live(service, number, life)?;
            }
            if !self.board.is_stormy() {
                break;
            }
        }
        service.end(Signal::SIGKILL)?;
        self.start(service, None).map(drop)
    }

    /// True when the daemon serves.
    fn begin(&mut self, service: &mut Service, life: Life) -> Result<bool, String> {
        match life.birth {
            Birth::Plain => {}
            Birth::ByShims => {
                let began = Instant::now();
                service.leave_to_shims()?;
                self.longest_start = self.longest_start.max(began.elapsed());
                return Ok(true);
            }
            Birth::Stillborn => self.die_while_starting(service, Point::Opened)?,
            Birth::Migrating(Some(point)) => {
                to_version_1(&self.home).map_err(|error| error.to_string())?;
                self.die_while_starting(service, point)?;
            }
            Birth::Migrating(None) => {
                to_version_1(&self.home).map_err(|error| error.to_string())?;
                service.spawn(None).map_err(|error| error.to_string())?;
                std::thread::sleep(life.offset * 20);
                service.end(Signal::SIGKILL)?;
                self.board.fault("kill -9 to bridged while it starts and migrates");
            }
        }
        let armed = match life.death {
            Death::At(point, passage) => Some(point.armed(passage)),
            Death::Kill | Death::Terminate => None,
        };
        let started = self.start(service, armed.as_deref())?;
        if let (Started::Killed, Death::At(point, _)) = (&started, life.death) {
            self.board.fault(point.name());
        }
        Ok(started == Started::Serving)
    }

    fn die_while_starting(&mut self, service: &mut Service, point: Point) -> Result<(), String> {
        if self.start(service, Some(&point.armed(1)))? == Started::Serving {
            return Err(format!("bridged did not pass {} when it started", point.name()));
        }
        self.board.fault(point.name());
        Ok(())
    }

    fn start(&mut self, service: &mut Service, armed: Option<&str>) -> Result<Started, String> {
        let began = Instant::now();
        let started = service.start(armed)?;
        self.longest_start = self.longest_start.max(began.elapsed());
        Ok(started)
    }

    /// Until the daemon dies, or it is time for it to.
    fn live(&mut self, service: &mut Service, number: u64, life: Life) -> Result<(), String> {
        let mut due = None;
        loop {
            if let Some(status) = service.try_wait() {
                let Death::At(point, _) = life.death else {
                    return Err(format!("bridged ended by itself ({status}): {}", self.home.log_tail()));
                };
                self.board.fault(point.name());
                return Ok(());
            }
            if !self.board.is_stormy() {
                return Ok(());
            }
            if self.pace.ends_life(&self.board, number) {
                let since: &mut Instant = due.get_or_insert_with(Instant::now);
                let waits = matches!(life.death, Death::At(..)) && since.elapsed() < GRACE;
                if !waits {
                    return self.end(service, life);
                }
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn end(&mut self, service: &mut Service, life: Life) -> Result<(), String> {
        wait_until(life.offset, || false);
        if life.death == Death::Terminate {
            return service.end(Signal::SIGTERM);
        }
        let during = self.backups.is_under_way();
        service.end(Signal::SIGKILL)?;
        self.board.fault(if during { "kill -9 to bridged during a backup" } else { "kill -9 to bridged" });
        Ok(())
    }
}
