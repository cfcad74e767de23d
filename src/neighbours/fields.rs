//! The fields of a JSON object, as a neighbour wrote them: names in any case, possibly repeated,
//! and numbers with all their digits.
//!
//! The invariant: a field that is present is never ignored. If it can't be read, or is present twice with
//! different values, that is an error: a response that contradicts itself proves nothing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The fields of a JSON object, in order.
#[derive(Debug)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Parses an object.
    ///
    /// # Errors
    /// If the body is not a JSON object.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|_not_one| "not a JSON object".to_owned())
    }

    /// The field as a whole number; `None` if it is missing. `2000.00` and `2e3` are whole numbers, and so
    /// is one in quotes, which is how some serialisers write numbers that JavaScript would round.
    ///
    /// # Errors
    /// If it is something else, or present twice with different values.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, String> {
        self.one(name, "whole number", |raw| {
            if !raw.starts_with('"') {
                return whole(raw);
            }
            let quoted: String = serde_json::from_str(raw).ok()?;
            let inner: &RawValue = serde_json::from_str(&quoted).ok()?;
            if inner.get() == quoted { whole(&quoted) } else { None }
        })
    }

    /// The field as a UUID; `None` if it is missing.
    ///
    /// # Errors
    /// If it is something else, or present twice with different values.
    pub fn uuid(&self, name: &str) -> Result<Option<Uuid>, String> {
        self.one(name, "UUID", |raw| serde_json::from_str(raw).ok())
    }

    /// The field as text; `None` if it is missing.
    ///
    /// # Errors
    /// If it is something else, or present twice with different values.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.one(name, "text", |raw| serde_json::from_str(raw).ok())
    }

    /// The field as text; `None` if it is missing or null.
    ///
    /// # Errors
    /// If it is something else, or present twice with different values.
    pub fn text_or_null(&self, name: &str) -> Result<Option<String>, String> {
        let text = self.one(name, "text", |raw| serde_json::from_str::<Option<String>>(raw).ok());
        Ok(text?.flatten())
    }

    /// Checks that the field is this UUID, or missing.
    ///
    /// # Errors
    /// If it is another value, or can't be read.
    pub fn check_uuid(&self, name: &str, expected: Uuid) -> Result<(), String> {
        match self.uuid(name)? {
            Some(said) if said != expected => Err(format!("its {name} is another one")),
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that the field is this number, or missing.
    ///
    /// # Errors
    /// If it is another value, or can't be read.
    pub fn check_integer(&self, name: &str, expected: i64) -> Result<(), String> {
        match self.integer(name)? {
            Some(said) if said != expected => {
                Err(format!("its {name} is {said}, which is not what was asked"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The value of every field with this name; they must all agree.
    fn one<T: PartialEq>(
        &self,
        name: &str,
        kind: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let mut said = None;
        for (called, raw) in &self.0 {
            if !called.eq_ignore_ascii_case(name) {
                continue;
            }
            let value = read(raw.get()).ok_or_else(|| format!("its {name} is no {kind}"))?;
            if said.as_ref().is_some_and(|before| *before != value) {
                return Err(format!("its {name} is there twice and says two things"));
            }
            said = Some(value);
        }
        Ok(said)
    }
}

/// The value of a JSON number, if it is whole and fits into 64 bits, however it is written. Exact: no
/// floating point is involved.
fn whole(number: &str) -> Option<i64> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    let digits = digits.trim_end_matches('0');
    if matches!(digits, "" | "-") {
        return Some(0);
    }
    // `digits` times ten to the `power` is the number.
    let trimmed = i32::try_from(before.len() + after.len() - digits.len()).ok()?;
    let power = exponent.parse::<i32>().ok()?.checked_add(trimmed)?;
    let power = power.checked_sub(i32::try_from(after.len()).ok()?)?;
    let scale = 10_i64.checked_pow(u32::try_from(power).ok()?)?;
    digits.parse::<i64>().ok()?.checked_mul(scale)
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        from.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(body: &str) -> Fields {
        Fields::parse(body.as_bytes()).expect("an object")
    }

    fn amount(value: &str) -> Result<Option<i64>, String> {
        fields(&format!(r#"{{"amount": {value}}}"#)).integer("Amount")
    }

    #[test]
    fn a_number_is_what_it_is_worth_however_it_is_written() {
        for (written, worth) in [
            ("2000", 2000),
            ("2000.00", 2000),
            ("-2000.0", -2000),
            ("2e3", 2000),
            ("2.0E+3", 2000),
            ("20000e-1", 2000),
            ("0.02e5", 2000),
            ("0", 0),
            ("-0.00", 0),
            ("0e7", 0),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            (r#""2000""#, 2000),
            (r#""2000.00""#, 2000),
        ] {
            assert_eq!(amount(written), Ok(Some(worth)), "{written}");
        }
    }

    #[test]
    fn what_is_no_whole_number_of_64_bits_is_none() {
        for written in [
            "2000.5",
            "1e-1",
            "1e19",
            "9223372036854775808",
            "1e999999999999",
            "null",
            "true",
            "[2000]",
            r#"{"value": 2000}"#,
            r#""""#,
            r#"" 2000""#,
            r#""2000 ""#,
            r#""2,000""#,
            r#""+2000""#,
            r#""two""#,
            r#""\"2000\"""#,
        ] {
            assert!(amount(written).is_err(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn every_way_to_write_a_number_means_it(number: i64, zeros in 0_usize..9, shift in 0_usize..30) {
            let plain = format!("{number}.{}", "0".repeat(zeros));
            prop_assert_eq!(amount(plain.trim_end_matches('.')), Ok(Some(number)));
            let shifted = format!("{number}{}e-{shift}", "0".repeat(shift));
            prop_assert_eq!(amount(&shifted), Ok(Some(number)));
        }
    }

    #[test]
    fn a_member_that_is_there_twice_must_say_the_same_twice() {
        let twice =
            |second: &str| fields(&format!(r#"{{"amount": 5, {second}}}"#)).integer("amount");
        assert_eq!(twice(r#""amount": 5"#), Ok(Some(5)));
        assert_eq!(twice(r#""Amount": 5.0"#), Ok(Some(5)));
        assert_eq!(twice(r#""amounts": 6"#), Ok(Some(5)));
        for second in [r#""amount": 6"#, r#""AMOUNT": 6"#, r#""Amount": null"#] {
            assert!(twice(second).is_err(), "{second}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_another() {
        let nothing = fields("{}");
        assert_eq!(nothing.text("status"), Ok(None));
        assert_eq!(nothing.check_uuid("id", Uuid::nil()), Ok(()));
        assert_eq!(nothing.check_integer("amount", 5), Ok(()));
        let other = fields(r#"{"id": null, "amount": 6}"#);
        assert!(other.check_uuid("id", Uuid::nil()).is_err());
        assert!(other.check_integer("amount", 5).is_err());
        assert!(Fields::parse(b"[]").is_err() && Fields::parse(b"5").is_err());
    }
}
