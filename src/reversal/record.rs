//! What a reversal writes into the books in its last transaction.

use super::CANCELLATION;
use super::facts::ReversalFacts;
use crate::engine::Recording;
use crate::order::{
    Cancelled, Fact, Move, OrderStatus, Released, ReturnFact, Returned, ReturnedFact,
};
use crate::saga::Instance;
use crate::store::{MovedOrder, NewEvent, Records, ReturnDone};

pub(super) fn records(saga: &Instance, facts: &ReversalFacts, context: Recording<'_>) -> Records {
    if saga.definition.kind == CANCELLATION.kind {
        cancelled(saga, facts, context)
    } else {
        returned(saga, facts, context)
    }
}

/// The order is cancelled.
fn cancelled(saga: &Instance, facts: &ReversalFacts, context: Recording<'_>) -> Records {
    let at = context.clock.now();
    let fact = Fact::Cancelled(Cancelled {
        reason: facts.reason.clone(),
        refunded: facts.refund().0,
        released: facts.lines.iter().map(Released::from).collect(),
    });
    let event = NewEvent {
        status: Some(OrderStatus::Cancelled),
        ..NewEvent::of(saga, fact, context.clock)
    };
    Records {
        moved: Some(MovedOrder { id: saga.order_id, by: Move::CANCELLED, at }),
        events: vec![event],
        ..Records::default()
    }
}

/// Goods are back.
fn returned(saga: &Instance, facts: &ReversalFacts, context: Recording<'_>) -> Records {
    let lines = facts.returned();
    let lines = lines.iter().map(|line| ReturnedFact {
        line: line.line,
        product_id: line.of.product_id.0,
        quantity: line.of.quantity,
        amount: line.amount.0,
    });
    let goods = ReturnFact {
        id: saga.id.0,
        refunded: facts.refund().0,
        restock: facts.restock,
        reason: facts.reason.clone(),
        lines: lines.collect(),
    };
    let event = NewEvent::of(saga, Fact::Returned(Returned { goods }), context.clock);
    let done = ReturnDone { id: saga.id.0, at: context.clock.now() };
    Records { returned: Some(done), events: vec![event], ..Records::default() }
}
