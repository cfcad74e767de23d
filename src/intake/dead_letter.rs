//! Messages that are no orders: kept whole, with the reason.

use chrono::{DateTime, SecondsFormat, Utc};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::ShortString;

use crate::amqp::{Message, text};

/// The fanout exchange of dead letters, and the queue that is bound to it.
pub(super) const DEAD_LETTERS: &str = "orders.dead";

/// The message with `error` and `failed-at` among its headers. Two properties would keep it from staying
/// where it is put, so they become headers: the time after which it expires, and its sender, whom the server
/// compares with `user`, who publishes this.
pub(super) fn dead_letter(
    message: &Delivery,
    error: &str,
    user: &str,
    now: DateTime<Utc>,
) -> Message {
    let properties = &message.properties;
    let mut headers = properties.headers().clone().unwrap_or_default();
    headers.insert("error".into(), text(error));
    let failed_at = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    headers.insert("failed-at".into(), text(&failed_at));
    if let Some(expiration) = properties.expiration() {
        headers.insert("original-expiration".into(), text(expiration.as_str()));
    }
    let (us, other): (Option<ShortString>, Option<ShortString>) = match properties.user_id() {
        Some(sender) if sender.as_str() == user => (Some(sender.clone()), None),
        other => (None, other.clone()),
    };
    if let Some(sender) = other {
        headers.insert("original-user-id".into(), text(sender.as_str()));
    }
    let properties = kept(properties, us).with_headers(headers);
    let (exchange, body) = (DEAD_LETTERS.into(), message.data.clone());
    Message {
        exchange,
        routing_key: message.routing_key.clone(),
        properties,
        body,
        must_be_kept: true,
    }
}

/// All properties but the headers and the expiration, with this sender: one that is set can't be unset.
fn kept(from: &BasicProperties, user_id: Option<ShortString>) -> BasicProperties {
    type With = fn(BasicProperties, ShortString) -> BasicProperties;
    let mut to = BasicProperties::default();
    let texts: [(Option<ShortString>, With); 9] = [
        (from.content_type().clone(), |to, text| to.with_content_type(text)),
        (from.content_encoding().clone(), |to, text| to.with_content_encoding(text)),
        (from.correlation_id().clone(), |to, text| to.with_correlation_id(text)),
        (from.reply_to().clone(), |to, text| to.with_reply_to(text)),
        (from.message_id().clone(), |to, text| to.with_message_id(text)),
        (from.kind().clone(), |to, text| to.with_type(text)),
        (user_id, |to, text| to.with_user_id(text)),
        (from.app_id().clone(), |to, text| to.with_app_id(text)),
        (from.cluster_id().clone(), |to, text| to.with_cluster_id(text)),
    ];
    for (text, with) in texts {
        to = text.into_iter().fold(to, with);
    }
    let to = from.delivery_mode().iter().fold(to, |to, mode| to.with_delivery_mode(*mode));
    let to = from.priority().iter().fold(to, |to, priority| to.with_priority(*priority));
    from.timestamp().iter().fold(to, |to, at| to.with_timestamp(*at))
}
