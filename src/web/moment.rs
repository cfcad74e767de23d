//! A time in a request's body.

use chrono::{DateTime, Utc};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

use super::query::within_years;

/// An RFC 3339 time, in whole microseconds, as SQLite and PostgreSQL store times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MomentText(pub(crate) DateTime<Utc>);

impl<'de> Deserialize<'de> for MomentText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let moment = DateTime::parse_from_rfc3339(text.trim())
            .map_err(|_| D::Error::custom("must be a time as in RFC 3339"))?;
        // A leap second is the next one, as PostgreSQL has it.
        let micros = within_years(moment.to_utc()).timestamp_micros();
        DateTime::from_timestamp_micros(micros)
            .map(Self)
            .ok_or_else(|| D::Error::custom("is too late"))
    }
}

impl MomentText {
    /// The usual form. The server accepts a little more, such as a leap day.
    const PATTERN: &str = concat!(
        r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
        r"(\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
    );
}

impl utoipa::PartialSchema for MomentText {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(Self::PATTERN));
        text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
    }
}

impl ToSchema for MomentText {}
