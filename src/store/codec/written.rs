//! The rows of the log writer's statements about sagas, with their columns.

use serde::Serialize;
use uuid::Uuid;

use crate::saga::{Entry, Event, Instance, Progress};
use crate::store::rowset::{Cell, Column, Type};
use crate::store::write::{Base, Identity, Write};

/// What every write of a saga sets.
const CHANGING: [Column; 16] = [
    ("id", Type::Uuid),
    ("state", Type::Text),
    ("at_risk", Type::Bool),
    ("stuck_kind", Type::Text),
    ("stuck", Type::Json),
    ("total_amount", Type::BigInt),
    ("context", Type::Json),
    ("attempts", Type::Int),
    ("next_attempt_at", Type::Time),
    ("failing_since", Type::Time),
    ("last_error", Type::Text),
    ("deadline_at", Type::Time),
    ("owner", Type::Uuid),
    ("revision", Type::BigInt),
    ("version", Type::BigInt),
    ("updated_at", Type::Time),
];

/// A saga that is accepted.
pub(in crate::store) const NEW_SAGA: [Column; 26] = and([
    ("order_id", Type::Uuid),
    ("kind", Type::Text),
    ("definition_version", Type::Int),
    ("user_id", Type::Uuid),
    ("idempotency_key", Type::Text),
    ("joined_by", Type::Text),
    ("fingerprint", Type::Text),
    ("fence", Type::BigInt),
    ("trace_parent", Type::Text),
    ("created_at", Type::Time),
]);

/// A saga that goes on, and what its write builds on.
pub(in crate::store) const SAGA: [Column; 20] = and([
    ("base_owner", Type::Uuid),
    ("base_fence", Type::BigInt),
    ("base_revision", Type::BigInt),
    ("may_be_cancelled", Type::Bool),
]);

/// [`CHANGING`], and these.
const fn and<const MORE: usize, const ALL: usize>(more: [Column; MORE]) -> [Column; ALL] {
    assert!(CHANGING.len() + MORE == ALL, "the columns are as many as their type says");
    let mut all = [CHANGING[0]; ALL];
    let mut at = 1;
    while at < ALL {
        all[at] = if at < CHANGING.len() { CHANGING[at] } else { more[at - CHANGING.len()] };
        at += 1;
    }
    all
}

pub(in crate::store) const ENTRY: [Column; 17] = [
    ("saga_id", Type::Uuid),
    ("seq", Type::Int),
    ("step", Type::Text),
    ("line", Type::Int),
    ("phase", Type::Text),
    ("event", Type::Text),
    ("outcome", Type::Text),
    ("from_state", Type::Text),
    ("generation", Type::Int),
    ("attempt", Type::Int),
    ("idempotency_key", Type::Text),
    ("started_at", Type::Time),
    ("duration_ms", Type::BigInt),
    ("request", Type::Json),
    ("response", Type::Json),
    ("error", Type::Text),
    ("executor", Type::Text),
];

pub(in crate::store) const TALLY: [Column; 3] =
    [("writer", Type::Uuid), ("state", Type::Text), ("sagas", Type::BigInt)];

/// The cells of [`CHANGING`].
fn changing(saga: &Instance) -> [Cell<'_>; 16] {
    [
        saga.id.0.into(),
        saga.state().into(),
        saga.definition.is_at_risk(saga.progress).into(),
        saga.stuck.as_ref().map(|stuck| text(stuck.kind)).into(),
        saga.stuck.as_ref().map(encoded).into(),
        saga.facts.amount().map(|amount| amount.0).into(),
        saga.facts.encode(&saga.terms, saga.cause.as_ref()).into(),
        whole(saga.attempts),
        saga.next_attempt_at.into(),
        saga.failing_since.into(),
        saga.last_error.as_deref().into(),
        saga.deadline_at.into(),
        saga.owner.into(),
        saga.revision.into(),
        saga.version.into(),
        saga.updated_at.into(),
    ]
}

