//! What a checkout writes into the books with its end: the order, or that there is none, and the events
//! that tell of it.

use super::facts::CheckoutFacts;
use super::refusal::Refusal;
use crate::engine::Recording;
use crate::order::{Cancelled, Confirmed, Fact, Item, OrderStatus, Paise, Rejected, Released};
use crate::reversal::{self, GivenBack, Origin, cancelling};
use crate::saga::{Facts, Instance, Known};
use crate::store::{NewEvent, NewOrder, Records};

/// What comes of a checkout at rest.
pub(super) fn records(saga: &Instance, facts: &CheckoutFacts, context: Recording<'_>) -> Records {
    if saga.progress.is_completed() {
        stands(saga, facts, context)
    } else {
        let event = came_to_nothing(saga, context);
        Records { events: vec![event], ..Records::default() }
    }
}

/// The order. One that was to be cancelled when it was too late to go back is born in cancellation, and its
/// cancellation begins with it.
fn stands(saga: &Instance, facts: &CheckoutFacts, context: Recording<'_>) -> Records {
    let items = facts.makes().unwrap_or_default();
    let total = facts.total().unwrap_or(Paise(0));
    let bought = items.iter().map(Item::from).collect();
    let fact = Fact::Confirmed(Confirmed { total_amount: total.0, items: bought });
    // Where listeners know of the cancel already, they are not told that it is off.
    let is_told = saga.cancel_request.as_ref().is_some_and(|request| request.is_told);
    let status = if is_told { OrderStatus::Cancelling } else { OrderStatus::Confirmed };
    let confirmed = NewEvent { status: Some(status), ..NewEvent::of(saga, fact, context.clock) };
    let order = NewOrder {
        id: saga.order_id,
        user_id: saga.user_id,
        profile_id: facts.profile_id,
        total,
        status: OrderStatus::Confirmed,
        created_at: saga.created_at,
        confirmed_at: context.clock.now(),
        shipping_address: facts.shipping_address.clone(),
        items: items.iter().map(|item| (context.clock.fresh_id(), *item)).collect(),
    };
    let events = vec![confirmed];
    let Some(request) = &saga.cancel_request else {
        return Records { order: Some(order), events, ..Records::default() };
    };
    let origin = Origin {
        order_id: saga.order_id,
        user_id: saga.user_id,
        profile_id: facts.profile_id,
        items,
        trace_parent: saga.trace_parent.clone(),
    };
    let of = (saga.order_id, saga.user_id);
    let cancelling = cancelling(of, request, saga.trace_parent.clone(), context.clock);
    let cancelling = Some(cancelling).filter(|_| !request.is_told);
    Records {
        order: Some(NewOrder { status: OrderStatus::Cancelling, ..order }),
        begun: Some(Box::new(reversal::cancellation(&origin, request, context))),
        events: events.into_iter().chain(cancelling).collect(),
        ..Records::default()
    }
}

/// The event of a checkout that came to nothing.
fn came_to_nothing(saga: &Instance, context: Recording<'_>) -> NewEvent {
    if let Some(request) = &saga.cancel_request {
        let given_back = GivenBack::by(saga);
        let fact = Fact::Cancelled(Cancelled {
            reason: Some(request.reason.clone()),
            refunded: given_back.refunded.0,
            released: given_back.released.iter().map(Released::from).collect(),
        });
        let event = NewEvent::of(saga, fact, context.clock);
        return NewEvent { status: Some(OrderStatus::Cancelled), ..event };
    }
    let (terms, cause, facts) = (saga.terms.clone(), saga.cause.clone(), saga.facts.clone());
    let told = Refusal::of(Some(&Known { terms, cause, facts })).told();
    // Plain data with string keys.
    let mut problem = serde_json::to_value(&told).unwrap_or_default();
    if let Some(members) = problem.as_object_mut() {
        members.insert("undone".to_owned(), true.into());
    }
    let fact = Fact::Rejected(Rejected { error: told.error.to_owned(), problem });
    NewEvent { status: Some(OrderStatus::Rejected), ..NewEvent::of(saga, fact, context.clock) }
}
