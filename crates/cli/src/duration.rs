//! Times for people: `--min-ttl 10m` in, `59m` and `2d 3h` out.

use std::time::Duration;

use authkeep_core::Timestamp;

/// Reads `90`, `90s`, `10m`, `1h30m` or `2 days`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a duration such as 90s, 10m or 1h30m".to_owned();
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    let duration: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

/// How long it is from `now` until `then`, in the two largest units; `None` if it is past.
pub(crate) fn left(now: Timestamp, then: Timestamp) -> Option<String> {
    let seconds = then.duration_since(now).as_secs();
    (seconds >= 0).then(|| rough(seconds))
}

/// How long ago `then` was.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    format!("{} ago", rough(now.duration_since(then).as_secs().max(0)))
}

fn rough(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        (1..=13, _, _) => format!("{days}d {}h", hours % 24),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let check = |text: &str, seconds: Option<u64>| {
            assert_eq!(parse(text).ok().map(|d| d.as_secs()), seconds, "{text}");
        };
        check("90", Some(90));
        check("90s", Some(90));
        check("10m", Some(600));
        check("1h30m", Some(5400));
        check("-5m", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn time_left_is_shown_in_two_units() {
        let check = |seconds, text: &str| assert_eq!(rough(seconds), text);
        check(0, "0s");
        check(59, "59s");
        check(3_599, "59m");
        check(3_600, "1h 0m");
        check(90_000, "1d 1h");
        check(86_400 * 40, "40d");
    }
}
