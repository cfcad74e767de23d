//! Deliveries: events for endpoints, a row each, as they are listed. Taking events in, claiming and settling
//! deliveries are in `take_in.rs`, `delivery_claim.rs` and `delivery_settle.rs`.

use chrono::{DateTime, Utc};
use entity::webhook_delivery;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use strum::VariantNames as _;
use uuid::Uuid;

use super::webhook::ListedAt;
use super::{Error, Store};
use crate::order::OrderId;

/// What became of a delivery.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "lowercase")]
pub enum DeliveryState {
    /// It is being sent, or will be.
    Pending,
    /// The endpoint has it.
    Delivered,
    /// It is given up.
    Failed,
}

/// One attempt to deliver. The names are stored, and are those of the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// The beginning of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

/// A delivery as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which event.
    pub event_id: Uuid,
    /// The event's type.
    pub kind: String,
    /// What became of it.
    pub state: DeliveryState,
    /// Why it failed without an attempt.
    pub cause: Option<String>,
    /// The latest attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// The next attempt of the schedule.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When the event was taken in for the endpoint.
    pub created_at: DateTime<Utc>,
}

/// The cause of deliveries that were given up, or never begun, because of their endpoint's state.
pub(super) const DISABLED: &str = "disabled";

impl Store {
    /// Whether there is any endpoint.
    pub async fn has_webhooks(&self) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM webhook LIMIT 1";
        Ok(self.read.query_one_raw(self.statement(sql, vec![])).await?.is_some())
    }

    /// What endpoints were told about an order: the endpoint's URL, the event's type and the attempt that
    /// delivered it, oldest first.
    pub async fn delivered_about(
        &self,
        order: OrderId,
    ) -> Result<Vec<(String, String, Attempt)>, Error> {
        let sql = "SELECT w.url, d.kind, d.attempts FROM webhook_delivery d \
                   JOIN webhook w ON w.id = d.webhook_id WHERE d.event_id IN \
                   (SELECT id FROM outbox WHERE order_id = $1) AND d.state = 'delivered' \
                   ORDER BY d.position, w.created_at";
        let rows = self.read.query_all_raw(self.statement(sql, vec![order.0.into()])).await?;
        let mut told = Vec::new();
        for row in rows {
            let attempts: serde_json::Value = row.try_get("", "attempts")?;
            let attempts: Vec<Attempt> = serde_json::from_value(attempts).unwrap_or_default();
            if let Some(last) = attempts.into_iter().next_back() {
                told.push((row.try_get("", "url")?, row.try_get("", "kind")?, last));
            }
        }
        Ok(told)
    }

    /// Deliveries of an endpoint, the newest first; one more than asked for where there are more.
    ///
    /// Those of each state are found by the index on states, which spares an index on all.
    pub async fn deliveries(
        &self,
        webhook: Uuid,
        state: Option<DeliveryState>,
        after: Option<ListedAt>,
        limit: u64,
    ) -> Result<Vec<Delivery>, Error> {
        const NEWEST: &str = "ORDER BY created_at DESC, event_id DESC LIMIT $2";
        let mut values: Vec<Value> = vec![webhook.into(), (limit + 1).into()];
        let before = match after {
            Some((at, id)) => {
                values.extend([at.into(), id.into()]);
                "AND (created_at, event_id) < ($3, $4)"
            }
            None => "",
        };
        let states = state.map_or(DeliveryState::VARIANTS.to_vec(), |state| vec![state.into()]);
        let of_state = |state: &&str| {
            format!(
                "SELECT * FROM (SELECT * FROM webhook_delivery \
                 WHERE webhook_id = $1 AND state = '{state}' {before} {NEWEST}) AS {state}"
            )
        };
        let of_states: Vec<String> = states.iter().map(of_state).collect();
        let sql = format!("SELECT * FROM ({}) AS d {NEWEST}", of_states.join(" UNION ALL "));
        let rows = webhook_delivery::Model::find_by_statement(self.statement(&sql, values));
        rows.all(&self.read).await?.into_iter().map(Delivery::try_from).collect()
    }
}

impl TryFrom<webhook_delivery::Model> for Delivery {
    type Error = Error;

    fn try_from(row: webhook_delivery::Model) -> Result<Self, Error> {
        let id = row.event_id;
        let unreadable = |what: &str| Error::Unusable(format!("delivery of {id}: bad {what}"));
        Ok(Self {
            event_id: row.event_id,
            kind: row.kind,
            state: row.state.parse().map_err(|_| unreadable("state"))?,
            cause: row.cause,
            attempts: serde_json::from_value(row.attempts).map_err(|_| unreadable("attempts"))?,
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
        })
    }
}
