//! How reversals begin: their first row and log entry, for the transaction that makes them necessary.

use serde_json::json;

use super::facts::ReversalFacts;
use super::origin::Origin;
use super::{CANCELLATION, RETURN};
use crate::clock::Clock;
use crate::engine::Recording;
use crate::order::{Cancelling, Fact, OrderId, OrderStatus, UserId};
use crate::saga::{
    Beginning, CancelRequest, Definition, Effect, Entry, Event, Instance, Phase, SagaFacts, SagaId,
    Step, Terms,
};
use crate::store::{Accepted, Base, Identity, NewEvent, Records, Write};

/// The cancellation of an order that stands.
pub fn cancellation(origin: &Origin, request: &CancelRequest, context: Recording<'_>) -> Write {
    let facts = ReversalFacts::of_all(origin, &request.reason);
    let who = request.who.as_deref().unwrap_or(CLIENT);
    let why = json!({"reason": request.reason, "note": request.note});
    begin(&CANCELLATION, origin, facts, Asked { who, why, identity: None }, context)
}

/// A return of these goods, known by its client's key.
pub(super) fn take_back(
    origin: &Origin,
    facts: ReversalFacts,
    who: &str,
    accepted: Accepted,
    context: Recording<'_>,
) -> Write {
    let why = json!({"reason": facts.reason});
    begin(&RETURN, origin, facts, Asked { who, why, identity: Some(accepted) }, context)
}

/// The event of an order that is being cancelled.
pub fn cancelling(
    (order_id, user_id): (OrderId, UserId),
    request: &CancelRequest,
    trace_parent: String,
    clock: &Clock,
) -> NewEvent {
    NewEvent {
        id: clock.fresh_id(),
        fact: Fact::Cancelling(Cancelling { reason: request.reason.clone() }),
        order_id,
        user_id,
        status: Some(OrderStatus::Cancelling),
        at: request.since,
        trace_parent,
    }
}

/// What the log calls who asked, where it was no operator.
const CLIENT: &str = "client";

/// Who asks for a reversal, and why.
struct Asked<'a> {
    who: &'a str,
    why: serde_json::Value,
    identity: Option<Accepted>,
}

fn begin(
    definition: &'static Definition,
    origin: &Origin,
    facts: ReversalFacts,
    asked: Asked<'_>,
    context: Recording<'_>,
) -> Write {
    let Recording { clock, policy } = context;
    let (now, terms) = (clock.now(), Terms { promises: policy.promises(), ..Terms::default() });
    let mut saga = Instance::begin(Beginning {
        id: SagaId(clock.fresh_id()),
        order_id: Some(origin.order_id),
        user_id: origin.user_id,
        definition,
        facts: SagaFacts::new(facts),
        time: policy.time_for(&terms),
        terms,
        at: now,
        trace_parent: origin.trace_parent.clone(),
    });
    let begun = Entry::new(Effect::of(Step::BEGIN), Phase::Forward, Event::Begun, now);
    saga.log(Entry { request: Some(asked.why), ..begun.by(asked.who) });
    let nobody = || Accepted { identity: None::<Identity>, fingerprint: String::new() };
    let base = Base::New(asked.identity.unwrap_or_else(nobody));
    let entries = std::mem::take(&mut saga.unsaved);
    Write { base, saga, entries, records: Records::default() }
}
