//! What a completed checkout writes into the books: the order with its lines, and the event that
//! tells of it.

use super::facts::CheckoutFacts;
use crate::clock::Clock;
use crate::order::Paise;
use crate::saga::{Facts, Instance};
use crate::store::{NewOrder, Records};

/// The order that a completed checkout stands for.
pub(super) fn records(saga: &Instance, facts: &CheckoutFacts, clock: &Clock) -> Records {
    let items = facts.makes().unwrap_or_default();
    Records {
        order: Some(NewOrder {
            id: saga.order_id,
            user_id: saga.user_id,
            total: facts.total().unwrap_or(Paise(0)),
            created_at: saga.created_at,
            confirmed_at: clock.now(),
            items: items.into_iter().map(|item| (clock.fresh_id(), item)).collect(),
            event_id: clock.fresh_id(),
        }),
    }
}
