//! Which faults happen, drawn from a seed alone: the same seed draws the same faults in the same order.

use std::time::Duration;

use bridge_failpoints::Point;

use crate::board::ClientPoint;
use crate::chance::Chance;

/// How one life of the daemon begins, and what it dies of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Life {
    /// What befalls it before it serves.
    pub(crate) birth: Birth,
    /// What kills it, once it is time.
    pub(crate) death: Death,
    /// So far into a moment, so that a kill does not always hit the same instruction.
    pub(crate) offset: Duration,
}

/// How a life begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    /// As a service manager would start it.
    Plain,
    /// The shims start it.
    ByShims,
    /// It dies once when the store is open, and is started again.
    Stillborn,
    /// It finds a database of the version before and dies once at that point while it migrates it; `None`: by `kill -9`.
    Migrating(Option<Point>),
}

/// What a life ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// `kill -9`.
    Kill,
    /// At that passage of a point.
    At(Point, u32),
    /// SIGTERM: no fault, but a restart like any other.
    Terminate,
}

/// A fault beside the daemon's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9` to an agent's shim.
    KillShim,
    /// An agent's shim dies at that passage of a point.
    CrashShim(Point, u32),
    /// An agent's shim stands still for so long.
    StopShim(Duration),
    /// An agent's client dies there.
    KillClient(ClientPoint),
    /// A connection is torn after so many more bytes.
    Tear(u64),
    /// A backup is made; `Some`: `kill -9` to it after so long.
    Backup(Option<Duration>),
    /// `kill -9` to the daemon whose limits are watched.
    KillWitness,
}

/// The lives of the daemon.
pub(crate) struct Lives {
    chance: Chance,
    points: bool,
}

impl Lives {
    /// `points`: whether the daemon can be killed at named points.
    pub(crate) fn new(seed: u64, points: bool) -> Self {
        Self { chance: Chance::branch(seed, "daemon"), points }
    }

    /// The next one. `passages`: about how often a life passes a point before it is time for it to end.
    pub(crate) fn next(&mut self, passages: usize) -> Life {
        // Everything is drawn every time, so that what is not used changes nothing of what comes.
        let (birth, death) = (self.chance.below(100), self.chance.below(100));
        let (migrating, serving) =
            (self.chance.one_of(&Point::MIGRATING), self.chance.one_of(&Point::SERVING));
        let passage = self.passage(serving, passages);
        let offset = Duration::from_micros(self.chance.below(3_000) as u64);
        let birth = match birth {
            0..18 => Birth::ByShims,
            18..22 if self.points => Birth::Stillborn,
            22..28 => Birth::Migrating(self.points.then_some(migrating)),
            28..31 => Birth::Migrating(None),
            _ => Birth::Plain,
        };
        let death = match death {
            0..8 => Death::Terminate,
            8..72 if self.points && birth != Birth::ByShims => Death::At(serving, passage),
            _ => Death::Kill,
        };
        Life { birth, death, offset }
    }

    fn passage(&mut self, point: Point, passages: usize) -> u32 {
        let most = match point {
            // A few of them a second at most.
            Point::BeforeCheckpoint | Point::AfterCheckpoint => 8,
            _ => passages.clamp(2, 2_000),
        };
        u32::try_from(self.chance.between(1, most)).unwrap_or(1)
    }
}

/// Everything else.
pub(crate) struct Faults {
    chance: Chance,
    points: bool,
}

impl Faults {
    /// `points`: whether the shim can be killed at named points.
    pub(crate) fn new(seed: u64, points: bool) -> Self {
        Self { chance: Chance::branch(seed, "faults"), points }
    }

    /// The next one, and a number that chooses its victim.
    pub(crate) fn next(&mut self) -> (Fault, usize) {
        let kind = self.chance.below(100);
        let (relaying, client) =
            (self.chance.one_of(&Point::RELAYING), self.chance.one_of(&ClientPoint::ALL));
        let (passage, small) = (self.chance.between(1, 60), self.chance.between(1, 4));
        let (millis, bytes, victim) =
            (self.chance.between(1, 400), self.chance.below(20_000), self.chance.below(1 << 20));
        let is_cut = self.chance.percent(60);
        let fault = match kind {
            0..18 => Fault::KillShim,
            18..52 if self.points => {
                // Only a long answer is written in parts.
                let passage = if relaying == Point::WithinAnswer { small } else { passage };
                Fault::CrashShim(relaying, u32::try_from(passage).unwrap_or(1))
            }
            52..62 => Fault::StopShim(Duration::from_millis(millis as u64)),
            62..80 => Fault::KillClient(client),
            80..92 => Fault::Tear(bytes as u64),
            92..95 => Fault::Backup(is_cut.then(|| Duration::from_millis(millis as u64))),
            95..98 => Fault::KillWitness,
            _ => Fault::KillShim,
        };
        (fault, victim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_faults() {
        let draw = |seed| {
            let (mut lives, mut faults) = (Lives::new(seed, true), Faults::new(seed, true));
            let lives: Vec<Life> = (0..200).map(|_| lives.next(300)).collect();
            (lives, (0..200).map(|_| faults.next()).collect::<Vec<_>>())
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }

    #[test]
    fn every_kind_is_drawn() {
        let (mut lives, mut faults) = (Lives::new(1, true), Faults::new(1, true));
        let lives: Vec<Life> = (0..2_000).map(|_| lives.next(300)).collect();
        let faults: Vec<Fault> = (0..4_000).map(|_| faults.next().0).collect();
        for point in Point::SERVING {
            assert!(lives.iter().any(|life| matches!(life.death, Death::At(at, _) if at == point)));
        }
        for point in Point::MIGRATING {
            assert!(lives.iter().any(|life| life.birth == Birth::Migrating(Some(point))));
        }
        for birth in [Birth::Plain, Birth::ByShims, Birth::Stillborn, Birth::Migrating(None)] {
            assert!(lives.iter().any(|life| life.birth == birth), "{birth:?}");
        }
        for death in [Death::Kill, Death::Terminate] {
            assert!(lives.iter().any(|life| life.death == death), "{death:?}");
        }
        for point in Point::RELAYING {
            assert!(faults.iter().any(|fault| matches!(fault, Fault::CrashShim(at, _) if *at == point)));
        }
        for point in ClientPoint::ALL {
            assert!(faults.contains(&Fault::KillClient(point)), "{point:?}");
        }
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Backup(Some(_)))));
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Backup(None))));
        assert!(faults.contains(&Fault::KillShim) && faults.contains(&Fault::KillWitness));
    }

    #[test]
    fn without_points_everything_is_killed_from_outside() {
        let (mut lives, mut faults) = (Lives::new(1, false), Faults::new(1, false));
        for _ in 0..500 {
            assert!(!matches!(lives.next(300).death, Death::At(..)));
            assert!(!matches!(faults.next().0, Fault::CrashShim(..)));
        }
    }
}
