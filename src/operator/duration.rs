//! ISO 8601 durations: `PT5M`, `P1DT12H`, `P2W`, `P1M`, `PT0.5S`.

use std::borrow::Cow;

use chrono::{DateTime, Months, TimeDelta, Utc};

/// The time that lies one duration before `now`: years and months by the calendar (a month before 31 March is the
/// last day of February), everything else by its length. `None` if the text is not a duration, or the time is out of
/// range. Each unit may occur once, from the largest to the smallest; only seconds may have a fraction.
pub(super) fn before(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let [years, months, weeks, days] = numbers(date, ['Y', 'M', 'W', 'D'])?;
    let (time, fraction) = fraction(time)?;
    let [hours, minutes, seconds] = numbers(&time, ['H', 'M', 'S'])?;
    let months = u32::try_from(years.checked_mul(12)?.checked_add(months)?).ok()?;
    let days = weeks.checked_mul(7)?.checked_add(days)?;
    let hours = days.checked_mul(24)?.checked_add(hours)?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    let seconds = minutes.checked_mul(60)?.checked_add(seconds)?;
    let length = TimeDelta::new(seconds, fraction)?;
    now.checked_sub_months(Months::new(months))?.checked_sub_signed(length)
}

/// The parts of a text by their units; 0 for what it lacks.
fn numbers<const N: usize>(mut text: &str, units: [char; N]) -> Option<[i64; N]> {
    let mut numbers = [0; N];
    let mut parts = units.into_iter().zip(&mut numbers);
    while !text.is_empty() {
        let end = text.find(|letter: char| !letter.is_ascii_digit())?;
        let unit = text[end..].chars().next()?;
        let (_, number) = parts.find(|(letter, _)| *letter == unit)?;
        *number = text[..end].parse().ok()?;
        text = &text[end + unit.len_utf8()..];
    }
    Some(numbers)
}

/// The time part with whole seconds only, and the fraction in nanoseconds: of `1M2.5S`, `1M2S` and half a second.
fn fraction(time: &str) -> Option<(Cow<'_, str>, u32)> {
    let Some((whole, fraction)) = time.split_once(['.', ',']) else {
        return Some((time.into(), 0));
    };
    let digits = fraction.strip_suffix('S')?;
    let is_number =
        (1..=9).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let nanoseconds = is_number.then(|| format!("{digits:0<9}").parse().ok())??;
    Some((format!("{whole}S").into(), nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_duration_is_read_part_by_part() {
        let now = at("2026-03-31T12:00:00Z");
        let milliseconds = |text| before(text, now).map(|before| (now - before).num_milliseconds());
        for (text, seconds) in [
            ("PT5M", 300.0),
            ("P1D", 86_400.0),
            ("PT1H30M", 5400.0),
            ("P1DT12H", 129_600.0),
            ("P2W", 1_209_600.0),
            ("PT0S", 0.0),
            ("PT0.5S", 0.5),
            ("PT1M1,250S", 61.25),
        ] {
            #[expect(clippy::cast_possible_truncation, reason = "exact in milliseconds")]
            let expected = (seconds * 1000.0) as i64;
            assert_eq!(milliseconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn months_and_years_are_the_calendars() {
        let now = at("2026-03-31T12:00:00Z");
        assert_eq!(before("P1M", now), Some(at("2026-02-28T12:00:00Z")));
        assert_eq!(before("P2Y1M1DT1H", now), Some(at("2024-02-28T11:00:00Z")));
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for bad in [
            "",
            "P",
            "PT",
            "P1DT",
            "5M",
            "PT5",
            "PTM",
            "PT-5M",
            "PT1.5H",
            "PT1.5H3S",
            "PT.S",
            "PT.5S",
            "PT1.S",
            "PT1.5.5S",
            "PT1.+5S",
            "P1.5D",
            "P1M1Y",
            "PT5M1H",
            "PT1M1M",
            "pt5m",
            "PT5m",
            "P5S",
            "P₹D",
            "P999999999999Y",
            "PT9223372036854775807H",
            "PT99999999999999999999S",
        ] {
            assert_eq!(before(bad, at("2026-03-31T12:00:00Z")), None, "{bad}");
        }
    }
}
