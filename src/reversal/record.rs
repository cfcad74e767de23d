//! What a reversal writes into the books in its last transaction.

use serde_json::json;

use super::CANCELLATION;
use super::facts::ReversalFacts;
use crate::engine::Recording;
use crate::order::{EventKind, Move, OrderStatus};
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
    let data = json!({
        "reason": facts.reason,
        "refunded": facts.refund(),
        "released": facts.lines,
    });
    let event = NewEvent {
        status: Some(OrderStatus::Cancelled),
        ..NewEvent::of(saga, EventKind::Cancelled, data, context.clock)
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
    let lines = lines.iter().map(|line| {
        json!({
            "line": line.line,
            "productId": line.of.product_id,
            "quantity": line.of.quantity,
            "amount": line.amount,
        })
    });
    let data = json!({"return": {
        "id": saga.id,
        "refunded": facts.refund(),
        "restock": facts.restock,
        "reason": facts.reason,
        "lines": lines.collect::<Vec<_>>(),
    }});
    let event = NewEvent::of(saga, EventKind::Returned, data, context.clock);
    let done = ReturnDone { id: saga.id.0, at: context.clock.now() };
    Records { returned: Some(done), events: vec![event], ..Records::default() }
}
