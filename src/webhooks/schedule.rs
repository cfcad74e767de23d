//! When a message that failed is sent again.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The share of a pause that is left to chance, to either side.
const JITTER: f64 = 0.2;

/// The pause after an attempt that failed, as long as the schedule has one. `tries` counts the failures
/// before it; `asked` is what the endpoint asked for, which is honoured between the pause and twice as long;
/// `chance` is from 0 to 1.
pub(super) fn pause(
    schedule: &[Duration],
    tries: u32,
    asked: Option<Duration>,
    chance: f64,
) -> Option<Duration> {
    let pause = *schedule.get(usize::try_from(tries).unwrap_or(usize::MAX))?;
    Some(match asked {
        Some(asked) => asked.clamp(pause, pause.saturating_mul(2)),
        None => pause.mul_f64(1.0 - JITTER + 2.0 * JITTER * chance),
    })
}

/// `Retry-After`: seconds, or a date.
pub(super) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large for one is longer than any pause.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    (date.to_utc() - now).to_std().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: [Duration; 2] = [Duration::from_secs(10), Duration::from_mins(5)];

    #[test]
    fn pauses_follow_the_schedule_give_or_take_a_fifth() {
        let seconds = |tries, chance| {
            pause(&SCHEDULE, tries, None, chance).map(|pause| pause.as_secs_f64().round())
        };
        assert_eq!(seconds(0, 0.0), Some(8.0));
        assert_eq!(seconds(0, 1.0), Some(12.0));
        assert_eq!(seconds(1, 0.5), Some(300.0));
        assert_eq!(seconds(2, 0.5), None);
    }

    #[test]
    fn what_an_endpoint_asks_for_is_honoured_up_to_twice_the_pause() {
        for (asked, given) in [(1, 10), (10, 10), (13, 13), (20, 20), (999, 20)] {
            let pause = pause(&SCHEDULE, 0, Some(Duration::from_secs(asked)), 0.9);
            assert_eq!(pause, Some(Duration::from_secs(given)));
        }
    }

    #[test]
    fn what_an_endpoint_asks_for_is_seconds_or_a_date() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        let longest = Duration::from_secs(u64::MAX);
        assert_eq!(retry_after("99999999999999999999999", now), Some(longest));
        let date = "Thu, 01 Jan 1970 00:00:09 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(9)));
        for other in ["", "-1", "soon", "Wed, 31 Dec 1969 00:00:00 GMT"] {
            assert_eq!(retry_after(other, now), None, "{other}");
        }
    }
}
