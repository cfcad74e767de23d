//! What can't be true of a saga: its state against the position that its log adds up to, and the
//! log against the rules by which it is written.
//!
//! For the audit: nothing is decided by it. The invariant: a saga that the machine made, whatever
//! its neighbours and its operators did, has no contradictions (a property of tests/properties.rs),
//! so each one found is a fault of the books.

use super::definition::EffectStage;
use super::effects::{Effect, Position, StagePosition, Standing};
use super::entry::{Entry, Event};
use super::instance::Instance;
use super::key::idempotency_key;
use super::outcome::Outcome;
use super::plan::{name, numbered};
use super::vocabulary::{Direction, Phase, State};

/// Why this saga with this log can't be true, a sentence each. The log is whole, oldest first.
pub fn contradictions(saga: &Instance, log: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    of_row(saga, &mut found);
    of_facts(saga, &mut found);
    of_state(saga, &mut found);
    of_undoing(&saga.position, &mut found);
    of_sequence(log, &mut found);
    of_order(saga, log, &mut found);
    found
}

/// At rest nobody is needed; before it, somebody is.
fn of_row(saga: &Instance, found: &mut Vec<String>) {
    let state = saga.state;
    if state.is_rest() {
        if saga.owner.is_some() {
            found.push(format!("{state}, though an executor owns it"));
        }
        if saga.stuck.is_some() {
            found.push(format!("{state}, though it is stuck"));
        }
    } else if saga.owner.is_none() && saga.next_attempt_at.is_none() && saga.stuck.is_none() {
        found.push(format!("{state}, and nobody will ever take it up"));
    }
}

/// Before effects are sent their prices are known; before something is undone, why.
fn of_facts(saga: &Instance, found: &mut Vec<String>) {
    let (state, context) = (saga.state, &saga.context);
    let is_priced = match state {
        State::Started | State::ProfileFetched | State::Rejected => false,
        State::Priced
        | State::Paid
        | State::Reserved
        | State::Completed
        | State::Compensating
        | State::Compensated => true,
    };
    if is_priced && context.profile_id.is_none() {
        found.push(format!("{state}, though nobody is known to pay"));
    }
    match &context.unit_prices {
        None if is_priced => found.push(format!("{state}, though it has no prices")),
        Some(prices) if prices.len() != context.lines.len() => {
            let (prices, lines) = (prices.len(), context.lines.len());
            found.push(format!("{prices} prices for {lines} lines"));
        }
        Some(_) if saga.total().is_none() => {
            found.push("its prices add up to no total".to_owned());
        }
        Some(_) if context.expected_total.is_some_and(|seen| saga.total() != Some(seen)) => {
            found.push("its prices add up to another total than its customer saw".to_owned());
        }
        Some(_) | None => {}
    }
    if state.direction() == Direction::Backward && context.cause.is_none() {
        found.push(format!("{state}, and no cause is kept"));
    }
}

/// What has to have happened, or not, in this state.
fn of_state(saga: &Instance, found: &mut Vec<String>) {
    let state = saga.state;
    match state {
        State::Started
        | State::ProfileFetched
        | State::Priced
        | State::Paid
        | State::Reserved
        | State::Completed => {
            for position in stages_reached(saga) {
                let missing = with_standing(position, |standing| standing != Standing::Done);
                found.extend(missing.map(|effect| format!("{state}, but {effect} is not done")));
            }
        }
        State::Compensating => {}
        State::Compensated | State::Rejected => {
            of_what_was_undone(saga, found);
            let any = saga.position.forward().any(|track| track.standing == Standing::Done);
            if !any && state == State::Compensated {
                found.push(format!("{state}, though nothing had happened"));
            }
        }
    }
}

/// At the end of the way back every effect is settled, and what happened is undone. Behind a stage
/// that was not all done nothing can have been sent, whatever a dead owner left unsure.
fn of_what_was_undone(saga: &Instance, found: &mut Vec<String>) {
    let state = saga.state;
    let mut earlier_done = true;
    for position in &saga.position.stages {
        let pairs = numbered(position.stage, &position.forward).zip(&position.undo);
        for ((line, forward), undo) in pairs {
            let effect = name(Effect { step: position.stage.step, line });
            match forward.standing {
                Standing::Done if state == State::Rejected => {
                    found.push(format!("{state}, but {effect} is done"));
                }
                Standing::Done if undo.standing != Standing::Done => {
                    found.push(format!("{state}, but {effect} is not undone"));
                }
                Standing::Unsure { .. } if earlier_done => {
                    found.push(format!("{state}, but {effect} is not settled"));
                }
                Standing::Done
                | Standing::Unsure { .. }
                | Standing::Untouched
                | Standing::Refused => {}
            }
        }
        earlier_done &= is_done(position);
    }
}

