//! Facts about orders, as events tell them.

use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// What happened. The words are stored, and are what listeners subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumIter, EnumString, IntoStaticStr)]
pub enum EventKind {
    /// The order stands.
    #[strum(serialize = "order.confirmed")]
    Confirmed,
    /// The checkout came to nothing.
    #[strum(serialize = "order.rejected")]
    Rejected,
    /// A cancel is durable.
    #[strum(serialize = "order.cancelling")]
    Cancelling,
    /// Everything is given back.
    #[strum(serialize = "order.cancelled")]
    Cancelled,
    /// A shipment left.
    #[strum(serialize = "order.shipped")]
    Shipped,
    /// A carrier reported something.
    #[strum(serialize = "order.tracking")]
    Tracking,
    /// The last line arrived.
    #[strum(serialize = "order.delivered")]
    Delivered,
    /// Goods came back.
    #[strum(serialize = "order.returned")]
    Returned,
    /// A saga of the order needs a person.
    #[strum(serialize = "saga.stuck")]
    SagaStuck,
    /// A saga of the order needs nobody any more.
    #[strum(serialize = "saga.unstuck")]
    SagaUnstuck,
    /// An endpoint is told nothing any more. About no order: its subject is the endpoint.
    #[strum(serialize = "webhook.disabled")]
    WebhookDisabled,
}

impl EventKind {
    /// Whether it is for those on call rather than about the order.
    pub fn is_of_trouble(self) -> bool {
        matches!(self, Self::SagaStuck | Self::SagaUnstuck)
    }
}
