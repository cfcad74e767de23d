//! What carriers report: taken into a shipment's set, with what follows for the shipment and its order.

use entity::{shipment_events, shipments};
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use uuid::Uuid;

use super::outbox::NewEvent;
use super::retry::Retries;
use super::shipment_rows::{Shipment, locked, of_order, sum, told};
use super::trail::NewAuditEntry;
use super::transaction::Transaction;
use super::{Error, Store};
use crate::clock::Clock;
use crate::fulfilment::{CarrierEvent, Merged, covers, delivered_at, merge, state};
use crate::order::{Fact, Move, OrderId, OrderStatus, Shipped, Tracking, TrackingFact};

impl Store {
    /// Takes in what a carrier reports; `None` where there is no such shipment.
    pub async fn report(
        &self,
        id: Uuid,
        reported: &[CarrierEvent],
        trace_parent: &str,
        clock: &Clock,
        audit: Option<&NewAuditEntry>,
    ) -> Result<Option<Shipment>, Error> {
        let mut retries = Retries::new(self.write.clock());
        loop {
            let transaction = self.write.begin().await?;
            let taken =
                self.report_in(&transaction, id, reported, (trace_parent, clock), audit).await;
            let ended = transaction.end(taken).await;
            if !retries.may_retry_transaction(&ended, self.write.clock()).await {
                return ended;
            }
        }
    }

    async fn report_in(
        &self,
        transaction: &Transaction,
        id: Uuid,
        reported: &[CarrierEvent],
        (trace_parent, clock): (&str, &Clock),
        audit: Option<&NewAuditEntry>,
    ) -> Result<Option<Shipment>, Error> {
        let Some(row) = shipments::Entity::find_by_id(id).one(transaction).await? else {
            return Ok(None);
        };
        let missing = || Error::Unusable(format!("the shipment {id} has no order"));
        let order = locked(transaction, row.order_id).await?.ok_or_else(missing)?;
        let mut all = of_order(transaction, row.order_id).await?;
        let lost = || Error::Unusable(format!("the shipment {id} was lost"));
        let shipment = all.iter_mut().find(|it| it.id == id).ok_or_else(lost)?;
        let Merged { new, changed } = merge(&shipment.events, reported.to_vec());
        if new.is_empty() && changed.is_empty() {
            return Ok(Some(shipment.clone()));
        }
        shipment.events.retain(|it| changed.iter().all(|other| other.identity != it.identity));
        shipment.events.extend(new.iter().chain(&changed).cloned());
        shipment.events.sort_by_key(|event| (event.at, event.status));
        write_events(transaction, id, &new, &changed).await?;
        shipment.state = state(&shipment.events).to_string();
        shipment.delivered_at = delivered_at(&shipment.events);
        let row = shipments::ActiveModel {
            id: Set(id),
            state: Set(shipment.state.clone()),
            delivered_at: Set(shipment.delivered_at),
            ..Default::default()
        };
        row.update(transaction).await?;
        let shipment = shipment.clone();
        let status = order.status()?;
        // Where the order is delivered by it, the next event says so.
        let tracking = |event: &CarrierEvent| {
            let fact = Tracking { shipment_id: id, tracking_event: told_event(event) };
            let event = order.event(Fact::Tracking(fact), trace_parent, clock);
            NewEvent { status: Some(status), ..event }
        };
        let mut events: Vec<NewEvent> = new.iter().map(tracking).collect();
        let arrived = all.iter().filter(|it| it.delivered_at.is_some());
        let is_all = covers(&order.ordered, &sum(arrived));
        if is_all && status == OrderStatus::Shipped {
            self.move_locked_order(transaction, OrderId(order.row.id), Move::DELIVER, clock.now())
                .await?;
            let fact = Fact::Delivered(Shipped { shipment: told(&shipment) });
            let event = order.event(fact, trace_parent, clock);
            events.push(NewEvent { status: Some(OrderStatus::Delivered), ..event });
        }
        self.tell(transaction, &events).await?;
        self.audit_in(transaction, audit).await?;
        Ok(Some(shipment))
    }
}

async fn write_events(
    transaction: &Transaction,
    shipment: Uuid,
    new: &[CarrierEvent],
    changed: &[CarrierEvent],
) -> Result<(), Error> {
    let row = |event: &CarrierEvent| shipment_events::ActiveModel {
        id: Set(event.id),
        shipment_id: Set(shipment),
        identity: Set(event.identity.clone()),
        status: Set(event.status.to_string()),
        at: Set(event.at),
        received_at: Set(event.received_at),
        location: Set(event.location.clone()),
        description: Set(event.description.clone()),
    };
    for event in changed {
        row(event).update(transaction).await?;
    }
    if !new.is_empty() {
        let rows = new.iter().map(row);
        shipment_events::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn told_event(event: &CarrierEvent) -> TrackingFact {
    TrackingFact {
        id: event.shown_id(),
        status: event.status.to_string(),
        at: event.at,
        location: event.location.clone(),
        description: event.description.clone(),
    }
}