/// Undoing what never happened is never sent; what is kept is not undone.
fn of_undoing(position: &Position, found: &mut Vec<String>) {
    for position in &position.stages {
        let pairs = numbered(position.stage, &position.undo).zip(&position.forward);
        for ((line, undo), forward) in pairs {
            if undo.standing == Standing::Done && forward.standing != Standing::Done {
                let EffectStage { step, undo, .. } = position.stage;
                let (undo, effect) =
                    (name(Effect { step: undo, line }), name(Effect { step, line }));
                found.push(format!("{undo} is done, but {effect} is not"));
            }
        }
    }
}

/// Places are given one after the other, and each once.
fn of_sequence(log: &[Entry], found: &mut Vec<String>) {
    for (entry, place) in log.iter().zip(1..) {
        if entry.seq != place {
            found.push(format!("entry {place} of its log is missing: there is {}", entry.seq));
            return;
        }
    }
}

/// Each call against what was known when it was made.
fn of_order(saga: &Instance, log: &[Entry], found: &mut Vec<String>) {
    let mut position = Position::new(saga.definition, &saga.context, saga.created_at);
    let mut went_back = false;
    for entry in log {
        if let Some(call) = may_have_been_sent(entry) {
            let mut fault = |what: &str| {
                found.push(format!("entry {}: {} {what}", entry.seq, name(call)));
            };
            let key = idempotency_key(saga.id, call, entry.generation);
            if entry.key.as_ref().is_some_and(|sent| *sent != key) {
                fault("was sent under a key that is not its own");
            }
            if let Some(before) = missing_before(&position, call) {
                fault(&format!("was sent though {before} was not done"));
            }
            if position.track(call).is_some_and(|track| track.standing.is_settled()) {
                fault("was sent again after it was settled");
            }
            went_back |= entry.phase == Phase::Compensation;
            if went_back && entry.phase == Phase::Forward {
                fault("went forward after the saga had gone back");
            }
        }
        position.apply(entry);
    }
}

/// The effect of an entry that says that a call was made, or was about to be.
fn may_have_been_sent(entry: &Entry) -> Option<Effect> {
    let sent = match entry.event {
        Event::Sending | Event::Came(Outcome::Done | Outcome::Refused | Outcome::Unknown) => true,
        Event::Came(Outcome::NotSent)
        | Event::TakenOver(_)
        | Event::Found
        | Event::Happened
        | Event::DidNotHappen
        | Event::Renewed
        | Event::Retried
        | Event::Stopped
        | Event::Held
        | Event::Released => false,
    };
    sent.then_some(entry.effect)
}

/// What should have been done before this effect was sent, and was not: every stage before its own,
/// or what it undoes.
fn missing_before(position: &Position, call: Effect) -> Option<String> {
    let mut missing = None;
    for position in &position.stages {
        let EffectStage { step, undo, .. } = position.stage;
        if step == call.step {
            return missing;
        }
        let mut undone = with_standing(position, |standing| standing != Standing::Done);
        if undo == call.step {
            let effect = name(Effect { step, line: call.line });
            return undone.find(|missing| *missing == effect);
        }
        missing = missing.or_else(|| undone.next());
    }
    // A step without effects.
    None
}

/// The stages that lead to the state that the saga is in, or to one before it.
fn stages_reached(saga: &Instance) -> impl Iterator<Item = &StagePosition> {
    let stages = saga.definition.stages;
    let reached = stages.iter().position(|stage| stage.reaches == saga.state);
    let passed = &stages[..reached.map_or(0, |at| at + 1)];
    passed.iter().filter_map(|stage| saga.position.stage(stage.step))
}

fn with_standing(
    position: &StagePosition,
    wanted: impl Fn(Standing) -> bool,
) -> impl Iterator<Item = String> {
    let step = position.stage.step;
    let tracks = numbered(position.stage, &position.forward);
    let tracks = tracks.filter(move |(_, track)| wanted(track.standing));
    tracks.map(move |(line, _)| name(Effect { step, line }))
}

fn is_done(position: &StagePosition) -> bool {
    position.forward.iter().all(|track| track.standing == Standing::Done)
}
