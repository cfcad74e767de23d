//! ISO 8601 durations: `PT5M`, `P1DT12H`, `P2W`.

use chrono::TimeDelta;

/// Parses whole numbers of weeks, days, hours, minutes and seconds; `None` for anything else. Years and
/// months are refused because their length varies.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let days = seconds(days, &[('W', 604_800), ('D', 86_400)])?;
    let time = seconds(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
    TimeDelta::try_seconds(days.checked_add(time)?)
}

/// The sum of the parts in seconds; each unit may occur once, in this order.
fn seconds(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    let mut units = units.iter();
    while !text.is_empty() {
        let end = text.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let (_, length) = units.find(|(letter, _)| *letter == unit)?;
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*length)?)?;
        text = &rest[unit.len_utf8()..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_part_by_part() {
        let seconds = |text| duration(text).map(|duration| duration.num_seconds());
        assert_eq!(seconds("PT5M"), Some(300));
        assert_eq!(seconds("P1D"), Some(86_400));
        assert_eq!(seconds("PT1H30M"), Some(5400));
        assert_eq!(seconds("P1DT12H"), Some(129_600));
        assert_eq!(seconds("P2W"), Some(1_209_600));
        assert_eq!(seconds("PT0S"), Some(0));
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
            "P1M",
            "P1Y",
            "PT5M1H",
            "PT1M1M",
            "pt5m",
            "PT5m",
            "P5S",
            "P₹D",
            "PT9223372036854775807H",
            "PT99999999999999999999S",
        ] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
