//! Sagas from rows.

use std::str::FromStr;

use entity::{saga_instance, step_log};

use crate::order::{OrderId, UserId};
use crate::saga::{
    Catalogue, Definition, Effect, Entry, Event, Instance, Known, Outcome, Phase, Position, SagaId,
};

/// A saga that this binary can't read, and why. It is set aside, and everything else goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unreadable {
    /// Whose row.
    pub id: SagaId,
    /// The step in question, or the state.
    pub step: String,
    /// What is not known, in a sentence.
    pub detail: String,
}

/// A saga from its row and its whole log, in order.
pub(in crate::store) fn instance_of(
    row: saga_instance::Model,
    log: Vec<step_log::Model>,
    catalogue: Catalogue,
) -> Result<Instance, Box<Unreadable>> {
    let unreadable = |step: &str, detail: String| {
        Box::new(Unreadable { id: SagaId(row.id), step: step.to_owned(), detail })
    };
    let definition = catalogue.find(&row.kind, row.definition_version).ok_or_else(|| {
        let kind = format!("{} version {}", row.kind, row.definition_version);
        unreadable(&row.state, format!("this binary does not know {kind}"))
    })?;
    let progress = definition
        .progress(&row.state)
        .ok_or_else(|| unreadable(&row.state, format!("unknown state {}", row.state)))?;
    let known = (definition.facts)(row.context.clone());
    let Known { terms, cause, facts } = known
        .map_err(|error| unreadable(&row.state, format!("its context can't be read: {error}")))?;
    let stuck = row.stuck.clone().map(serde_json::from_value).transpose();
    let stuck = stuck
        .map_err(|error| unreadable(&row.state, format!("its trouble can't be read: {error}")))?;
    let held = row.held.clone().map(serde_json::from_value).transpose();
    let held = held
        .map_err(|error| unreadable(&row.state, format!("who holds it can't be read: {error}")))?;
    let cancel_request = row.cancel_request.clone().map(serde_json::from_value).transpose();
    let cancel_request = cancel_request.map_err(|error| {
        unreadable(&row.state, format!("why it is to be cancelled can't be read: {error}"))
    })?;
    let mut position = Position::new(definition, &facts, &terms.promises, row.created_at);
    let mut next_seq = 1;
    let mut taken_over = false;
    for logged in log {
        next_seq = next_seq.max(logged.seq + 1);
        let entry = entry_of(definition, &logged).ok_or_else(|| {
            let (seq, step, event) = (logged.seq, &logged.step, &logged.event);
            unreadable(step, format!("entry {seq} of its log can't be read: {step} {event}"))
        })?;
        position.apply(&entry);
        taken_over = matches!(entry.event, Event::TakenOver(_));
    }
    Ok(Instance {
        id: SagaId(row.id),
        order_id: OrderId(row.order_id.unwrap_or(row.id)),
        user_id: UserId(row.user_id),
        definition,
        progress,
        stuck,
        held,
        cancel_request,
        terms,
        cause,
        facts,
        attempts: u32::try_from(row.attempts).unwrap_or(0),
        next_attempt_at: row.next_attempt_at,
        failing_since: row.failing_since,
        last_error: row.last_error,
        deadline_at: row.deadline_at,
        owner: row.owner,
        fence: row.fence,
        revision: row.revision,
        version: row.version.unwrap_or(row.revision),
        created_at: row.created_at,
        updated_at: row.updated_at,
        trace_parent: row.trace_parent,
        position,
        next_seq,
        taken_over,
        unsaved: Vec::new(),
    })
}

/// A readable log of a saga of this kind as its writers had it, with what was sent under which key;
/// what can't be read is left out, as [`instance_of`] says that already.
pub(in crate::store) fn entries_of(
    definition: &'static Definition,
    log: &[step_log::Model],
) -> Vec<Entry> {
    let whole = |row: &step_log::Model| {
        let (key, request) = (row.idempotency_key.clone(), row.request.clone());
        Some(Entry { key, request, ..entry_of(definition, row)? })
    };
    log.iter().filter_map(whole).collect()
}

fn entry_of(definition: &'static Definition, row: &step_log::Model) -> Option<Entry> {
    let line = row.line.map(u16::try_from).transpose().ok()?;
    let effect = Effect { step: definition.step(&row.step)?, line };
    let phase = Phase::from_str(&row.phase).ok()?;
    let event = event_of(Some(definition), row)?;
    Some(Entry {
        seq: row.seq,
        generation: u32::try_from(row.generation).ok()?,
        attempt: u32::try_from(row.attempt).ok()?,
        duration_ms: row.duration_ms,
        error: row.error.clone(),
        ..Entry::new(effect, phase, event, row.started_at)
    })
}

/// What a logged entry says; `None` where this binary has no word for it.
pub(in crate::store) fn event_of(
    definition: Option<&Definition>,
    row: &step_log::Model,
) -> Option<Event> {
    match row.event.as_str() {
        "came" => Some(Event::Came(Outcome::from_str(row.outcome.as_deref()?).ok()?)),
        "taken_over" => Some(Event::TakenOver(definition?.progress(row.from_state.as_deref()?)?)),
        "begun" => Some(Event::Begun),
        "sending" => Some(Event::Sending),
        "found" => Some(Event::Found),
        "happened" => Some(Event::Happened),
        "did_not_happen" => Some(Event::DidNotHappen),
        "renewed" => Some(Event::Renewed),
        "retried" => Some(Event::Retried),
        "stopped" => Some(Event::Stopped),
        "held" => Some(Event::Held),
        "released" => Some(Event::Released),
        _unknown => None,
    }
}
