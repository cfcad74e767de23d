//! What a saga does next.
//!
//! [`next`] is total: every saga, wherever it stands, has an answer. What it returns is all that an
//! executor may do; what comes of it goes into [`super::settle`].

use chrono::{DateTime, Utc};

use super::action::ActionPosition;
use super::cause::Cause;
use super::definition::{Sort, Stage, Work};
use super::give_up::go_back;
use super::held::trouble_of_held;
use super::instance::Instance;
use super::next::Next;
use super::plan::{Plan, trouble_of_read};
use super::policy::Policy;
use super::progress::{End, Progress};
use super::track::Standing;

/// What this saga may do now.
pub fn next(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Next {
    match saga.progress {
        Progress::Rest(_) => Next::Rest,
        _ if saga.held.is_some() => Next::pause(None, trouble_of_held(saga, policy, now)),
        Progress::Forward { done } => forward(saga, done, saga.definition.stage(done), policy, now),
        Progress::Backward => backward(saga, policy, now),
    }
}

fn forward(
    saga: &Instance,
    done: usize,
    stage: &Stage,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Next {
    let next = Next::Enter(saga.definition.after(done), None);
    match stage.work {
        Work::Record(_) => next,
        Work::Read { step, .. } => {
            let limit = (!saga.position.is_past_return()).then_some(saga.deadline_at);
            if limit.is_some_and(|limit| now >= limit) {
                return give_up(saga, policy, now, out_of_time(saga));
            }
            match waits_until(saga, policy, now) {
                Some(until) => {
                    let until = limit.map_or(until, |limit| until.min(limit));
                    Next::pause(Some(until), trouble_of_read(saga, step, policy, now))
                }
                None => Next::Read(step),
            }
        }
        Work::Effects(_) if saga.position.of_stage(done).all(ActionPosition::is_done) => next,
        Work::Effects(_) => effects(saga, done, policy, now),
    }
}

/// Settles the effects of the stage that follows `done` stages.
fn effects(saga: &Instance, done: usize, policy: &Policy, now: DateTime<Utc>) -> Next {
    let can_return = !saga.position.is_past_return() && may_be_given_up(saga, done);
    let refused = saga
        .position
        .of_stage(done)
        .find(|action| action.forward.iter().any(|track| track.standing == Standing::Refused));
    if let Some(refused) = refused.filter(|_| can_return) {
        let step = refused.action.step.word().into();
        let cause = Cause::Refused { step, line: None, status: None, body: None };
        return give_up(saga, policy, now, cause);
    }
    let mut plan = Plan::default();
    for action in saga.position.of_stage(done) {
        for (effect, track) in action.effects() {
            plan.settle(saga, policy, now, action.action, effect, track);
        }
    }
    // The deadline doesn't run while a saga is in doubt (promise 26).
    let has_deadline = can_return && plan.doubts.is_empty();
    if has_deadline && now >= saga.deadline_at {
        return give_up(saga, policy, now, out_of_time(saga));
    }
    plan.into_next(saga, policy, now, has_deadline.then_some(saga.deadline_at))
}

/// What can be undone, or only may be refused, can be given up; what is retriable can't.
pub(super) fn may_be_given_up(saga: &Instance, stage: usize) -> bool {
    saga.position.of_stage(stage).all(|action| match action.action.sort {
        Sort::Compensable { .. } | Sort::Pivot => true,
        Sort::Retriable => false,
    })
}

fn backward(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Next {
    let mut plan = Plan::default();
    let mut earlier_done = true;
    for stage in saga.position.stages() {
        for position in stage {
            let action = position.action;
            let undos = position.undos().map(Some).chain(std::iter::repeat(None));
            for ((effect, track), undo) in position.effects().zip(undos) {
                match (track.standing, undo) {
                    (Standing::Untouched, _) if policy.wants_a_look(saga, action, track, now) => {
                        plan.settle(saga, policy, now, action, effect, track);
                    }
                    // What can't be undone has not happened: a saga does not go back then.
                    (Standing::Untouched | Standing::Refused, _) | (Standing::Done, None) => {}
                    // Behind a stage that is not all done, nothing can have been sent.
                    (Standing::Unsure { .. }, _) if !earlier_done => {}
                    (Standing::Unsure { .. }, _) => {
                        plan.settle(saga, policy, now, action, effect, track);
                    }
                    (Standing::Done, Some((undo, track))) => {
                        plan.settle(saga, policy, now, action, undo, track);
                    }
                }
            }
        }
        earlier_done &= stage.iter().all(ActionPosition::is_done);
    }
    if plan.is_empty() {
        let any = saga.position.forward().any(|track| track.standing == Standing::Done);
        let end = if any { End::Compensated } else { End::Rejected };
        return Next::Enter(Progress::Rest(end), None);
    }
    plan.into_next(saga, policy, now, None)
}

/// Goes back. A saga whose kind has no way back waits for a person instead; by the rules of a table
/// ([`super::Definition::faults`]) it is never given up.
fn give_up(saga: &Instance, policy: &Policy, now: DateTime<Utc>, cause: Cause) -> Next {
    go_back(saga, policy, now, cause).unwrap_or_else(|| Next::pause(None, saga.stuck.clone()))
}

/// The time before which the saga is not due.
pub(super) fn waits_until(
    saga: &Instance,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    saga.next_attempt_at.filter(|at| *at > now && !policy.is_too_far(saga, *at, now))
}

fn out_of_time(saga: &Instance) -> Cause {
    Cause::Deadline { step: saga.current_step().into(), detail: saga.last_error.clone() }
}

/// Whether any effect may have happened and may not be sent again.
pub(super) fn in_doubt(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> bool {
    saga.position.actions.iter().any(|position| {
        position.forward.iter().chain(&position.undo).any(|track| match track.standing {
            Standing::Unsure { since } => !policy.may_repeat(saga, position.action, since, now),
            Standing::Untouched | Standing::Done | Standing::Refused => false,
        })
    })
}
