//! An event as a message of RabbitMQ.

use lapin::BasicProperties;
use lapin::types::{FieldTable, ShortString};

use crate::amqp::{Message, PERSISTENT, text};
use crate::events::{CloudEvent, Envelope, MEDIA_TYPE};
use crate::store::StoredEvent;

/// The event, told in this envelope, for this exchange. Routed by its type.
pub(super) fn message(event: StoredEvent, envelope: &Envelope, exchange: &str) -> Message {
    let at = u64::try_from(event.at.timestamp()).unwrap_or(0);
    let event = CloudEvent::of(event, envelope);
    let mut headers = FieldTable::default();
    if let Some(parent) = &event.traceparent {
        headers.insert("traceparent".into(), text(parent));
    }
    let kind = ShortString::from(event.kind.as_str());
    let properties = BasicProperties::default()
        .with_message_id(event.id.to_string().into())
        .with_content_type(MEDIA_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_type(kind.clone())
        .with_timestamp(at)
        .with_headers(headers);
    let body = serde_json::to_vec(&event).expect("plain data with string keys");
    Message { exchange: exchange.into(), routing_key: kind, properties, body, must_be_kept: false }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::order::OrderId;

    #[test]
    fn an_event_is_routed_by_its_type_and_known_by_its_id() {
        let event = StoredEvent {
            id: Uuid::from_u128(1),
            order_id: OrderId(Uuid::from_u128(2)),
            user_id: None,
            kind: "order.shipped".to_owned(),
            version: 2,
            status: Some("Shipped".to_owned()),
            data: json!({}),
            at: DateTime::UNIX_EPOCH + TimeDelta::milliseconds(7_900),
            trace_parent: Some("00-1-2-01".to_owned()),
            position: Some(42),
        };
        let envelope = Envelope { source: "/shop".into(), schemas: None };
        let Message { exchange, routing_key, properties, body, .. } =
            message(event, &envelope, "orders");
        assert_eq!((exchange.as_str(), routing_key.as_str()), ("orders", "order.shipped"));
        let id = Uuid::from_u128(1).to_string();
        assert_eq!(properties.message_id().as_ref().map(ShortString::as_str), Some(id.as_str()));
        assert_eq!(*properties.timestamp(), Some(7), "whole seconds");
        assert_eq!(*properties.delivery_mode(), Some(2));
        let headers = properties.headers().clone().unwrap_or_default();
        assert_eq!(headers.inner().get("traceparent"), Some(&text("00-1-2-01")));
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((&body["id"], &body["source"]), (&json!(id), &json!("/shop")));
    }
}
