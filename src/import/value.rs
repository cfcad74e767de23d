//! The old database's values, as its tools write them. Pure.

use chrono::{DateTime, Datelike, NaiveDateTime, SubsecRound, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

/// What a text must not be; follows the name of its column.
type Fault = &'static str;

/// A GUID in any case, with or without hyphens and braces.
pub(super) fn guid(text: &str) -> Result<Uuid, Fault> {
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    match Uuid::parse_str(inside.unwrap_or(text)) {
        Ok(id) if id.is_nil() => Err("is the GUID of nothing, all zeros"),
        Ok(id) => Ok(id),
        Err(_) => Err("is not a GUID"),
    }
}

/// Rupees as a decimal, in paise. It may be negative.
pub(super) fn paise(text: &str) -> Result<i64, Fault> {
    let has_exponent = text.contains(['e', 'E']);
    let decimal =
        if has_exponent { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    let decimal = decimal.ok().filter(|_| !text.contains('_')).ok_or("is not a decimal number")?;
    let paise = decimal.checked_mul(Decimal::ONE_HUNDRED).ok_or("is too large")?;
    if !paise.fract().is_zero() {
        return Err("is not a whole number of paise");
    }
    i64::try_from(paise).map_err(|_| "is too large")
}

/// A whole number from 1.
pub(super) fn quantity(text: &str) -> Result<i32, Fault> {
    let quantity = text.parse().ok().filter(|quantity| *quantity > 0);
    quantity.ok_or("is not a whole number from 1 to 2147483647")
}

/// A moment: in UTC unless it has an offset. Digits beyond microseconds are cut off.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, Fault> {
    read(text).filter(is_storable).map(|at| at.trunc_subsecs(6)).ok_or("is not a time")
}

fn read(text: &str) -> Option<DateTime<Utc>> {
    let (date, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix(['T', 't', ' '])?;
    // `bcp` puts a space before an offset.
    let text = format!("{date}T{}", time.replace(' ', ""));
    let with_offset = DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%#z");
    if let Ok(at) = with_offset {
        return Some(at.to_utc());
    }
    let without = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f");
    without.ok().map(|at| at.and_utc())
}

/// Years of four digits, which compare as texts in the order of time; and no 61st second.
fn is_storable(at: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year()) && at.nanosecond() < 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_read_however_they_are_written() {
        let id = Uuid::from_u128(0x0a1b_2c3d_4e5f_6071_8293_a4b5_c6d7_e8f9);
        for text in [
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9",
            "{0A1b2C3D-4E5F-6071-8293-A4B5C6D7E8F9}",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "{0a1b2c3d4e5f60718293a4b5c6d7e8f9}",
        ] {
            assert_eq!(guid(text), Ok(id), "{text}");
        }
        for text in ["0a1b2c3d-4e5f-6071-8293", "17", "{}", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg"]
        {
            assert_eq!(guid(text), Err("is not a GUID"), "{text}");
        }
        assert!(guid(&Uuid::nil().to_string()).is_err());
    }

    #[test]
    fn rupees_are_whole_paise_or_nothing() {
        for (text, amount) in [
            ("0", 0),
            ("12", 1_200),
            ("12.3", 1_230),
            ("12.34", 1_234),
            ("12.340000", 1_234),
            (".5", 50),
            ("-1.50", -150),
            ("1.234E+1", 1_234),
            ("92233720368547758.07", i64::MAX),
        ] {
            assert_eq!(paise(text), Ok(amount), "{text}");
        }
        assert_eq!(paise("12.345"), Err("is not a whole number of paise"));
        assert_eq!(paise("92233720368547758.08"), Err("is too large"));
        for text in ["", "₹5", "1,50", "1 000.00", "1_000", "NaN", "five"] {
            assert_eq!(paise(text), Err("is not a decimal number"), "{text}");
        }
    }

    #[test]
    fn times_are_utc_unless_they_say_otherwise_and_are_cut_to_microseconds() {
        for (text, told) in [
            ("2024-02-29T23:59:59", "2024-02-29T23:59:59+00:00"),
            ("2024-02-29 23:59:59.1234567", "2024-02-29T23:59:59.123456+00:00"),
            ("2024-02-29T23:59:59.9999999Z", "2024-02-29T23:59:59.999999+00:00"),
            ("2024-03-01T05:00:00+05:30", "2024-02-29T23:30:00+00:00"),
            ("2024-03-01 05:00:00.5 +05:30", "2024-02-29T23:30:00.500+00:00"),
            ("2024-03-01T05:00:00-0800", "2024-03-01T13:00:00+00:00"),
            ("0001-01-01 00:00:00", "0001-01-01T00:00:00+00:00"),
        ] {
            assert_eq!(moment(text).map(|at| at.to_rfc3339()), Ok(told.to_owned()), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2024-02-30T00:00:00",
            "2024-02-29",
            "29.02.2024 10:00:00",
            "Feb 29 2024 10:00AM",
            "0001-01-01T00:00:00+05:30",
            "2024-06-30T23:59:60Z",
            "12024-06-30T23:59:00Z",
        ] {
            assert_eq!(moment(text), Err("is not a time"), "{text}");
        }
    }

    #[test]
    fn quantities_are_whole_and_positive() {
        assert_eq!(quantity("3"), Ok(3));
        for text in ["0", "-1", "1.5", "2147483648", "two"] {
            assert!(quantity(text).is_err(), "{text}");
        }
    }
}
