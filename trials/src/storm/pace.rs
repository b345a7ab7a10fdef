//! When the next fault is due: faults are spread over the whole trial.

use std::time::Duration;

use serde::Serialize;

use crate::board::Board;

/// Percent of all faults that befall the daemon.
const DAEMONS_SHARE: u64 = 45;
/// Messages a second on a small machine, roughly: decides only how often a point is passed before it kills.
const USUAL_RATE: u64 = 120;

/// When a trial is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// When so many sends were answered and so many faults have happened.
    Messages(u64),
    /// After so long.
    Seconds(u64),
}

/// How far a trial is, and which share of its faults is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    goal: Goal,
    faults: u64,
}

impl Default for Goal {
    fn default() -> Self {
        Self::Messages(0)
    }
}

impl Pace {
    pub(crate) fn new(goal: Goal, faults: u64) -> Self {
        Self { goal, faults: faults.max(1) }
    }

    fn daemons_faults(self) -> u64 {
        (self.faults * DAEMONS_SHARE).div_ceil(100)
    }

    /// Parts of the goal that are reached, and the goal.
    fn progress(self, board: &Board) -> (u64, u64) {
        match self.goal {
            Goal::Messages(messages) => (board.answered(), messages.max(1)),
            Goal::Seconds(seconds) => (board.now_ms(), seconds.max(1) * 1_000),
        }
    }

    fn is_due(self, board: &Board, number: u64, of: u64) -> bool {
        let (reached, goal) = self.progress(board);
        reached * of.max(1) >= number * goal
    }

    /// Whether the daemon's life of that number, counted from one, is to end.
    pub(crate) fn ends_life(self, board: &Board, number: u64) -> bool {
        self.is_due(board, number, self.daemons_faults())
    }

    /// Whether the other fault of that number, counted from one, is due.
    pub(crate) fn wants_fault(self, board: &Board, number: u64) -> bool {
        self.is_due(board, number, self.faults - self.daemons_faults().min(self.faults - 1))
    }

    /// Whether the trial has reached its goal.
    pub(crate) fn is_over(self, board: &Board) -> bool {
        let (reached, goal) = self.progress(board);
        reached >= goal && (matches!(self.goal, Goal::Seconds(_)) || board.fault_count() >= self.faults)
    }

    /// About how many messages one life of the daemon carries.
    pub(crate) fn messages_per_life(self) -> usize {
        let messages = match self.goal {
            Goal::Messages(messages) => messages,
            Goal::Seconds(seconds) => seconds * USUAL_RATE,
        };
        usize::try_from(messages / self.daemons_faults()).unwrap_or(usize::MAX)
    }

    /// How long nothing may move before the trial is given up.
    pub(crate) const STANDSTILL: Duration = Duration::from_secs(120);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_spread_over_the_messages() {
        let (board, pace) = (Board::new(2), Pace::new(Goal::Messages(1_000), 100));
        assert!(!pace.ends_life(&board, 1) && !pace.wants_fault(&board, 1));
        for _ in 0..500 {
            board.sent(None);
        }
        assert!(pace.ends_life(&board, 22) && !pace.ends_life(&board, 23));
        assert!(pace.wants_fault(&board, 27) && !pace.wants_fault(&board, 28));
        assert_eq!(pace.messages_per_life(), 22);
    }

    #[test]
    fn a_trial_is_over_when_both_are_reached() {
        let (board, pace) = (Board::new(2), Pace::new(Goal::Messages(2), 1));
        board.sent(None);
        board.sent(None);
        assert!(!pace.is_over(&board));
        board.fault("x");
        assert!(pace.is_over(&board));
    }
}
