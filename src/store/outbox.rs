//! Events, written in the transaction that makes them true (promise 58).
//!
//! Within an order they are numbered as they are inserted: the statement itself looks up the last version.
//! Where two transactions take the same one, the unique index lets one of them commit and the other is
//! tried again.

use chrono::{DateTime, Utc};
use entity::outbox::{self, Column};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use super::codec::{EVENT, event_rows};
use super::rowset::{Form, Rowset};
use super::transaction::Transaction;
use super::{Error, Store};
use crate::clock::Clock;
use crate::order::{EventKind, Fact, OrderId, OrderStatus, UserId};
use crate::saga::Instance;

/// What the only events of before versions were called.
const OLD_CONFIRMED: &str = "OrderConfirmed";

/// A fact about an order that becomes true with the transaction that writes it.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id: listeners drop repeats by it.
    pub id: Uuid,
    /// What happened.
    pub fact: Fact,
    /// To which order.
    pub order_id: OrderId,
    /// Whose.
    pub user_id: UserId,
    /// The order's status once this is true; `None` for the one that its row has, or was told last.
    pub status: Option<OrderStatus>,
    /// When.
    pub at: DateTime<Utc>,
    /// W3C trace context of what made it true.
    pub trace_parent: String,
}

impl NewEvent {
    /// About a saga's order, now, of the status that its row has.
    pub fn of(saga: &Instance, fact: Fact, clock: &Clock) -> Self {
        Self {
            id: clock.fresh_id(),
            fact,
            order_id: saga.order_id,
            user_id: saga.user_id,
            status: None,
            at: clock.now(),
            trace_parent: saga.trace_parent.clone(),
        }
    }
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its id.
    pub id: Uuid,
    /// About which order.
    pub order_id: OrderId,
    /// Whose order; `None` where nobody knows any more.
    pub user_id: Option<UserId>,
    /// What happened, as stored.
    pub kind: String,
    /// Its place among the events of its order, from 1.
    pub version: i32,
    /// The order's status once it was true.
    pub status: Option<String>,
    /// What is particular to the kind of event.
    pub data: Value,
    /// When.
    pub at: DateTime<Utc>,
    /// W3C trace context of what made it true.
    pub trace_parent: Option<String>,
    /// Its place among all events, once it has one.
    pub position: Option<i64>,
}

impl From<outbox::Model> for StoredEvent {
    fn from(row: outbox::Model) -> Self {
        let kind =
            if row.kind == OLD_CONFIRMED { EventKind::Confirmed.to_string() } else { row.kind };
        Self {
            id: row.id,
            order_id: OrderId(row.order_id),
            user_id: row.user_id.map(UserId),
            kind,
            version: row.version.unwrap_or(1),
            status: row.status,
            data: row.payload,
            at: row.created_at,
            trace_parent: row.trace_parent,
            position: row.position,
        }
    }
}

impl Store {
    /// The events of an order, in the order of their versions.
    pub async fn events_of(&self, id: OrderId) -> Result<Vec<StoredEvent>, Error> {
        let events = outbox::Entity::find()
            .filter(Column::OrderId.eq(id.0))
            .order_by_asc(Column::Version)
            .all(&self.orders)
            .await?;
        let mut events: Vec<StoredEvent> = events.into_iter().map(StoredEvent::from).collect();
        // One without a stored version sorts differently on each database.
        events.sort_by_key(|event| event.version);
        Ok(events)
    }

    /// Writes events in a transaction that makes them true. Of one order they get versions in this order.
    pub(super) async fn tell(
        &self,
        transaction: &Transaction,
        events: &[NewEvent],
    ) -> Result<(), Error> {
        let rows = Rowset::of(&EVENT, event_rows(events.iter()));
        let sql = insert_events(Form::Json(self.backend), 1);
        transaction.execute_raw(self.statement(&sql, vec![rows.json().into()])).await?;
        Ok(())
    }
}

/// Inserts a rowset of [`EVENT`] whose first parameter is `$first`.
pub(super) fn insert_events(form: Form, first: usize) -> String {
    let status = "(SELECT orders.status FROM orders WHERE orders.id = r.order_id)";
    // An order that is not there yet is as it was told last: another process may have told of its cancel.
    let told = "(SELECT told.status FROM outbox told WHERE told.order_id = r.order_id \
                ORDER BY COALESCE(told.version, 1) DESC LIMIT 1)";
    format!(
        "INSERT INTO outbox (id, order_id, user_id, kind, status, payload, created_at, \
         trace_parent, version) \
         SELECT r.id, r.order_id, r.user_id, r.kind, COALESCE(r.status, {status}, {told}, 'Pending'), \
         r.payload, r.created_at, r.trace_parent, \
         {} + r.nth FROM {} WHERE true",
        last_version("r.order_id"),
        form.source(&EVENT, first)
    )
}

/// The version of an order's last event, whether or not it is forgotten; 0 where there was none. Rows of
/// before versions are first ones.
pub(super) fn last_version(order_id: &str) -> String {
    format!(
        "COALESCE((SELECT max(COALESCE(told.version, 1)) FROM outbox told \
         WHERE told.order_id = {order_id}), (SELECT forgotten.version FROM event_version forgotten \
         WHERE forgotten.order_id = {order_id}), 0)"
    )
}
