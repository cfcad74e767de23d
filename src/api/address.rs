//! The shipping address in the body of a checkout.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::short_text::ShortText;
use crate::order::ShippingAddress;

/// Where the order is sent. Shown by the order and its tracking, and nowhere else.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ShippingAddress)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddressBody {
    /// The recipient.
    name: ShortText,
    /// Street and number.
    line1: ShortText,
    /// Flat, floor or building.
    line2: Option<ShortText>,
    /// The city.
    city: ShortText,
    /// State or province.
    region: Option<ShortText>,
    /// The postal code.
    postal_code: ShortText,
    /// The country's two letters (ISO 3166-1), in upper or lower case.
    country: Country,
    /// The recipient's telephone number.
    phone: Option<ShortText>,
}

impl From<&AddressBody> for ShippingAddress {
    fn from(body: &AddressBody) -> Self {
        let text = |text: &ShortText| text.0.clone();
        Self {
            name: text(&body.name),
            line1: text(&body.line1),
            line2: body.line2.as_ref().map(text),
            city: text(&body.city),
            region: body.region.as_ref().map(text),
            postal_code: text(&body.postal_code),
            country: body.country.0.to_owned(),
            phone: body.phone.as_ref().map(text),
        }
    }
}

/// A country by the two letters that ISO 3166-1 assigns to it, in upper case.
#[derive(Debug)]
struct Country(&'static str);

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ShortText(letters) = ShortText::deserialize(from)?;
        let country = rust_iso3166::from_alpha2(&letters.to_ascii_uppercase());
        let unknown = || D::Error::custom("must be a country's two letters (ISO 3166-1)");
        country.map(|country| Self(country.alpha2)).ok_or_else(unknown)
    }
}

impl PartialSchema for Country {
    fn schema() -> RefOr<Schema> {
        let assigned = rust_iso3166::ALL.iter().map(|country| country.alpha2);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(assigned)).into()
    }
}

impl ToSchema for Country {}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::web::read;

    fn address() -> Value {
        json!({
            "name": " Asha Rao ", "line1": "4 Lake Road", "city": "Pune", "PostalCode": "411001",
            "country": "in", "region": null,
        })
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut address = address();
        address[name] = value.into();
        address
    }

    #[test]
    fn an_address_is_trimmed_and_its_country_is_in_upper_case() {
        let body: AddressBody = read(&address()).expect("an address");
        let address = ShippingAddress::from(&body);
        assert_eq!((address.name.as_str(), address.country.as_str()), ("Asha Rao", "IN"));
        assert_eq!((address.line2, address.region, address.phone), (None, None, None));
    }

    #[test]
    fn what_is_wrong_names_the_member() {
        let long = "must not be longer than 200 characters";
        let country = "must be a country's two letters (ISO 3166-1)";
        for (name, value, rule) in [
            ("name", json!(null), "is required"),
            ("name", json!(" "), "is required"),
            ("line1", json!(7), "is required"),
            ("line2", json!("a\nb"), "must not have control characters"),
            ("city", json!("é".repeat(201)), long),
            ("region", json!(""), "is required"),
            ("phone", json!({}), "is required"),
            ("country", json!("IND"), country),
            ("country", json!("XX"), country),
            // Used by some for Kosovo, and assigned to nobody.
            ("country", json!("XK"), country),
            ("country", json!("ıN"), country),
        ] {
            let wrong = read::<AddressBody>(&with(name, value.clone())).expect_err("it is wrong");
            assert_eq!(wrong.to_string(), format!("{name} {rule}"), "{value}");
        }
        assert!(read::<AddressBody>(&with("city", "é".repeat(200))).is_ok());
    }
}
