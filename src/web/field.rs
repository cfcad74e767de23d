//! Types for the fields of request bodies. A field's type defines everything about its values: how they
//! are read, what a client is told about a wrong one, and their schema in the `OpenAPI` document.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::invalid::Invalid;
use crate::json;

/// A field's value, or what is wrong with it.
///
/// A wrong field does not make the body unreadable: its error is returned when the value is asked for.
/// So the handler decides which of several errors a client is told about, whatever the order in which the
/// fields are read.
#[derive(Clone, Debug)]
pub(crate) struct Field<T>(Result<T, Invalid>);

impl<T> Field<T> {
    /// The value, or what is wrong with it.
    pub(crate) fn value(&self) -> Result<&T, Invalid> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_newtype_struct("Field", FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field of a body")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut only: A) -> Result<Field<T>, A::Error> {
        match only.next_element() {
            Ok(Some(value)) => Ok(Field(Ok(value))),
            Ok(None) => Err(A::Error::invalid_length(0, &self)),
            Err(error) => Ok(Field(Err(Invalid::Told(error.to_string())))),
        }
    }
}

/// A UUID other than the nil UUID, which names nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NonNilUuid(pub(crate) Uuid);

impl<'de> Deserialize<'de> for NonNilUuid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let id = match Value::deserialize(from)? {
            Value::Null => return Err(D::Error::custom("is required")),
            value => value.as_str().and_then(|text| text.parse().ok()),
        };
        match id {
            None => Err(D::Error::custom("is not a UUID")),
            Some(id) if Uuid::is_nil(&id) => Err(D::Error::custom("must not be the nil UUID")),
            Some(id) => Ok(Self(id)),
        }
    }
}

impl PartialSchema for NonNilUuid {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let uuid = text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        // At least one digit that is not 0.
        uuid.pattern(Some("[1-9a-fA-F]")).into()
    }
}

impl ToSchema for NonNilUuid {}

/// The rule of a whole number, which may be written as a number or as a string of digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeNumber {
    /// The smallest number.
    pub(crate) min: u64,
    /// The greatest number; fits an `i64`.
    pub(crate) max: u64,
    /// The strings of digits that the document allows, as a regular expression. The server may accept more.
    pub(crate) digits: &'static str,
    /// What a client is told about any other value, after the path of the field.
    pub(crate) rule: &'static str,
}

impl WholeNumber {
    /// Reads a number. `N` must be able to hold every number that the rule allows.
    pub(crate) fn read<'de, N, D>(&self, from: D) -> Result<N, D::Error>
    where
        N: TryFrom<u64>,
        D: Deserializer<'de>,
    {
        self.of(&Value::deserialize(from)?)
    }

    /// The same, from JSON.
    pub(crate) fn of<N: TryFrom<u64>, E: Error>(&self, value: &Value) -> Result<N, E> {
        let number = json::whole_number(value);
        let number = number.filter(|number| (self.min..=self.max).contains(number));
        let number = number.and_then(|number| N::try_from(number).ok());
        number.ok_or_else(|| E::custom(self.rule))
    }

    /// The schema of such a number.
    pub(crate) fn schema(&self) -> OneOfBuilder {
        let int64 = SchemaFormat::KnownFormat(KnownFormat::Int64);
        let number = ObjectBuilder::new().schema_type(Type::Integer).format(Some(int64));
        let bound = |bound| isize::try_from(bound).ok();
        let number = number.minimum(bound(self.min)).maximum(bound(self.max));
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some(self.digits));
        OneOfBuilder::new().item(number).item(digits)
    }
}
