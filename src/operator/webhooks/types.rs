//! The types of events that an endpoint wants, in a request's body.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::events::TypeFilter;

/// Filters by type, at least one.
#[derive(Clone, Debug)]
pub(super) struct Types(pub(super) Vec<String>);

impl Types {
    const MOST: usize = 50;
    /// The longest filter, in bytes.
    const LONGEST: usize = 100;
    const PATTERN: &str = r"^(\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?)$";
}

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rule = || {
            let most = Self::MOST;
            D::Error::custom(format!(
                "must be 1 to {most} of order.confirmed, order.*, * and the like"
            ))
        };
        let types = Vec::<String>::deserialize(from).map_err(|_| rule())?;
        let is_filter = |text: &String| {
            let is_plain = text.bytes().all(|one| one != b',' && !one.is_ascii_whitespace());
            is_plain && text.len() <= Self::LONGEST && text.parse::<TypeFilter>().is_ok()
        };
        let is_right = (1..=Self::MOST).contains(&types.len()) && types.iter().all(is_filter);
        if is_right { Ok(Self(types)) } else { Err(rule()) }
    }
}

impl utoipa::PartialSchema for Types {
    fn schema() -> RefOr<Schema> {
        let filter = ObjectBuilder::new().schema_type(Type::String).pattern(Some(Self::PATTERN));
        let filter = filter.max_length(Some(Self::LONGEST));
        ArrayBuilder::new().items(filter).min_items(Some(1)).max_items(Some(Self::MOST)).into()
    }
}

impl ToSchema for Types {}
