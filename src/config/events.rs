//! The sections of the file about who is told of events, and about orders that come from a queue.

use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::amqp_url::AmqpUrl;
use super::parse;

/// The `[events]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    /// The `source` of every event: a URI reference, not empty and without spaces.
    pub source: String,
    /// What the addresses of the events' JSON Schemas begin with: an absolute http or https URL that ends with
    /// a slash. Empty: events don't say where their schemas are.
    pub schemas: String,
}

/// The `[broker]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerConfig {
    /// Where it is; `None`: nobody is told.
    #[serde(deserialize_with = "parse::amqp_url")]
    pub url: Option<AmqpUrl>,
    /// The topic exchange: 1 to 255 bytes.
    pub exchange: String,
}

/// The `[intake]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    /// Where the queue is; `None`: there is none.
    #[serde(deserialize_with = "parse::amqp_url")]
    pub url: Option<AmqpUrl>,
    /// The quorum queue: 1 to 255 bytes, not `orders.dead`.
    pub queue: String,
    /// The most messages at once that are not acknowledged, 1 to 10,000.
    pub prefetch: u16,
}

/// The `[webhooks]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether an endpoint's URL may be http.
    pub allow_http: bool,
    /// Networks that may be called although they are private or special.
    #[serde(deserialize_with = "parse::networks")]
    pub allow_networks: Vec<IpNet>,
    /// The pauses between attempts, each above zero.
    #[serde(deserialize_with = "parse::durations")]
    pub schedule: Vec<Duration>,
    /// How long an endpoint may take to answer, above zero.
    #[serde(deserialize_with = "parse::duration")]
    pub timeout: Duration,
}
