//! What endpoints were, or will be, told about one order.

use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::delivery::{Attempt, DeliveryState};
use super::{Error, Store};
use crate::order::OrderId;

/// A delivery, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryAbout {
    /// The endpoint.
    pub webhook: Uuid,
    /// Its address.
    pub url: String,
    /// The event's type.
    pub kind: String,
    /// What became of it.
    pub state: DeliveryState,
    /// The latest attempt.
    pub last: Option<Attempt>,
}

impl Store {
    /// The deliveries of an order's events, in the order of the events.
    pub async fn deliveries_about(&self, order: OrderId) -> Result<Vec<DeliveryAbout>, Error> {
        // Endpoint by endpoint, so that both parts of the key are known.
        let sql = "SELECT w.id, w.url, d.kind, d.state, d.attempts FROM webhook w \
                   JOIN webhook_delivery d ON d.webhook_id = w.id AND d.event_id IN \
                   (SELECT id FROM outbox WHERE order_id = $1) ORDER BY d.position, w.created_at";
        let rows = self.read.query_all_raw(self.statement(sql, vec![order.0.into()])).await?;
        rows.iter().map(about).collect()
    }
}

fn about(row: &QueryResult) -> Result<DeliveryAbout, Error> {
    let unreadable = |_| Error::Unusable("a delivery has a state that nobody knows".to_owned());
    let state: String = row.try_get("", "state")?;
    let attempts: serde_json::Value = row.try_get("", "attempts")?;
    let attempts: Vec<Attempt> = serde_json::from_value(attempts).unwrap_or_default();
    Ok(DeliveryAbout {
        webhook: row.try_get("", "id")?,
        url: row.try_get("", "url")?,
        kind: row.try_get("", "kind")?,
        state: state.parse().map_err(unreadable)?,
        last: attempts.into_iter().next_back(),
    })
}
