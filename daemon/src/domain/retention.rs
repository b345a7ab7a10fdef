//! How long things are kept that nobody needs to go on.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// The shortest time that audit rows can be kept: rows younger than a flush of the seal must stay comparable with it.
const LEAST_AUDIT: Duration = Duration::from_secs(24 * 60 * 60);

/// `[retention]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Retention {
    /// How long after its end a conversation is removed with its messages.
    #[schemars(with = "String", extend("x-type" = "time such as `12h`, `30d`, `8w`, or `never`"))]
    pub expired_after: Keep,
    /// How long after it was written an audit row is removed, behind a sealed anchor; at least `1d`.
    #[schemars(with = "String", extend("x-type" = "time such as `12h`, `30d`, `8w`, or `never`"))]
    pub audit_after: Keep,
}

impl Default for Retention {
    fn default() -> Self {
        Self { expired_after: Keep::For(Duration::from_secs(30 * 24 * 60 * 60)), audit_after: Keep::Forever }
    }
}

impl Retention {
    /// The key of a value out of its range, and what is wrong with it.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, String)> {
        match self.audit_after {
            Keep::For(age) if age < LEAST_AUDIT => Some((
                "retention.audit_after",
                "must be at least 1d, or \"never\" to keep all rows".to_owned(),
            )),
            Keep::For(_) | Keep::Forever => None,
        }
    }
}

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Keep {
    /// `never` removed.
    Forever,
    /// Removed that much later, in whole seconds.
    For(Duration),
}

impl Keep {
    /// What was there before that point has been kept long enough. `None` when everything stays.
    #[must_use]
    pub fn cutoff(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Forever => None,
            Self::For(age) => {
                let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
                Some(Timestamp::from_millis(now.millis().saturating_sub(millis)))
            }
        }
    }
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Forever);
        }
        text.parse::<Span>()
            .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
            .ok()
            .and_then(|duration| u64::try_from(duration.as_secs()).ok())
            .map(|seconds| Self::For(Duration::from_secs(seconds)))
            .ok_or_else(|| format!("{text:?} is no length of time; write 12h, 30d, 8w or \"never\""))
    }
}

impl TryFrom<String> for Keep {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Keep> for String {
    fn from(keep: Keep) -> Self {
        keep.to_string()
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => formatter.write_str("never"),
            Self::For(age) => {
                let seconds = age.as_secs();
                let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
                let fitting = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length));
                let (length, unit) = fitting.unwrap_or((1, 's'));
                write!(formatter, "{}{unit}", seconds / length)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_as_people_write_it() {
        for (text, seconds) in [("7d", 604_800), ("2w", 1_209_600), ("36h", 129_600), ("90s", 90), ("0s", 0)]
        {
            assert_eq!(text.parse::<Keep>().unwrap(), Keep::For(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!("never".parse::<Keep>().unwrap(), Keep::Forever);
        for text in ["", "7", "-7d", "soon", "1y"] {
            assert!(text.parse::<Keep>().unwrap_err().contains("30d"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn shown_as_it_is_read(seconds in 0..4_000_000_000_u64) {
            let keep = Keep::For(Duration::from_secs(seconds));
            prop_assert_eq!(keep.to_string().parse::<Keep>().unwrap(), keep);
        }
    }

    #[test]
    fn a_clock_that_went_back_removes_nothing_more() {
        let keep = Keep::For(Duration::from_secs(60));
        let before = keep.cutoff(Timestamp::from_millis(1_000_000)).unwrap();
        assert_eq!(before.millis(), 940_000);
        assert!(keep.cutoff(Timestamp::from_millis(500_000)).unwrap() < before);
        // A machine that woke up in 1970.
        assert!(keep.cutoff(Timestamp::from_millis(0)).unwrap().millis() < 0);
        assert_eq!(Keep::Forever.cutoff(Timestamp::from_millis(i64::MAX)), None);
        let longest = Keep::For(Duration::MAX);
        assert_eq!(longest.cutoff(Timestamp::from_millis(0)).unwrap().millis(), -i64::MAX);
    }

    #[test]
    fn audit_rows_stay_a_day_at_least() {
        let keeping = |audit_after| Retention { audit_after, ..Retention::default() };
        assert_eq!(Retention::default().problem(), None);
        assert_eq!(keeping("1d".parse().unwrap()).problem(), None);
        assert_eq!(keeping("23h".parse().unwrap()).problem().unwrap().0, "retention.audit_after");
    }
}
