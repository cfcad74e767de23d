//! JSON Schemas of what events tell, out of the types that are stored and told.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;
use strum::IntoEnumIterator;

use crate::order::{
    Cancelled, Cancelling, Confirmed, EventKind, OfOrder, Rejected, Returned, SagaTrouble, Shipped,
    Tracking, WebhookDisabled, WebhookTest,
};

/// The type of the message that tries whether a webhook works, which is no event of the feed.
pub const WEBHOOK_TEST: &str = "webhook.test";

/// The data of an event about an order: what all have, and what its type has.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of interest")]
struct About<T> {
    #[serde(flatten)]
    order: OfOrder,
    #[serde(flatten)]
    fact: T,
}

/// The types that have a schema.
pub fn schemas() -> impl Iterator<Item = String> {
    EventKind::iter().map(|kind| kind.to_string()).chain([WEBHOOK_TEST.to_owned()])
}

/// The JSON Schema (2020-12) of the `data` of events of this type. It requires what every event of the type
/// has, and allows anything besides, as newer releases may tell more.
pub fn schema(kind: &str) -> Option<Value> {
    if kind == WEBHOOK_TEST {
        return Some(titled(kind, of::<WebhookTest>()));
    }
    let schema = match kind.parse().ok()? {
        EventKind::Confirmed => of::<About<Confirmed>>(),
        EventKind::Rejected => of::<About<Rejected>>(),
        EventKind::Cancelling => of::<About<Cancelling>>(),
        EventKind::Cancelled => of::<About<Cancelled>>(),
        EventKind::Shipped | EventKind::Delivered => of::<About<Shipped>>(),
        EventKind::Tracking => of::<About<Tracking>>(),
        EventKind::Returned => of::<About<Returned>>(),
        EventKind::SagaStuck | EventKind::SagaUnstuck => of::<About<SagaTrouble>>(),
        EventKind::WebhookDisabled => of::<WebhookDisabled>(),
    };
    Some(titled(kind, schema))
}

fn of<T: JsonSchema>() -> Schema {
    // As they are written, not as they would be read: what is always there is required.
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

fn titled(kind: &str, mut schema: Schema) -> Value {
    schema.insert("title".to_owned(), kind.into());
    schema.insert("description".to_owned(), format!("The data of an event `{kind}`.").into());
    schema.to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_schema_that_requires_what_it_always_has_and_allows_more() {
        for kind in schemas() {
            let schema = schema(&kind).expect("a schema");
            assert_eq!(schema["title"], kind.as_str());
            assert_eq!(schema["type"], "object", "{kind}");
            assert!(schema.get("additionalProperties").is_none(), "{kind}: {schema:#}");
            let required = schema["required"].as_array().expect("a list");
            let has = |member: &str| required.iter().any(|name| name == member);
            let is_of_order = !kind.starts_with("webhook.");
            for member in ["orderId", "userId", "status", "version"] {
                assert_eq!(has(member), is_of_order, "{kind}: {member}");
            }
        }
        assert_eq!(schema("order.lost"), None);
    }

    #[test]
    fn a_schema_gives_units_and_ranges() {
        let schema = schema("order.confirmed").expect("a schema");
        let amount = &schema["properties"]["totalAmount"];
        assert_eq!((&amount["type"], &amount["minimum"]), (&"integer".into(), &0.into()));
        assert_eq!(amount["description"], "What was paid, in paise.");
    }
}
