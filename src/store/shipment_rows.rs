//! Rows of shipments, their lines and reports; and the lock of their order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{order_items, orders, shipment_events, shipment_lines, shipments};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};
use uuid::Uuid;

use super::Error;
use super::outbox::NewEvent;
use super::transaction::Transaction;
use crate::clock::Clock;
use crate::fulfilment::{CarrierEvent, CarrierStatus, Pieces};
use crate::order::{Fact, OrderId, OrderStatus, ShipmentFact, ShippedLine, UserId};

/// A shipment as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Its id.
    pub id: Uuid,
    /// Of which order.
    pub order_id: OrderId,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
    /// Where its way can be followed.
    pub tracking_url: Option<String>,
    /// What is in it.
    pub pieces: Pieces,
    /// Where it is, as stored.
    pub state: String,
    /// When it left.
    pub shipped_at: DateTime<Utc>,
    /// When it is expected to arrive.
    pub estimated_delivery: Option<DateTime<Utc>>,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// What was reported, by time.
    pub events: Vec<CarrierEvent>,
}

/// An order whose row is locked.
pub(super) struct Locked {
    pub(super) row: orders::Model,
    pub(super) ordered: Pieces,
}

impl Locked {
    pub(super) fn status(&self) -> Result<OrderStatus, Error> {
        let status = &self.row.status;
        let unknown = |_| Error::Unusable(format!("this binary does not know the status {status}"));
        status.parse().map_err(unknown)
    }

    /// An event of the order, of the status that it has by then.
    pub(super) fn event(&self, fact: Fact, trace_parent: &str, clock: &Clock) -> NewEvent {
        NewEvent {
            id: clock.fresh_id(),
            fact,
            order_id: OrderId(self.row.id),
            user_id: UserId(self.row.user_id),
            status: None,
            at: clock.now(),
            trace_parent: trace_parent.to_owned(),
        }
    }
}

/// Locks an order, and reads its lines.
pub(super) async fn locked(transaction: &Transaction, id: Uuid) -> Result<Option<Locked>, Error> {
    let row = orders::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
    let Some(row) = row else { return Ok(None) };
    let items = order_items::Entity::find()
        .filter(order_items::Column::OrderId.eq(id))
        .all(transaction)
        .await?;
    let line = |item: &order_items::Model| {
        (u16::try_from(item.line).unwrap_or(u16::MAX), i64::from(item.quantity))
    };
    Ok(Some(Locked { row, ordered: items.iter().map(line).collect() }))
}

/// Writes a shipment with its lines.
pub(super) async fn insert(
    transaction: &Transaction,
    shipment: &Shipment,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = shipments::ActiveModel {
        id: Set(shipment.id),
        order_id: Set(shipment.order_id.0),
        carrier: Set(shipment.carrier.clone()),
        tracking_number: Set(shipment.tracking_number.clone()),
        tracking_url: Set(shipment.tracking_url.clone()),
        state: Set(shipment.state.clone()),
        shipped_at: Set(shipment.shipped_at),
        estimated_delivery: Set(shipment.estimated_delivery),
        delivered_at: Set(None),
        created_at: Set(now),
    };
    shipments::Entity::insert(row).exec_without_returning(transaction).await?;
    let line = |(line, quantity): (&u16, &i64)| shipment_lines::ActiveModel {
        shipment_id: Set(shipment.id),
        line: Set(i32::from(*line)),
        quantity: Set(i32::try_from(*quantity).unwrap_or(i32::MAX)),
    };
    let lines = shipment.pieces.iter().map(line);
    shipment_lines::Entity::insert_many(lines).exec_without_returning(transaction).await?;
    Ok(())
}

/// The shipments of an order, in the order in which they were written down.
pub(super) async fn of_order(
    connection: &impl ConnectionTrait,
    order: Uuid,
) -> Result<Vec<Shipment>, Error> {
    let rows = shipments::Entity::find()
        .filter(shipments::Column::OrderId.eq(order))
        .order_by_asc(shipments::Column::CreatedAt)
        .order_by_asc(shipments::Column::Id)
        .all(connection)
        .await?;
    with_parts(connection, rows).await
}

/// These shipments with their lines and reports.
pub(super) async fn with_parts(
    connection: &impl ConnectionTrait,
    rows: Vec<shipments::Model>,
) -> Result<Vec<Shipment>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let lines = shipment_lines::Entity::find()
        .filter(shipment_lines::Column::ShipmentId.is_in(ids.clone()))
        .all(connection)
        .await?;
    let events = shipment_events::Entity::find()
        .filter(shipment_events::Column::ShipmentId.is_in(ids))
        .order_by_asc(shipment_events::Column::At)
        .all(connection)
        .await?;
    let mut of: BTreeMap<Uuid, (Pieces, Vec<CarrierEvent>)> = BTreeMap::new();
    for row in lines {
        let line = u16::try_from(row.line).unwrap_or(u16::MAX);
        of.entry(row.shipment_id).or_default().0.insert(line, i64::from(row.quantity));
    }
    for row in events {
        let shipment = row.shipment_id;
        of.entry(shipment).or_default().1.push(event_of(row));
    }
    let shipment = |row: shipments::Model| {
        let (pieces, mut events) = of.remove(&row.id).unwrap_or_default();
        events.sort_by_key(|event| (event.at, event.status));
        Shipment {
            id: row.id,
            order_id: OrderId(row.order_id),
            carrier: row.carrier,
            tracking_number: row.tracking_number,
            tracking_url: row.tracking_url,
            pieces,
            state: row.state,
            shipped_at: row.shipped_at,
            estimated_delivery: row.estimated_delivery,
            delivered_at: row.delivered_at,
            events,
        }
    };
    Ok(rows.into_iter().map(shipment).collect())
}

fn event_of(row: shipment_events::Model) -> CarrierEvent {
    CarrierEvent {
        id: row.id,
        identity: row.identity,
        // A word of a newer binary.
        status: row.status.parse().unwrap_or(CarrierStatus::Other),
        at: row.at,
        received_at: row.received_at,
        location: row.location,
        description: row.description,
    }
}

/// All pieces in these.
pub(super) fn sum<'a>(shipments: impl IntoIterator<Item = &'a Shipment>) -> Pieces {
    let mut sum = Pieces::new();
    for (line, quantity) in shipments.into_iter().flat_map(|it| &it.pieces) {
        *sum.entry(*line).or_default() += quantity;
    }
    sum
}

/// A shipment as its order's events tell of it.
pub(super) fn told(shipment: &Shipment) -> ShipmentFact {
    let pieces = shipment.pieces.iter();
    ShipmentFact {
        id: shipment.id,
        carrier: shipment.carrier.clone(),
        tracking_number: shipment.tracking_number.clone(),
        tracking_url: shipment.tracking_url.clone(),
        lines: pieces
            .map(|(line, pieces)| ShippedLine { line: *line, quantity: *pieces })
            .collect(),
        state: shipment.state.clone(),
        shipped_at: shipment.shipped_at,
        estimated_delivery: shipment.estimated_delivery,
        delivered_at: shipment.delivered_at,
    }
}
