//! The sizes of waves, and the rate, in a request's body.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::bulk::{MOST, Plan};
use crate::json::whole_number;

/// The sizes of the first waves.
#[derive(Clone, Debug)]
pub(super) struct Waves(pub(super) Vec<Number>);

impl<'de> Deserialize<'de> for Waves {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let waves = value.as_array().and_then(|waves| waves.iter().map(number).collect());
        let waves: Option<Vec<_>> = waves;
        let waves = waves.filter(|waves| Plan::new(waves.clone(), Plan::usual_rate()).is_some());
        waves.map(Self).ok_or_else(|| {
            let most = Plan::MOST_WAVES;
            let rule = "whole numbers from 1, or fractions between 0 and 1";
            D::Error::custom(format!("must be at most {most} sizes: {rule}"))
        })
    }
}

impl utoipa::PartialSchema for Waves {
    fn schema() -> RefOr<Schema> {
        let whole = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let fraction = ObjectBuilder::new().schema_type(Type::Number);
        let fraction = fraction.exclusive_minimum(Some(0)).exclusive_maximum(Some(1));
        let size = OneOfBuilder::new().item(whole.maximum(Some(MOST))).item(fraction);
        ArrayBuilder::new().items(size).max_items(Some(Plan::MOST_WAVES)).into()
    }
}

impl ToSchema for Waves {}

/// How many in a second.
#[derive(Clone, Debug)]
pub(super) struct Rate(pub(super) Number);

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rate = number(&Value::deserialize(from)?);
        let rate = rate.filter(|rate| Plan::new(Vec::new(), rate.clone()).is_some());
        let (least, most) = (Plan::SLOWEST, Plan::FASTEST);
        rate.map(Self)
            .ok_or_else(|| D::Error::custom(format!("must be a number from {least} to {most}")))
    }
}

/// A number; whole ones may be written as a string of digits.
fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        _text => whole_number(value).map(Number::from),
    }
}
