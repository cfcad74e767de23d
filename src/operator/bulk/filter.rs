//! The filter of a bulk run: a JSON object with the names of the list of sagas, read by the parser of the list.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::operator::{Operators, list};
use crate::store::Filter;
use crate::web::{Problem, Query};

/// What the list of sagas can be asked for.
const NAMES: [&str; 13] = [
    "state",
    "stuck",
    "held",
    "kind",
    "userId",
    "orderId",
    "idempotencyKey",
    "minAmount",
    "olderThan",
    "step",
    "neighbour",
    "group",
    "holds",
];

/// A filter's names and values, at least one.
#[derive(Clone, Debug)]
pub(super) struct FilterObject(Vec<(String, String)>);

impl<'de> Deserialize<'de> for FilterObject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Value::Object(members) = Value::deserialize(from)? else {
            return Err(D::Error::custom("must be an object"));
        };
        let mut pairs = Vec::new();
        for (member, value) in members {
            let known = NAMES.iter().find(|name| name.eq_ignore_ascii_case(&member));
            let Some(name) = known else {
                let names = NAMES.join(", ");
                let error = format!("must not have `{member}`; it may have {names}");
                return Err(D::Error::custom(error));
            };
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Bool(is) => is.to_string(),
                Value::Number(number) => number.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    let error = format!("must have a text, a number or a boolean as `{name}`");
                    return Err(D::Error::custom(error));
                }
            };
            pairs.push(((*name).to_owned(), text));
        }
        if pairs.is_empty() {
            return Err(D::Error::custom("must not be empty"));
        }
        Ok(Self(pairs))
    }
}

impl FilterObject {
    /// What is wanted, as the list of sagas reads it.
    pub(super) fn read(&self, operators: &Operators) -> Result<Filter, Problem> {
        list::filter(&Query::of(self.0.clone()), operators)
            .map_err(|wrong| Problem::bad_request(format!("filter.{}", wrong.error())))
    }
}

/// What a value may be; null is as if it were not there.
fn scalar() -> SchemaType {
    SchemaType::from_iter([Type::String, Type::Number, Type::Boolean, Type::Null])
}

impl utoipa::PartialSchema for FilterObject {
    fn schema() -> RefOr<Schema> {
        let mut object = ObjectBuilder::new().schema_type(Type::Object);
        for name in NAMES {
            object = object.property(name, ObjectBuilder::new().schema_type(scalar()));
        }
        object.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
    }
}

impl ToSchema for FilterObject {}
