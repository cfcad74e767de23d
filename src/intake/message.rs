//! What is read of a message besides its body.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, ShortString};

use crate::api::QueuedKey;
use crate::trace::TraceParent;

/// The header with the key; case does not matter, as in HTTP.
const KEY: &str = "idempotency-key";
const TRACE: &str = "traceparent";

/// The key of a message: its header, or else its id.
pub(super) fn key(properties: &BasicProperties) -> QueuedKey<'_> {
    match header(properties, KEY) {
        Some(AMQPValue::Void) | None => match properties.message_id() {
            Some(id) if !id.as_str().is_empty() => QueuedKey::Given(id.as_str()),
            Some(_) | None => QueuedKey::Missing,
        },
        Some(value) => text(value).map_or(QueuedKey::NoText, QueuedKey::Given),
    }
}

/// The trace that the message is part of, or a new one.
pub(super) fn trace(properties: &BasicProperties) -> TraceParent {
    let parent = header(properties, TRACE).and_then(text).and_then(TraceParent::parse);
    parent.unwrap_or_else(TraceParent::fresh)
}

/// The queue that the answer goes to, if one is asked for.
pub(super) fn reply_to(properties: &BasicProperties) -> Option<&ShortString> {
    properties.reply_to().as_ref().filter(|queue| !queue.as_str().is_empty())
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a AMQPValue> {
    let headers = properties.headers().as_ref()?.inner();
    let mut named = headers.iter().filter(|(known, _)| known.as_str().eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value)
}

fn text(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        AMQPValue::ShortString(text) => Some(text.as_str()),
        AMQPValue::ByteArray(bytes) => std::str::from_utf8(bytes.as_slice()).ok(),
        _other => None,
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldTable;

    use super::*;
    use crate::amqp;

    fn with(headers: &[(&str, AMQPValue)], id: Option<&str>) -> BasicProperties {
        let mut table = FieldTable::default();
        for (name, value) in headers {
            table.insert((*name).into(), value.clone());
        }
        let properties = BasicProperties::default().with_headers(table);
        match id {
            Some(id) => properties.with_message_id(id.into()),
            None => properties,
        }
    }

    #[test]
    fn the_header_is_the_key_and_else_the_id() {
        let given = |headers: &[(&str, AMQPValue)], id| match key(&with(headers, id)) {
            QueuedKey::Given(text) => text.to_owned(),
            QueuedKey::NoText => "no text".to_owned(),
            QueuedKey::Missing => "missing".to_owned(),
        };
        assert_eq!(given(&[("Idempotency-Key", amqp::text("a"))], Some("b")), "a");
        assert_eq!(given(&[("idempotency-key", AMQPValue::LongInt(1))], Some("b")), "no text");
        assert_eq!(given(&[("idempotency-key", amqp::text(""))], Some("b")), "", "malformed");
        assert_eq!(given(&[], Some("b")), "b");
        assert_eq!(given(&[], Some("")), "missing");
        assert_eq!(given(&[], None), "missing");
    }

    #[test]
    fn a_trace_is_joined_where_it_is_valid() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let joined = trace(&with(&[("traceparent", amqp::text(parent))], None));
        assert_eq!(joined.to_string(), parent);
        let fresh = trace(&with(&[("traceparent", amqp::text("00-1-2-01"))], None));
        assert_ne!(fresh.trace_id(), joined.trace_id());
    }
}
