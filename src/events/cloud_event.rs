//! An event as everybody is told it: `CloudEvents` 1.0, structured JSON.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::order::EventKind;
use crate::store::StoredEvent;

/// The media type of an event as JSON.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";

/// An event, in the format of `CloudEvents` 1.0 (`application/cloudevents+json`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CloudEvent {
    /// `1.0`.
    pub specversion: &'static str,
    /// The same in every repeat: drop repeats by it.
    pub id: Uuid,
    /// `events.source` of the configuration.
    pub source: String,
    /// What happened, such as `order.confirmed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The order.
    pub subject: String,
    /// When it became true, RFC 3339. Later events may have earlier times.
    pub time: String,
    /// `application/json`.
    pub datacontenttype: &'static str,
    /// Where the JSON Schema of `data` is. Absent unless `events.schemas` says where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataschema: Option<String>,
    /// The order, too: events of one order belong in one partition.
    pub partitionkey: String,
    /// The position in 20 digits, so that it sorts as text. Absent where an event has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// W3C trace context of what made it true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What happened in detail; of an order's events always `orderId`, `userId`, `status` and `version`.
    pub data: Value,
}

/// What all events of this service have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `events.source`.
    pub source: Arc<str>,
    /// `events.schemas`: what the addresses of schemas begin with; `None` where that is not known.
    pub schemas: Option<Arc<str>>,
}

impl Envelope {
    fn data_schema(&self, kind: &str) -> Option<String> {
        self.schemas.as_ref().map(|schemas| format!("{schemas}{kind}.json"))
    }
}

impl CloudEvent {
    /// The event as stored.
    pub fn of(event: StoredEvent, envelope: &Envelope) -> Self {
        let order = event.order_id.to_string();
        let mut data = Map::new();
        // One about an endpoint says nothing of an order.
        if event.kind != EventKind::WebhookDisabled.to_string() {
            data.insert("orderId".to_owned(), json!(event.order_id));
            data.insert("userId".to_owned(), json!(event.user_id));
            data.insert("status".to_owned(), json!(event.status));
            data.insert("version".to_owned(), json!(event.version));
        }
        if let Value::Object(particular) = event.data {
            data.extend(particular);
        }
        Self {
            specversion: "1.0",
            id: event.id,
            source: envelope.source.to_string(),
            dataschema: envelope.data_schema(&event.kind),
            kind: event.kind,
            subject: order.clone(),
            time: rfc3339(event.at),
            datacontenttype: "application/json",
            partitionkey: order,
            sequence: event.position.map(|position| format!("{position:020}")),
            traceparent: event.trace_parent,
            data: Value::Object(data),
        }
    }

    /// One that is stored nowhere and has no position.
    pub fn outside_the_feed(
        id: Uuid,
        kind: &str,
        subject: Uuid,
        at: DateTime<Utc>,
        data: Value,
        envelope: &Envelope,
    ) -> Self {
        Self {
            specversion: "1.0",
            id,
            source: envelope.source.to_string(),
            dataschema: envelope.data_schema(kind),
            kind: kind.to_owned(),
            subject: subject.to_string(),
            time: rfc3339(at),
            datacontenttype: "application/json",
            partitionkey: subject.to_string(),
            sequence: None,
            traceparent: None,
            data,
        }
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderId, UserId};

    #[test]
    fn an_event_is_told_as_a_cloud_event() {
        let event = StoredEvent {
            id: Uuid::from_u128(1),
            order_id: OrderId(Uuid::from_u128(2)),
            user_id: Some(UserId(Uuid::from_u128(3))),
            kind: "order.confirmed".to_owned(),
            version: 1,
            status: Some("Confirmed".to_owned()),
            data: json!({"totalAmount": 70}),
            at: DateTime::UNIX_EPOCH,
            trace_parent: Some("00-1-2-01".to_owned()),
            position: Some(42),
        };
        let order = "00000000-0000-0000-0000-000000000002";
        let envelope = Envelope {
            source: "/order-service".into(),
            schemas: Some("https://shop.example/schemas/events/".into()),
        };
        assert_eq!(
            serde_json::to_value(CloudEvent::of(event, &envelope)).expect("JSON"),
            json!({
                "specversion": "1.0",
                "id": "00000000-0000-0000-0000-000000000001",
                "source": "/order-service",
                "type": "order.confirmed",
                "subject": order,
                "time": "1970-01-01T00:00:00.000000Z",
                "datacontenttype": "application/json",
                "dataschema": "https://shop.example/schemas/events/order.confirmed.json",
                "partitionkey": order,
                "sequence": "00000000000000000042",
                "traceparent": "00-1-2-01",
                "data": {
                    "orderId": order,
                    "userId": "00000000-0000-0000-0000-000000000003",
                    "status": "Confirmed",
                    "version": 1,
                    "totalAmount": 70,
                },
            })
        );
    }
}
