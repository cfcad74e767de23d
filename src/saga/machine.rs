//! What a saga does next.
//!
//! [`next`] is total: every saga, wherever it stands, has an answer. What it returns is all that an
//! executor may do; what comes of it goes into [`super::settle`].

use chrono::{DateTime, Utc};

use super::action::ActionPosition;
use super::cause::Cause;
use super::definition::{Stage, Work};
use super::give_up::go_back;
use super::instance::{Instance, Stuck};
use super::next::Next;
use super::plan::{Plan, trouble_of_read};
use super::policy::{A_MOMENT, Policy};
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
    if let Some(request) = saga.cancel_request.as_ref().filter(|_| may_cancel(saga, done, stage)) {
        return give_up(saga, policy, now, request.cause());
    }
    match stage.work {
        Work::Record(_) => next,
        Work::Read { step, .. } => {
            let limit = (!saga.position.is_past_return()).then_some(saga.deadline_at);
            if limit.is_some_and(|limit| now >= limit) {
                return give_up(saga, policy, now, out_of_time(saga));
            }
            match policy.waits_until(saga, now) {
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

/// Whether a saga at this stage goes back where it is to be cancelled. One that has only its books left to
/// write does not.
fn may_cancel(saga: &Instance, done: usize, stage: &Stage) -> bool {
    let is_decided = matches!(stage.work, Work::Record(_));
    !is_decided && !saga.position.is_past_return() && saga.position.may_be_given_up(done)
}

/// Settles the effects of the stage that follows `done` stages.
fn effects(saga: &Instance, done: usize, policy: &Policy, now: DateTime<Utc>) -> Next {
    let can_return = !saga.position.is_past_return() && saga.position.may_be_given_up(done);
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
                    (Standing::Untouched | Standing::Refused, _) => {}
                    // Behind a stage that is not all done, nothing can have been sent.
                    (Standing::Unsure { .. }, _) if !earlier_done => {}
                    // A saga does not go back once something may have happened that can't be undone.
                    // Where that comes out later (a look after the books were restored), it is not
                    // sent again and not forgotten: it is for a person.
                    (Standing::Unsure { .. } | Standing::Done, None) => plan.doubts.push(effect),
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

/// What a person should know of it besides: what it would say if it only waited.
fn trouble_of_held(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Option<Stuck> {
    let waiting = Instance { held: None, next_attempt_at: Some(now + A_MOMENT), ..saga.clone() };
    match next(&waiting, policy, now) {
        Next::Pause { stuck, .. } => stuck,
        Next::Read(_) | Next::Call(_) | Next::Enter(..) | Next::Rest => None,
    }
}
