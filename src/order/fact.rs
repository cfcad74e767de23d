//! Facts about orders, as events tell them: each type with its data.
//!
//! What is stored as an event's data, the word for its type and the JSON Schema that listeners get all follow
//! from these types. They are a stored format and a public one: members are added and never renamed, and new
//! ones can be absent, since events of older releases don't have them.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{EventKind, Line, PricedLine};

/// A fact that an event tells of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// The order stands.
    Confirmed(Confirmed),
    /// The checkout came to nothing.
    Rejected(Rejected),
    /// A cancel is durable.
    Cancelling(Cancelling),
    /// Everything is given back.
    Cancelled(Cancelled),
    /// A shipment left.
    Shipped(Shipped),
    /// A carrier reported something.
    Tracking(Tracking),
    /// The last line arrived.
    Delivered(Shipped),
    /// Goods came back.
    Returned(Returned),
    /// A saga of the order needs a person.
    SagaStuck(SagaTrouble),
    /// A saga of the order needs nobody any more.
    SagaUnstuck(SagaTrouble),
    /// An endpoint is told nothing any more.
    WebhookDisabled(WebhookDisabled),
}

/// What `order.confirmed` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    /// What was paid, in paise.
    #[schemars(range(min = 0))]
    pub total_amount: i64,
    /// What was bought, in cart order.
    pub items: Vec<Item>,
}

/// A line of an order, with its price.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Which product.
    pub product_id: Uuid,
    /// How many pieces.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// What a piece costs, in paise.
    #[schemars(range(min = 0))]
    pub unit_price: i64,
}

/// What `order.rejected` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rejected {
    /// Why, in the fixed words of the client's answer, such as `Insufficient stock`.
    pub error: String,
    /// What the client's answer says of it: its HTTP `status`, its `error`, `undone`, and what goes with them.
    #[schemars(extend("type" = "object"))]
    pub problem: Value,
}

/// What `order.cancelling` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Cancelling {
    /// Why: `customer`, `declined`, `fraud`, `inventory`, `staff` or `other`.
    pub reason: String,
}

/// What `order.cancelled` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Cancelled {
    /// Why: `customer`, `declined`, `fraud`, `inventory`, `staff` or `other`.
    pub reason: Option<String>,
    /// What the customer got back, in paise.
    #[schemars(range(min = 0))]
    pub refunded: i64,
    /// What is in stock again, in cart order.
    pub released: Vec<Released>,
}

/// Pieces of a product that are in stock again.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// Which product.
    pub product_id: Uuid,
    /// How many pieces.
    #[schemars(range(min = 1))]
    pub quantity: u32,
}

/// What `order.shipped` and `order.delivered` tell.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Shipped {
    /// The shipment; of `order.delivered`, the one that completed it.
    pub shipment: ShipmentFact,
}

/// A shipment, as events tell of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentFact {
    /// Its id.
    pub id: Uuid,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
    /// Where its way can be followed.
    pub tracking_url: Option<String>,
    /// What is in it.
    pub lines: Vec<ShippedLine>,
    /// Where it is, such as `in_transit`.
    pub state: String,
    /// When it left.
    pub shipped_at: DateTime<Utc>,
    /// When it is expected to arrive.
    pub estimated_delivery: Option<DateTime<Utc>>,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
}

/// A line of a shipment.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ShippedLine {
    /// Which line of the order, from 0.
    pub line: u16,
    /// How many pieces of it.
    #[schemars(range(min = 1))]
    pub quantity: i64,
}

/// What `order.tracking` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tracking {
    /// Of which shipment.
    pub shipment_id: Uuid,
    /// What the carrier reported.
    pub tracking_event: TrackingFact,
}

/// What a carrier reported.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TrackingFact {
    /// The carrier's id for it, or ours where it has none.
    pub id: String,
    /// What happened, such as `out_for_delivery`; `other` for a word that is not known.
    pub status: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Where.
    pub location: Option<String>,
    /// In the carrier's words.
    pub description: Option<String>,
}

/// What `order.returned` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Returned {
    /// The return.
    #[serde(rename = "return")]
    pub goods: ReturnFact,
}

/// A return, as events tell of it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReturnFact {
    /// Its id.
    pub id: Uuid,
    /// What the customer got back, in paise.
    #[schemars(range(min = 0))]
    pub refunded: i64,
    /// Whether the goods are in stock again.
    pub restock: bool,
    /// Why, in the words of whoever took them back.
    pub reason: Option<String>,
    /// What came back.
    pub lines: Vec<ReturnedFact>,
}

/// A line that came back, whole or in part.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedFact {
    /// Which line of the order, from 0.
    pub line: u16,
    /// Which product.
    pub product_id: Uuid,
    /// How many pieces.
    #[schemars(range(min = 1))]
    pub quantity: u32,
    /// What the customer got back for it, in paise.
    #[schemars(range(min = 0))]
    pub amount: i64,
}

/// What `saga.stuck` and `saga.unstuck` tell.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SagaTrouble {
    /// Which saga.
    pub saga_id: Uuid,
    /// `checkout`, `cancellation` or `return`.
    pub kind: String,
    /// The step in trouble.
    pub step: String,
    /// `InDoubt`, `Exhausted`, `Refused` or `Unreadable`.
    pub stuck: String,
    /// In a sentence: what is wrong, or what ended it.
    pub detail: String,
}

/// What `webhook.disabled` tells.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookDisabled {
    /// Which webhook.
    pub webhook_id: Uuid,
    /// Where it was sent to.
    pub url: String,
    /// `gone`: it answered 410. `failing`: nothing but failures for five days.
    pub reason: String,
}

/// What `webhook.test` tells. It is sent on request, has no position and is in no feed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookTest {
    /// Which webhook is tried.
    pub webhook_id: Uuid,
}

/// What every event about an order tells besides.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfOrder {
    /// Which order.
    pub order_id: Uuid,
    /// Whose; null where nobody knows any more.
    pub user_id: Option<Uuid>,
    /// The order's status once the event was true.
    pub status: Option<String>,
    /// The event's place among those of its order, from 1, without gaps.
    #[schemars(range(min = 1))]
    pub version: i32,
}

impl Fact {
    /// Its type.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Confirmed(_) => EventKind::Confirmed,
            Self::Rejected(_) => EventKind::Rejected,
            Self::Cancelling(_) => EventKind::Cancelling,
            Self::Cancelled(_) => EventKind::Cancelled,
            Self::Shipped(_) => EventKind::Shipped,
            Self::Tracking(_) => EventKind::Tracking,
            Self::Delivered(_) => EventKind::Delivered,
            Self::Returned(_) => EventKind::Returned,
            Self::SagaStuck(_) => EventKind::SagaStuck,
            Self::SagaUnstuck(_) => EventKind::SagaUnstuck,
            Self::WebhookDisabled(_) => EventKind::WebhookDisabled,
        }
    }

    /// What is stored of it: a JSON object.
    pub fn data(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl From<&PricedLine> for Item {
    fn from(PricedLine { line, unit_price }: &PricedLine) -> Self {
        let Line { product_id, quantity } = *line;
        Self { product_id: product_id.0, quantity, unit_price: unit_price.0 }
    }
}

impl From<&Line> for Released {
    fn from(Line { product_id, quantity }: &Line) -> Self {
        Self { product_id: product_id.0, quantity: *quantity }
    }
}
