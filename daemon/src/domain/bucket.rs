//! Token buckets: capacity = limit, continuous refill.
//!
//! A bucket is kept as what was spent and not yet refilled (Turner's "leaky bucket as a meter", which is the
//! token bucket mirrored), in whole units of `token × window milliseconds`, so that refilling by `limit` units
//! per millisecond is exact and a changed limit leaves what was spent as it is.

use std::time::Duration;

use serde::Serialize;

use super::time::Timestamp;

/// The windows of a limit class, shortest first.
pub const WINDOWS: [Window; 3] = [Window::Minute, Window::Hour, Window::Day];

/// Over which time a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
}

impl Window {
    /// Length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// The word after "per".
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// How many tokens each of [`WINDOWS`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates(pub [u32; 3]);

/// What is left in each window, in whole tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Remaining {
    /// Tokens left in the minute.
    pub minute: u32,
    /// Tokens left in the hour.
    pub hour: u32,
    /// Tokens left in the day.
    pub day: u32,
}

/// A refused token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The window that is exhausted for longest.
    pub window: Window,
    /// Its limit.
    pub limit: u32,
    /// When a token will be there again if none is spent until then.
    pub retry_after: Duration,
    /// What is left now.
    pub remaining: Remaining,
}

/// Three windows that a token is taken from together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Buckets {
    /// Spent and not yet refilled, per window, in token × window milliseconds.
    pub spent: [i64; 3],
    /// The time up to which refilling is accounted for.
    pub at: Timestamp,
}

impl Buckets {
    /// Takes one token from every window, or none.
    ///
    /// # Errors
    /// [`Refused`] when any window is empty; nothing is taken then.
    pub fn take(&mut self, rates: &Rates, now: Timestamp) -> Result<Remaining, Refused> {
        self.refill(rates, now);
        let worst = WINDOWS
            .iter()
            .zip(rates.0)
            .zip(self.spent)
            .filter_map(|((&window, limit), spent)| {
                let missing = spent + window.millis() - i64::from(limit) * window.millis();
                (missing > 0).then(|| (wait(missing, limit), window, limit))
            })
            .max_by_key(|&(retry_after, ..)| retry_after);
        if let Some((retry_after, window, limit)) = worst {
            return Err(Refused { window, limit, retry_after, remaining: self.remaining(rates) });
        }
        for (spent, window) in self.spent.iter_mut().zip(WINDOWS) {
            *spent += window.millis();
        }
        Ok(self.remaining(rates))
    }

    /// Gives back a token that was taken for something that then did not happen.
    pub fn refund(&mut self) {
        for (spent, window) in self.spent.iter_mut().zip(WINDOWS) {
            *spent = (*spent - window.millis()).max(0);
        }
    }

    /// What is left at `now`.
    #[must_use]
    pub fn remaining_at(mut self, rates: &Rates, now: Timestamp) -> Remaining {
        self.refill(rates, now);
        self.remaining(rates)
    }

    fn refill(&mut self, rates: &Rates, now: Timestamp) {
        let elapsed = i64::try_from(now.since(self.at).as_millis()).unwrap_or(i64::MAX);
        for (spent, limit) in self.spent.iter_mut().zip(rates.0) {
            *spent = spent.saturating_sub(elapsed.saturating_mul(i64::from(limit))).max(0);
        }
        // A clock that went back must not stop the refill until it has caught up.
        self.at = now;
    }

    fn remaining(&self, rates: &Rates) -> Remaining {
        let left = |index: usize| {
            let (window, limit) = (WINDOWS[index].millis(), rates.0[index]);
            let free = i64::from(limit) * window - self.spent[index];
            u32::try_from(free.max(0) / window).unwrap_or(u32::MAX)
        };
        Remaining { minute: left(0), hour: left(1), day: left(2) }
    }
}

fn wait(missing_units: i64, limit: u32) -> Duration {
    match u64::from(limit) {
        0 => Duration::from_millis(Window::Day.millis().unsigned_abs()),
        limit => Duration::from_millis(missing_units.unsigned_abs().div_ceil(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATES: Rates = Rates([10, 100, 500]);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + millis)
    }

    #[test]
    fn the_eleventh_in_a_minute_is_refused_and_told_when() {
        let mut bucket = Buckets::default();
        for left in (0..10).rev() {
            assert_eq!(bucket.take(&RATES, at(0)).unwrap().minute, left);
        }
        let refused = bucket.take(&RATES, at(0)).unwrap_err();
        assert_eq!((refused.window, refused.limit), (Window::Minute, 10));
        assert_eq!(refused.retry_after, Duration::from_secs(6));
        assert!(bucket.take(&RATES, at(5_999)).is_err());
        assert!(bucket.take(&RATES, at(6_000)).is_ok());
        assert!(bucket.take(&RATES, at(6_000)).is_err());
    }

    #[test]
    fn the_hour_refuses_longer_than_the_minute() {
        let mut bucket = Buckets::default();
        let mut now = 0;
        for _ in 0..500 {
            if bucket.take(&RATES, at(now)).is_err() {
                break;
            }
            now += 6_000;
        }
        let refused = bucket.take(&RATES, at(now)).unwrap_err();
        assert_eq!(refused.window, Window::Hour);
    }

    #[test]
    fn a_refund_gives_the_token_back() {
        let mut bucket = Buckets::default();
        let before = bucket.remaining_at(&RATES, at(0));
        bucket.take(&RATES, at(0)).unwrap();
        bucket.refund();
        assert_eq!(bucket.remaining_at(&RATES, at(0)), before);
    }

    #[test]
    fn a_clock_that_goes_back_neither_refills_nor_blocks() {
        let mut bucket = Buckets::default();
        while bucket.take(&RATES, at(3_600_000)).is_ok() {}
        assert!(bucket.take(&RATES, at(0)).is_err());
        assert!(bucket.take(&RATES, at(6_000)).is_ok());
    }

    proptest! {
        #[test]
        fn never_more_than_capacity_plus_refill(steps in prop::collection::vec(0_i64..4_000, 1..400)) {
            let mut bucket = Buckets::default();
            let (mut now, mut taken) = (0, 0_i64);
            for step in steps {
                now += step;
                if bucket.take(&RATES, at(now)).is_ok() {
                    taken += 1;
                }
                prop_assert!(taken <= 10 + now / 6_000);
                prop_assert!(taken <= 100 + now / 36_000);
                prop_assert!(taken <= 500 + now / 172_800);
            }
        }

        #[test]
        fn a_refusal_tells_the_first_moment_that_works(steps in prop::collection::vec(0_i64..2_000, 1..200)) {
            let mut bucket = Buckets::default();
            let mut now = 0;
            for step in steps {
                now += step;
                if let Err(refused) = bucket.take(&RATES, at(now)) {
                    let wait = i64::try_from(refused.retry_after.as_millis()).unwrap();
                    let (mut early, mut on_time) = (bucket, bucket);
                    prop_assert!(early.take(&RATES, at(now + wait - 1)).is_err());
                    prop_assert!(on_time.take(&RATES, at(now + wait)).is_ok());
                }
            }
        }
    }
}