/// A row of [`NEW_SAGA`].
pub(in crate::store) fn new_saga_row(write: &Write) -> Option<[Cell<'_>; 26]> {
    let Base::New(accepted) = &write.base else { return None };
    let saga = &write.saga;
    let order_id = Some(saga.order_id.0).filter(|order| *order != saga.id.0);
    let fixed = [
        order_id.into(),
        saga.definition.kind.into(),
        saga.definition.version.into(),
        saga.user_id.0.into(),
        accepted.identity.as_ref().and_then(Identity::key).into(),
        accepted.identity.as_ref().and_then(Identity::content).into(),
        accepted.fingerprint.as_str().into(),
        saga.fence.into(),
        saga.trace_parent.as_str().into(),
        saga.created_at.into(),
    ];
    Some(joined(changing(saga), fixed))
}

/// A row of [`SAGA`].
pub(in crate::store) fn saga_row(write: &Write) -> Option<[Cell<'_>; 20]> {
    let Base::Owned { owner, fence, revision } = write.base else { return None };
    let saga = &write.saga;
    // What only goes on may be written whatever is asked for meanwhile. What decides, or gives the saga up
    // until it is due, may not.
    let goes_on = matches!(saga.progress, Progress::Forward { .. }) && saga.owner.is_some();
    let may_be_cancelled = goes_on || saga.cancel_request.is_some();
    let builds_on = [owner.into(), fence.into(), revision.into(), may_be_cancelled.into()];
    Some(joined(changing(saga), builds_on))
}

/// Rows of [`ENTRY`].
pub(in crate::store) fn entry_rows(write: &Write) -> impl Iterator<Item = [Cell<'_>; 17]> {
    write.entries.iter().map(|entry| entry_row(write, entry))
}

fn entry_row<'a>(write: &Write, entry: &'a Entry) -> [Cell<'a>; 17] {
    let (outcome, from_state) = match entry.event {
        Event::Came(outcome) => (text(outcome), Cell::Null),
        Event::TakenOver(progress) => (Cell::Null, write.saga.definition.word(progress).into()),
        _other => (Cell::Null, Cell::Null),
    };
    [
        write.saga.id.0.into(),
        entry.seq.into(),
        text(entry.effect.step),
        entry.effect.line.map(i32::from).into(),
        text(entry.phase),
        text(entry.event),
        outcome,
        from_state,
        whole(entry.generation),
        whole(entry.attempt),
        entry.key.as_deref().into(),
        entry.started_at.into(),
        entry.duration_ms.into(),
        entry.request.as_ref().map(encoded).into(),
        entry.response.as_ref().map(encoded).into(),
        entry.error.as_deref().into(),
        entry.executor.as_str().into(),
    ]
}

/// A row of [`TALLY`].
pub(in crate::store) fn tally_row(
    writer: Uuid,
    state: &'static str,
    sagas: i64,
) -> [Cell<'static>; 3] {
    [writer.into(), state.into(), sagas.into()]
}

/// A stored word.
pub(super) fn text<'a>(word: impl Into<&'static str>) -> Cell<'a> {
    let word: &'static str = word.into();
    word.into()
}

/// A number that fits the column, or the largest that does.
pub(super) fn whole<'a>(number: u32) -> Cell<'a> {
    i32::try_from(number).unwrap_or(i32::MAX).into()
}

pub(super) fn encoded<'a>(value: &impl Serialize) -> Cell<'a> {
    serde_json::to_string(value).expect("plain data with string keys").into()
}

fn joined<'a, const A: usize, const B: usize, const C: usize>(
    first: [Cell<'a>; A],
    then: [Cell<'a>; B],
) -> [Cell<'a>; C] {
    const { assert!(A + B == C) };
    let mut cells = first.into_iter().chain(then);
    std::array::from_fn(|_| cells.next().unwrap_or(Cell::Null))
}
