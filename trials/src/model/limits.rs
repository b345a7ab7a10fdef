//! A session's write limit: what may be let through, and what must be.

use super::Violation;

/// Milliseconds that clocks and scheduling may blur.
const BLUR: u64 = 250;

/// One window of a limit as seen from outside, over any number of restarts.
///
/// A bucket of `limit` tokens refills over `window` milliseconds. A call's token is taken somewhere between its begin
/// and its answer, and a call whose outcome is unknown may have been charged or not, so two levels are kept: the least
/// and the most that can be spent.
#[derive(Debug)]
pub struct Limits {
    limit: u64,
    window: u64,
    /// When a charged call was begun and answered, in milliseconds.
    answered: Vec<(u64, u64)>,
    /// Begin and end of calls that may have been charged, the answered ones included.
    possible: Vec<(u64, u64)>,
    violations: Vec<Violation>,
}

impl Limits {
    /// `limit` calls in `window` milliseconds.
    #[must_use]
    pub const fn new(limit: u64, window: u64) -> Self {
        Self { limit, window, answered: Vec::new(), possible: Vec::new(), violations: Vec::new() }
    }

    /// A call was answered. Times in milliseconds of one clock, in order.
    pub fn answered(&mut self, begun: u64, ended: u64) {
        self.possible.push((begun, ended));
        self.answered.push((begun, ended));
        // Every run of calls that ends with this one.
        for (index, (first, _)) in self.answered.iter().enumerate() {
            let taken = (self.answered.len() - index) as u64;
            let within_ms = ended - first + BLUR;
            let allowed = self.limit + self.limit * within_ms / self.window;
            if taken > allowed {
                self.violations.push(Violation::LimitExceeded { taken, within_ms, allowed });
                return;
            }
        }
    }

    /// Nobody knows what became of a call.
    pub fn unknown(&mut self, begun: u64, ended: u64) {
        self.possible.push((begun, ended));
    }

    /// A call was refused by this limit.
    pub fn refused(&mut self, begun: u64) {
        let most = self.most_spent(begun.saturating_sub(BLUR));
        if most + self.window <= self.limit * self.window {
            let spent = most.div_ceil(self.window);
            self.violations.push(Violation::LimitTightened { spent, limit: self.limit });
        }
    }

    /// The most that can be spent at a time, in tokens times `window`: every possible charge, as late as possible.
    fn most_spent(&self, at: u64) -> u64 {
        let (mut level, mut now) = (0_u64, 0);
        for (_, ended) in &self.possible {
            level = level.saturating_sub(ended.saturating_sub(now) * self.limit) + self.window;
            now = now.max(*ended);
        }
        level.saturating_sub(at.saturating_sub(now) * self.limit)
    }

    /// What contradicts the limit, and how many calls it let through.
    #[must_use]
    pub fn finish(self) -> (u64, Vec<Violation>) {
        (self.answered.len() as u64, self.violations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn after(history: impl FnOnce(&mut Limits)) -> Vec<Violation> {
        let mut limits = Limits::new(10, MINUTE);
        history(&mut limits);
        limits.finish().1
    }

    #[test]
    fn ten_and_a_refill_are_allowed() {
        let found = after(|limits| {
            (0..10).for_each(|n| limits.answered(n, n + 1));
            limits.refused(20);
            limits.answered(6_050, 6_051);
        });
        assert_eq!(found, []);
    }

    #[test]
    fn a_limit_that_a_restart_reset_is_seen() {
        let found = after(|limits| (0..20).for_each(|n| limits.answered(n * 10, n * 10 + 1)));
        assert!(matches!(found[0], Violation::LimitExceeded { taken: 11, .. }), "{found:?}");
    }

    #[test]
    fn a_limit_that_a_restart_tightened_is_seen() {
        let found = after(|limits| {
            (0..3).for_each(|n| limits.answered(n * 10, n * 10 + 1));
            limits.refused(1_000);
        });
        assert_eq!(found, [Violation::LimitTightened { spent: 3, limit: 10 }]);
        let found = after(|limits| {
            (0..10).for_each(|n| limits.answered(n, n + 1));
            limits.refused(30_000);
        });
        assert_eq!(found.len(), 1, "half of it is back by then");
    }

    #[test]
    fn what_may_have_been_charged_excuses_a_refusal() {
        let found = after(|limits| {
            (0..4).for_each(|n| limits.answered(n, n + 1));
            (4..10).for_each(|n| limits.unknown(n, n + 1));
            limits.refused(100);
        });
        assert_eq!(found, []);
    }
}
