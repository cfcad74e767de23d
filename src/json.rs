//! JSON as .NET services read it: property names match without regard to case, the last of equal
//! ones counts, whole numbers may be strings, and a byte order mark before it is ignored.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The text behind a UTF-8 byte order mark, which .NET and PowerShell write before JSON.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Reads a request's body, and makes all property names in it lower case. Where two names differ in
/// case only, the later one counts; that has to be settled here, because a [`Map`] is sorted by name
/// and doesn't know which one came later.
///
/// # Errors
/// Where the bytes are not one JSON text in UTF-8.
pub fn read_folded(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice::<Folded>(without_mark(bytes)).map(|Folded(value)| value)
}

/// A value whose property names are lower case.
struct Folded(Value);

impl<'de> Deserialize<'de> for Folded {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Folding).map(Self)
    }
}

struct Folding;

impl<'de> Visitor<'de> for Folding {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is_true: bool) -> Result<Value, E> {
        Ok(Value::Bool(is_true))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Folded(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((mut name, Folded(value))) = entries.next_entry::<String, Folded>()? {
            name.make_ascii_lowercase();
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// The property of that name, whatever its case; the last one where there are several.
pub fn property<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let entries = object.as_object()?;
    entries.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The property as a UUID.
pub fn uuid(object: &Value, name: &str) -> Option<uuid::Uuid> {
    property(object, name)?.as_str()?.parse().ok()
}

/// The property as a whole number of 64 bits.
pub fn integer(object: &Value, name: &str) -> Option<i64> {
    property(object, name)?.as_i64()
}

/// A whole number from a request: a number (`1.0` is whole, as in JSON Schema) or a string of digits
/// only. `None` for anything else, and for a number that does not fit.
pub fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) => parse_digits(digits),
        // A whole number prints without a point, and so as digits only.
        number => number.as_u64().or_else(|| parse_digits(&number.as_f64()?.to_string())),
    }
}

/// A number written with digits alone: no sign, no point, no exponent, no space.
pub fn parse_digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The property as text.
pub fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    property(object, name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_match_without_regard_to_case() {
        let object = json!({"UserId": "x", "PRICE": 5});
        assert_eq!(text(&object, "userId"), Some("x"));
        assert_eq!(integer(&object, "price"), Some(5));
        assert_eq!(property(&json!([1]), "price"), None);
        assert_eq!(integer(&json!({"price": 1.5}), "price"), None);
    }

    #[test]
    fn if_names_differ_only_in_case_the_last_one_counts() {
        for (text, expected) in [
            (r#"{"price": 1, "Price": 2, "PRICE": 3}"#, 3),
            (r#"{"PRICE": 3, "Price": 2, "price": 1}"#, 1),
            (r#"{"price": 1, "price": 2}"#, 2),
        ] {
            let object = read_folded(text.as_bytes()).expect("JSON");
            assert_eq!(integer(&object, "price"), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_body_is_read_whole_and_as_it_is() {
        let text = r#"[null, true, -1, 18446744073709551615, 1.5, "Ä", {"A": [{"B": {}}]}]"#;
        let expected = json!([null, true, -1, u64::MAX, 1.5, "Ä", {"a": [{"b": {}}]}]);
        assert_eq!(read_folded(text.as_bytes()).expect("JSON"), expected);
        let deep = "[".repeat(100_000);
        let pair = r#""\ud800""#;
        for bad in ["", "{", "{} {}", "1e999", pair, "{\"a\" 1}", "\u{feff}\u{feff}{}", &deep] {
            assert!(read_folded(bad.as_bytes()).is_err(), "{bad:.40}");
        }
        assert!(read_folded(b"\"\xff\"").is_err());
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert_eq!(read_folded(b"\xEF\xBB\xBF {}").expect("JSON"), json!({}));
        assert_eq!(without_mark(b"\xEF\xBB"), b"\xEF\xBB");
    }

    #[test]
    fn a_whole_number_may_be_a_string_of_digits() {
        for (value, number) in [(json!(7), 7), (json!("7"), 7), (json!("007"), 7), (json!(7.0), 7)]
        {
            assert_eq!(whole_number(&value), Some(number), "{value}");
        }
        for text in ["", " 1", "1 ", "1.0", "+1", "-1", "1e0", "0x1", "١", "1_0", "1\0"] {
            assert_eq!(whole_number(&json!(text)), None, "{text:?}");
        }
        for value in [
            json!(1.5),
            json!(-1.0),
            json!(1e300),
            json!(-1),
            json!(null),
            json!([1]),
            json!("99999999999999999999"),
        ] {
            assert_eq!(whole_number(&value), None, "{value}");
        }
    }
}
