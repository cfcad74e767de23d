//! Formats amounts and times for people.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::text::one_line;

/// `paise` as rupees with two decimals: `₹1234.50`.
pub(super) fn rupees(paise: i64) -> String {
    let sign = if paise < 0 { "-" } else { "" };
    let paise = paise.unsigned_abs();
    format!("{sign}₹{}.{:02}", paise / 100, paise % 100)
}

/// `seconds` in their two largest units: `3m 12s`. Negative ones count as zero.
pub(super) fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m {rest}s"),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// `milliseconds` of one call: `87ms`, `30.0s`.
pub(super) fn took(milliseconds: f64) -> String {
    if milliseconds < 1000.0 {
        format!("{milliseconds:.0}ms")
    } else {
        format!("{:.1}s", milliseconds / 1000.0)
    }
}

/// UTC to the millisecond, so that the moment can be found in other logs.
pub(super) fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An ISO 8601 duration, from one (`PT10M`) or from text such as `10m` or `2h 30m`.
pub(super) fn iso_duration(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.starts_with(['P', 'p']) {
        return Ok(text.to_ascii_uppercase());
    }
    match humantime::parse_duration(text) {
        Ok(duration) => Ok(format!("PT{}S", duration.as_secs())),
        Err(_) => Err("write a duration such as 10m, 2h or PT10M".to_owned()),
    }
}

/// A text on one line, shortened to fit a cell.
pub(super) fn clipped(text: &str, width: usize) -> String {
    let text = one_line(text);
    if text.chars().count() <= width {
        return text;
    }
    let kept = text.chars().take(width.saturating_sub(1)).collect::<String>();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rupees_with_two_decimals() {
        assert_eq!(rupees(0), "₹0.00");
        assert_eq!(rupees(123_405), "₹1234.05");
        assert_eq!(rupees(-7), "-₹0.07");
        assert_eq!(rupees(i64::MIN), "-₹92233720368547758.08");
    }

    #[test]
    fn ages_are_told_in_their_two_largest_units() {
        assert_eq!(age(-4), "0s");
        assert_eq!(age(59), "59s");
        assert_eq!(age(192), "3m 12s");
        assert_eq!(age(7500), "2h 5m");
        assert_eq!(age(277_200), "3d 5h");
    }

    #[test]
    fn a_duration_is_sent_as_iso_8601_however_it_was_written() {
        assert_eq!(iso_duration("2h 30m").as_deref(), Ok("PT9000S"));
        assert_eq!(iso_duration("pt10m").as_deref(), Ok("PT10M"));
        assert!(iso_duration("10").is_err());
    }

    #[test]
    fn a_long_text_is_clipped_to_one_line_by_letters_not_bytes() {
        assert_eq!(clipped("₹₹₹\n₹₹", 4), "₹₹₹…");
        assert_eq!(clipped("a\nb", 4), "a b");
    }
}
