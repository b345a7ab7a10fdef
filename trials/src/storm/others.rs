//! What befalls shims, clients, connections and backups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::Pace;
use crate::backup::Backups;
use crate::board::{Board, Order, Post};
use crate::cable::Cable;
use crate::model::Violation;
use crate::plan::{Fault, Faults};
use crate::processes::signal;

const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// How often it is told how far the trial is.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Faults that are not the daemon's.
pub(crate) struct OtherTrack {
    pub(crate) board: Arc<Board>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) cables: Vec<Cable>,
    pub(crate) kill_witness: Arc<AtomicBool>,
    pub(crate) faults: Faults,
    pub(crate) pace: Pace,
    /// Is told now and then how far the trial is.
    pub(crate) tell: fn(&str),
    /// Faults that take a while.
    pub(crate) lasting: Vec<JoinHandle<()>>,
}

impl OtherTrack {
    /// Until the trial has reached its goal; then ends the storm.
    pub(crate) fn run(&mut self) {
        let (mut next, mut moved, mut seen, mut told) = (1, Instant::now(), 0, Instant::now());
        while !self.pace.is_over(&self.board) && !self.board.is_aborted() {
            if self.pace.wants_fault(&self.board, next) {
                let (fault, victim) = self.faults.next();
                self.commit(fault, victim);
                next += 1;
            }
            self.count_tears();
            if self.board.answered() != seen {
                (seen, moved) = (self.board.answered(), Instant::now());
            } else if moved.elapsed() > Pace::STANDSTILL {
                let what = format!("no send was answered for {} s", Pace::STANDSTILL.as_secs());
                self.board.violation(Violation::Stuck { what });
                self.board.abort();
            }
            if told.elapsed() > TELL_EVERY {
                told = Instant::now();
                (self.tell)(&format!("{} answered, {} faults", seen, self.board.fault_count()));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        self.board.calm_down();
        for lasting in self.lasting.drain(..) {
            // A panic in it has been printed.
            lasting.join().ok();
        }
    }

    fn commit(&mut self, fault: Fault, victim: usize) {
        let victim_post = victim % self.board.posts.len();
        let post = &self.board.posts[victim_post];
        match fault {
            Fault::KillShim => {
                if let Some(pid) = post.shim() {
                    post.shoot();
                    signal(pid, Signal::SIGKILL);
                    self.board.fault("kill -9 to bridge-shim");
                }
            }
            // An agent that has not carried out its last order is left alone.
            Fault::CrashShim(point, passage) => drop(post.give(Order::Arm(point, passage))),
            Fault::KillClient(point) => drop(post.give(Order::Die(point))),
            Fault::StopShim(duration) => {
                let board = Arc::clone(&self.board);
                self.lasting
                    .push(std::thread::spawn(move || stop(&board, &board.posts[victim_post], duration)));
            }
            Fault::Tear(bytes) => {
                if let Some(cable) = self.cables.get(victim % self.cables.len().max(1)) {
                    cable.tear_after(bytes);
                }
            }
            Fault::Backup(kill_after) => {
                let backups = Arc::clone(&self.backups);
                self.lasting.push(std::thread::spawn(move || backups.make(kill_after)));
            }
            Fault::KillWitness => self.kill_witness.store(true, Ordering::SeqCst),
        }
    }

    fn count_tears(&self) {
        for cable in &self.cables {
            if cable.was_torn() {
                self.board.fault("connection torn");
            }
        }
    }
}

/// Stops a shim for a while. One that has died meanwhile takes no harm.
fn stop(board: &Board, post: &Post, duration: Duration) {
    let Some(pid) = post.shim() else { return };
    signal(pid, Signal::SIGSTOP);
    board.fault("SIGSTOP to bridge-shim, SIGCONT later");
    std::thread::sleep(duration);
    signal(pid, Signal::SIGCONT);
}
