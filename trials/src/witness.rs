//! Limits as they were: one agent under the usual limits, whose daemon is killed again and again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::agent::{Identity, Line};
use crate::answer::Answer;
use crate::board::Board;
use crate::home::Home;
use crate::model::{Limits, Violation};
use crate::programs::Programs;
use crate::service::{Service, Started};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
const MINUTE: u64 = 60_000;

/// The agent, its daemon, and what the limits must be.
pub(crate) struct Witness {
    board: Arc<Board>,
    kill: Arc<AtomicBool>,
    service: Service,
    line: Line,
    minute: Limits,
    hour: Limits,
    refusals: u64,
}

/// What it has seen.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub struct Seen {
    /// Sends that were let through.
    pub answered: u64,
    /// Sends that the limit refused.
    pub refused: u64,
}

impl Witness {
    /// `kill` is set whenever its daemon is to die.
    pub(crate) fn new(programs: &Programs, board: Arc<Board>, kill: Arc<AtomicBool>) -> io::Result<Self> {
        let home = Arc::new(Home::new(programs, "")?);
        let mut service = Service::new(Arc::clone(&home))?;
        if service.start(None).map_err(io::Error::other)? != Started::Serving {
            return Err(io::Error::other("the daemon of the witness was killed while it started"));
        }
        let own = Arc::new(Board::new(1));
        let mut line = Line::new(0, home, own, Identity::Named("witness".to_owned()), None);
        let roles = json!({"my_role": "witness", "partner_role": "nobody"});
        match line.one("create_conversation", &roles) {
            Ok(Answer::Done(_)) => {}
            other => return Err(io::Error::other(format!("the witness has no conversation: {other:?}"))),
        }
        let (minute, hour) = (Limits::new(10, MINUTE), Limits::new(100, 60 * MINUTE));
        Ok(Self { board, kill, service, line, minute, hour, refusals: 0 })
    }

    /// Sends as often as it can until the storm is over.
    pub(crate) fn run(mut self) -> Seen {
        while self.board.is_stormy() {
            self.send();
            if self.kill.swap(false, Ordering::SeqCst)
                && let Err(what) = self.kill()
            {
                self.board.violation(Violation::Stuck { what });
                break;
            }
            std::thread::sleep(PAUSE);
        }
        self.line.close();
        let (answered, mut found) = self.minute.finish();
        found.extend(self.hour.finish().1);
        found.into_iter().for_each(|violation| self.board.violation(violation));
        Seen { answered, refused: self.refusals }
    }

    fn kill(&mut self) -> Result<(), String> {
        self.service.end(Signal::SIGKILL)?;
        self.board.fault("kill -9 to the daemon whose limits are watched");
        self.service.start(None).map(drop)
    }

    fn send(&mut self) {
        let begun = self.board.now_ms();
        let answer = self.line.one("send_to_partner", &json!({"message": "once more"}));
        let ended = self.board.now_ms();
        match answer {
            Ok(Answer::Done(_)) => {
                self.minute.answered(begun, ended);
                self.hour.answered(begun, ended);
            }
            Ok(Answer::Limited(window)) => {
                self.refusals += 1;
                let refused_by = if window == "hour" { &mut self.hour } else { &mut self.minute };
                refused_by.refused(begun);
            }
            Ok(Answer::NotNow) => {}
            Ok(Answer::Unknown) | Err(_) => {
                self.minute.unknown(begun, ended);
                self.hour.unknown(begun, ended);
            }
            Ok(Answer::Refused(problem)) => {
                self.board.violation(Violation::Misanswered { agent: self.line.name(), problem });
            }
        }
    }
}
