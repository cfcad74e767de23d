//! What can't be true of a saga: its state against the position that its log adds up to, and the
//! log against the rules by which it is written.
//!
//! For the audit: nothing is decided by it. The invariant: a saga that the machine drove, whatever its
//! neighbours and its operators did, has no contradictions (a property test of `saga::tests` holds
//! it), so each one found is a fault of the books.

use super::action::ActionPosition;
use super::effect::Effect;
use super::entry::{Entry, Event};
use super::instance::Instance;
use super::outcome::Outcome;
use super::position::Position;
use super::progress::{Direction, End, Progress};
use super::track::Standing;
use super::word::Phase;

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
    let state = saga.state();
    if saga.progress.is_rest() {
        if saga.owner.is_some() {
            found.push(format!("{state}, though an executor owns it"));
        }
        if saga.stuck.is_some() {
            found.push(format!("{state}, though it is stuck"));
        }
    } else if saga.owner.is_none()
        && saga.next_attempt_at.is_none()
        && saga.stuck.is_none()
        && saga.held.is_none()
    {
        found.push(format!("{state}, and nobody will ever take it up"));
    }
}

/// What has to be known by now, is; and before something is undone, why.
fn of_facts(saga: &Instance, found: &mut Vec<String>) {
    let state = saga.state();
    let done = match saga.progress {
        Progress::Forward { done } => done,
        // Only what may have sent something goes back.
        Progress::Backward | Progress::Rest(End::Compensated) => {
            saga.definition.actions().next().map_or(0, |(at, _)| at)
        }
        Progress::Rest(End::Completed) => saga.definition.stages.len(),
        Progress::Rest(End::Rejected) => 0,
    };
    found.extend(saga.facts.faults(done, state));
    if saga.progress.direction() == Direction::Backward && saga.cause.is_none() {
        found.push(format!("{state}, and no cause is kept"));
    }
}

/// What has to have happened, or not, by now.
fn of_state(saga: &Instance, found: &mut Vec<String>) {
    let state = saga.state();
    match saga.progress {
        Progress::Forward { done } => of_what_is_done(saga, done, found),
        Progress::Rest(End::Completed) => of_what_is_done(saga, usize::MAX, found),
        Progress::Backward => {}
        Progress::Rest(End::Compensated | End::Rejected) => {
            of_what_was_undone(saga, found);
            let any = saga.position.forward().any(|track| track.standing == Standing::Done);
            if !any && saga.progress == Progress::Rest(End::Compensated) {
                found.push(format!("{state}, though nothing had happened"));
            }
        }
    }
}

fn of_what_is_done(saga: &Instance, stages: usize, found: &mut Vec<String>) {
    let state = saga.state();
    for position in saga.position.actions.iter().filter(|position| position.stage < stages) {
        found.extend(not_done(position).map(|effect| format!("{state}, but {effect} is not done")));
    }
}

/// At the end of the way back every effect is settled, and what happened is undone. Behind a stage
/// that was not all done nothing can have been sent, whatever a dead owner left unsure.
fn of_what_was_undone(saga: &Instance, found: &mut Vec<String>) {
    let state = saga.state();
    let mut earlier_done = true;
    for stage in saga.position.stages() {
        for position in stage {
            let undos = position.undos().map(|(_, track)| track.standing == Standing::Done);
            let undone = undos.chain(std::iter::repeat(false));
            for ((effect, track), undone) in position.effects().zip(undone) {
                match track.standing {
                    Standing::Done if saga.progress == Progress::Rest(End::Rejected) => {
                        found.push(format!("{state}, but {effect} is done"));
                    }
                    Standing::Done if !undone => {
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
        }
        earlier_done &= stage.iter().all(ActionPosition::is_done);
    }
}

/// Undoing what never happened is never sent; what is kept is not undone.
fn of_undoing(position: &Position, found: &mut Vec<String>) {
    for position in &position.actions {
        for ((effect, forward), (undo, track)) in position.effects().zip(position.undos()) {
            if track.standing == Standing::Done && forward.standing != Standing::Done {
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
    let mut position =
        Position::new(saga.definition, &saga.facts, &saga.terms.promises, saga.created_at);
    let mut went_back = false;
    for entry in log {
        if let Some(call) = may_have_been_sent(entry) {
            let mut fault = |what: &str| {
                found.push(format!("entry {}: {call} {what}", entry.seq));
            };
            let key = saga.key(call, entry.generation);
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
        | Event::Released
        | Event::Begun => false,
    };
    sent.then_some(entry.effect)
}

/// What should have been done before this effect was sent, and was not: every earlier stage, or what
/// it undoes.
fn missing_before(position: &Position, call: Effect) -> Option<Effect> {
    let action = position.action_of(call.step)?;
    if action.action.step == call.step {
        let earlier = position.actions.iter().filter(|earlier| earlier.stage < action.stage);
        return earlier.flat_map(not_done).next();
    }
    let undone = Effect { step: action.action.step, line: call.line };
    not_done(action).find(|missing| *missing == undone)
}

fn not_done(position: &ActionPosition) -> impl Iterator<Item = Effect> {
    let missing = position.effects().filter(|(_, track)| track.standing != Standing::Done);
    missing.map(|(effect, _)| effect)
}
