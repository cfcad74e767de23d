//! A short text in a request's body.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// 1 to 200 characters without spaces around them, none of them a control character.
#[derive(Clone, Debug)]
pub(super) struct ShortText(pub(super) String);

impl ShortText {
    const MAX: usize = 200;
    const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
}

impl<'de> Deserialize<'de> for ShortText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let text = text.trim();
        if text.is_empty() {
            return Err(D::Error::custom("is required"));
        }
        if text.chars().any(char::is_control) {
            return Err(D::Error::custom("must not have control characters"));
        }
        if text.chars().count() > Self::MAX {
            let max = Self::MAX;
            return Err(D::Error::custom(format!("must not be longer than {max} characters")));
        }
        Ok(Self(text.to_owned()))
    }
}

impl utoipa::PartialSchema for ShortText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(Self::PATTERN));
        text.min_length(Some(1)).max_length(Some(Self::MAX)).into()
    }
}

impl ToSchema for ShortText {}
