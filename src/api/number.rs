//! The numbers in the body of a checkout.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::order::{MAX_QUANTITY, Paise};
use crate::web::WholeNumber;

/// Pieces of a product.
#[derive(Debug)]
pub(super) struct Quantity(pub(super) u32);

impl Quantity {
    const RULE: WholeNumber = WholeNumber {
        min: 1,
        max: MAX_QUANTITY as u64,
        digits: "^0*([1-9][0-9]{0,5}|1000000)$",
        rule: "must be a whole number from 1 to 1000000",
    };
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::RULE.read(from).map(Self)
    }
}

impl PartialSchema for Quantity {
    fn schema() -> RefOr<Schema> {
        Self::RULE.schema().into()
    }
}

impl ToSchema for Quantity {}

/// An amount in paise, or null if the customer saw no total.
#[derive(Debug)]
pub(super) struct ExpectedTotal(pub(super) Option<Paise>);

impl ExpectedTotal {
    const RULE: WholeNumber = WholeNumber {
        min: 0,
        max: i64::MAX as u64,
        digits: "^[0-9]{1,18}$",
        rule: "must be a whole number of paise, 0 or more",
    };
}

impl<'de> Deserialize<'de> for ExpectedTotal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let total = Value::deserialize(from)?;
        let number = (!total.is_null()).then(|| Self::RULE.of(&total)).transpose()?;
        Ok(Self(number.map(Paise)))
    }
}

impl PartialSchema for ExpectedTotal {
    fn schema() -> RefOr<Schema> {
        Self::RULE.schema().item(ObjectBuilder::new().schema_type(Type::Null)).into()
    }
}

impl ToSchema for ExpectedTotal {}
