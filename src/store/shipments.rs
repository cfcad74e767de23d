//! Shipments and what carriers report of them.
//!
//! The order's row is locked while either changes: so no two shipments together take more than was ordered,
//! a cancel and the first shipment are decided by one conditional update, and an order is delivered once.

use chrono::{DateTime, Utc};
use entity::shipments;
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::retry::Retries;
use super::shipment_rows::{Shipment, insert, locked, of_order, sum, told, with_parts};
use super::trail::NewAuditEntry;
use super::transaction::Transaction;
use super::{Error, Store};
use crate::clock::Clock;
use crate::fulfilment::{CarrierStatus, Pieces, Shortage, take};
use crate::order::{Fact, Move, OrderId, OrderStatus, Shipped};

/// A shipment to be.
#[derive(Clone, Debug)]
pub struct NewShipment {
    /// Of which order.
    pub order_id: OrderId,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
    /// Where its way can be followed.
    pub tracking_url: Option<String>,
    /// What is in it; `None` for all that has not left yet.
    pub pieces: Option<Pieces>,
    /// When it left.
    pub shipped_at: DateTime<Utc>,
    /// When it is expected to arrive.
    pub estimated_delivery: Option<DateTime<Utc>>,
    /// W3C trace context of the request.
    pub trace_parent: String,
}

/// What became of a shipment to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shipping {
    /// It has left.
    Shipped(Box<Shipment>),
    /// The order has one of this carrier and number already: the first one, whatever else was said.
    Repeats(Box<Shipment>),
    /// The order has no row.
    NoOrder,
    /// The order is not to be shipped.
    NotAllowed(OrderStatus),
    /// The order is of the old database, and was sent there.
    Imported(OrderStatus),
    /// Too little is left of it.
    Short(Shortage, OrderStatus),
}

impl Store {
    /// Writes a shipment down, and moves the order with its first one.
    pub async fn ship(
        &self,
        new: &NewShipment,
        clock: &Clock,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Shipping, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let shipped = self.ship_in(&transaction, new, clock, audit).await;
            let ended = transaction.end(shipped).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn ship_in(
        &self,
        transaction: &Transaction,
        new: &NewShipment,
        clock: &Clock,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Shipping, Error> {
        let Some(order) = locked(transaction, new.order_id.0).await? else {
            return Ok(Shipping::NoOrder);
        };
        let before = of_order(transaction, order.row.id).await?;
        let is_same =
            |it: &&Shipment| it.carrier == new.carrier && it.tracking_number == new.tracking_number;
        if let Some(first) = before.iter().find(is_same) {
            return Ok(Shipping::Repeats(Box::new(first.clone())));
        }
        let status = order.status()?;
        if order.row.imported_at.is_some() {
            return Ok(Shipping::Imported(status));
        }
        match status {
            OrderStatus::Confirmed | OrderStatus::Shipped | OrderStatus::Delivered => {}
            OrderStatus::Pending
            | OrderStatus::Rejected
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled => return Ok(Shipping::NotAllowed(status)),
        }
        let pieces = match take(&order.ordered, &sum(&before), new.pieces.as_ref()) {
            Ok(pieces) => pieces,
            Err(shortage) => return Ok(Shipping::Short(shortage, status)),
        };
        let now = clock.now();
        let shipment = Shipment {
            id: clock.fresh_id(),
            order_id: new.order_id,
            carrier: new.carrier.clone(),
            tracking_number: new.tracking_number.clone(),
            tracking_url: new.tracking_url.clone(),
            pieces,
            state: CarrierStatus::LabelCreated.to_string(),
            shipped_at: new.shipped_at,
            estimated_delivery: new.estimated_delivery,
            delivered_at: None,
            events: Vec::new(),
        };
        insert(transaction, &shipment, now).await?;
        if status == OrderStatus::Confirmed {
            self.move_locked_order(transaction, new.order_id, Move::SHIP, now).await?;
        }
        let fact = Fact::Shipped(Shipped { shipment: told(&shipment) });
        let event = order.event(fact, &new.trace_parent, clock);
        self.tell(transaction, &[event]).await?;
        self.audit_in(transaction, audit).await?;
        Ok(Shipping::Shipped(Box::new(shipment)))
    }

    /// The shipment of this id.
    pub async fn shipment(&self, id: Uuid) -> Result<Option<Shipment>, Error> {
        let row = shipments::Entity::find_by_id(id).one(&self.orders).await?;
        Ok(with_parts(&self.orders, row.into_iter().collect()).await?.pop())
    }

    /// The shipments of an order, in the order in which they were written down.
    pub async fn shipments_of(&self, id: OrderId) -> Result<Vec<Shipment>, Error> {
        of_order(&self.orders, id.0).await
    }
}
