//! Compares the books of trips that are at rest with their neighbours' ledger.

use std::collections::BTreeSet;

use order_service::order::Paise;
use order_service::saga::{Definition, End, Progress};
use order_service::store::{Found, Order};

use super::facts::TripFacts;
use super::neighbours::Neighbours;
use super::step::{FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, POST_LETTER, TAKE_FARE};

/// A trip with what the books have of its order.
pub struct Kept<'a> {
    pub saga: &'a Found,
    /// The table that it was begun under.
    pub definition: &'static Definition,
    /// The order with the trip's order id.
    pub order: Option<&'a Order>,
    /// How many events there are of that order.
    pub events: usize,
}

/// What is wrong with a trip that is at rest, a sentence each. Whatever the neighbours noted by themselves
/// comes on top.
pub fn faults_of(kept: &Kept<'_>, neighbours: &Neighbours) -> Vec<String> {
    let saga = kept.saga;
    let (id, state) = (saga.id.to_string(), &saga.state);
    let mut faults = Vec::new();
    let mut check = |holds: bool, says: &str| {
        if !holds {
            faults.push(format!("trip {id}, {state}: {says}"));
        }
    };
    let facts = saga.known.as_ref().and_then(|known| known.facts.of::<TripFacts>());
    let (Some(facts), Some(Progress::Rest(end))) = (facts, saga.progress) else {
        check(false, "not readable, or not at rest");
        return faults;
    };
    check(saga.owner.is_none() && saga.stuck.is_none(), "owned or stuck at rest");
    check(saga.order_id == facts.order_id, "another order than it was begun for");
    check(saga.order_id.0 != saga.id.0, "its order has its own id");
    let (legs, is_free) = (facts.legs.len(), facts.total() == Some(Paise(0)));
    let has_travelled = end == End::Completed;
    let count = |step| neighbours.count(&id, step);
    let (held, freed) = (count(HOLD_SEAT), count(FREE_SEAT));
    check((count(TAKE_FARE) == 1) == (has_travelled && !is_free), "the fare");
    check(held - freed == if has_travelled { legs } else { 0 }, "seats");
    check(!has_travelled || freed == 0, "a seat was freed, and it travelled");
    check(count(ISSUE_TICKET) == if has_travelled { legs } else { 0 }, "tickets");
    check(count(POST_LETTER) == usize::from(has_travelled), "the letter");
    check((end == End::Compensated) == (!has_travelled && held > 0), "the word for its end");
    check(kept.events == usize::from(has_travelled), "one event of its order");
    check(kept.order.is_some() == has_travelled, "its order");
    if let Some(order) = kept.order {
        let sum = order.items.iter().map(|item| item.unit_price.0 * i64::from(item.quantity)).sum();
        check(order.id == facts.order_id && order.user_id == saga.user_id, "whose order it is");
        check(Some(order.total) == facts.total() && order.total == Paise(sum), "its order's total");
        check(order.items.len() == legs, "its order's lines");
    }
    if let Some(taken) = neighbours.taken(&id) {
        check(taken["amount"].as_i64() == facts.total().map(|total| total.0), "the amount taken");
        check(taken["orderId"] == facts.order_id.to_string(), "the order that was paid");
        check(taken["clearance"].as_u64() == facts.clearance, "the clearance shown");
    }
    let is_asked = kept.definition.version > 0;
    check(!has_travelled || facts.clearance.is_some() == is_asked, "its clearance");
    faults
}

/// What the neighbours did for sagas that are not among these ids.
pub fn strays(neighbours: &Neighbours, sagas: &BTreeSet<String>) -> Vec<String> {
    let is_known = |key: &str| key.split(':').next().is_some_and(|saga| sagas.contains(saga));
    let strays = neighbours.ledger.keys().filter(|key| !is_known(key));
    strays.map(|key| format!("{key}: of no saga in the books")).collect()
}
