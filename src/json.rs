//! JSON as .NET services read it: property names match without regard to case.

use serde_json::Value;

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
}
