//! The reason that every action needs, and the body of the actions that have nothing else.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::web::Field;

/// Why an operator acts.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Reason {
    #[schema(value_type = ReasonText, inline)]
    pub(super) reason: Field<ReasonText>,
}

/// The reason, with spaces around it trimmed: not empty, without NUL (which the database can't store), at
/// most 2000 characters. It is kept in the saga's log.
#[derive(Debug)]
pub(super) struct ReasonText(String);

impl ReasonText {
    /// The most characters.
    const MAX: usize = 2000;
    /// At least one character that is not a space, and no NUL.
    const PATTERN: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ReasonText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let text = text.trim();
        if text.is_empty() {
            return Err(D::Error::custom("is required"));
        }
        if text.contains('\0') {
            return Err(D::Error::custom("must be text"));
        }
        if text.chars().count() > Self::MAX {
            let max = Self::MAX;
            return Err(D::Error::custom(format!("must not be longer than {max} characters")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl utoipa::PartialSchema for ReasonText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(Self::PATTERN));
        text.min_length(Some(1)).max_length(Some(Self::MAX)).into()
    }
}

impl ToSchema for ReasonText {}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::web::read;

    fn reason(body: &Value) -> Result<String, String> {
        let Reason { reason } = read(body).expect("it is said later what is wrong");
        let text = reason.value().map_err(|error| error.to_string())?;
        Ok(text.as_str().to_owned())
    }

    #[test]
    fn an_action_has_a_reason() {
        let required = "reason is required";
        let long = "reason must not be longer than 2000 characters";
        for (body, error) in [
            (json!([]), required),
            (json!({}), required),
            (json!({"reason": null}), required),
            (json!({"reason": 7}), required),
            (json!({"reason": " \n"}), required),
            (json!({"reason": "a\0b"}), "reason must be text"),
            (json!({"reason": "₹".repeat(2001)}), long),
        ] {
            assert_eq!(reason(&body), Err(error.to_owned()), "{body}");
        }
        assert_eq!(reason(&json!({"Reason": " stock is back "})), Ok("stock is back".to_owned()));
        assert!(reason(&json!({"reason": format!(" {} ", "₹".repeat(2000))})).is_ok());
    }
}
