//! Points in time as people write and read them.

use bridge_daemon::domain::time::Timestamp;
use jiff::{Span, SpanRelativeTo};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads `2026-11-21T06:22:36Z`, or a time ago such as `90s`, `10m`, `2h`, `3d` or `1w`.
pub(crate) fn parse_since(text: &str, now: Timestamp) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let ago = text
        .parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .ok()
        .and_then(|ago| i64::try_from(ago.as_millis()).ok())
        .filter(|ago| *ago >= 0);
    match ago {
        Some(ago) => Ok(now.millis().saturating_sub(ago)),
        None => Err(format!(
            "{text:?} is no time; write a time ago such as 10m, 2h or 3d, or a date and time with zone such as \
             2026-11-21T06:22:36Z"
        )),
    }
}

/// How far away a time of the wire is: `3m ago`, `in 2h`. An unreadable one is shown as it stands.
pub(crate) fn age(wire: &str, now: Timestamp) -> String {
    let Ok(time) = wire.parse::<jiff::Timestamp>() else { return crate::text::safe_text(wire).into_owned() };
    let distance = now.millis().saturating_sub(time.as_millisecond());
    match distance {
        0..1_000 => "now".to_owned(),
        1_000.. => format!("{} ago", duration(distance)),
        _ => format!("in {}", duration(distance.saturating_neg())),
    }
}

/// A length of time by its two largest units.
pub(crate) fn duration(millis: i64) -> String {
    let two = |large: i64, unit: &str, small: i64, small_unit: &str| {
        let rest = millis % large / small;
        let first = millis / large;
        if rest == 0 || first >= 10 {
            format!("{first}{unit}")
        } else {
            format!("{first}{unit} {rest}{small_unit}")
        }
    };
    match millis {
        ..SECOND => format!("{millis}ms"),
        SECOND..MINUTE => format!("{}s", millis / SECOND),
        MINUTE..HOUR => format!("{}m", millis / MINUTE),
        HOUR..DAY => two(HOUR, "h", MINUTE, "m"),
        _ => two(DAY, "d", HOUR, "h"),
    }
}

/// A time of the wire with a space instead of the `T`, for columns.
pub(crate) fn column(wire: &str) -> String {
    crate::text::safe_text(wire).replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-21T06:00:00Z
    const NOW: Timestamp = Timestamp::from_millis(1_795_240_800_000);

    #[test]
    fn times_ago_and_points_in_time() {
        let since = |text| parse_since(text, NOW).map(|millis| NOW.millis() - millis);
        assert_eq!(since("90s"), Ok(90 * SECOND));
        assert_eq!(since("10m"), Ok(10 * MINUTE));
        assert_eq!(since(" 2h "), Ok(2 * HOUR));
        assert_eq!(since("1h30m"), Ok(90 * MINUTE));
        assert_eq!(since("3d"), Ok(3 * DAY));
        assert_eq!(since("1w"), Ok(7 * DAY));
        assert_eq!(since("2026-11-21T05:59:00Z"), Ok(MINUTE));
        assert_eq!(since("2026-11-21T06:59:00+01:00"), Ok(MINUTE));
        for bad in ["", "yesterday", "10", "-5m", "2026-11-21", "1mo"] {
            assert!(since(bad).unwrap_err().contains("no time"), "{bad}");
        }
    }

    #[test]
    fn ages_name_two_units_at_most() {
        let at = |ago: i64| age(&Timestamp::from_millis(NOW.millis() - ago).to_string(), NOW);
        assert_eq!(at(0), "now");
        assert_eq!(at(59 * SECOND), "59s ago");
        assert_eq!(at(3 * MINUTE + 20 * SECOND), "3m ago");
        assert_eq!(at(2 * HOUR + 5 * MINUTE), "2h 5m ago");
        assert_eq!(at(3 * DAY), "3d ago");
        assert_eq!(at(40 * DAY + HOUR), "40d ago");
        assert_eq!(at(-3 * HOUR), "in 3h");
        assert_eq!(age("\x1bnever", NOW), r"\x1bnever");
    }
}
