//! What a saga's unsettled effects allow and ask for: calls, a pause, or a person.

use chrono::{DateTime, Utc};

use super::call::{Call, How};
use super::definition::Action;
use super::effect::Effect;
use super::instance::{Instance, Stuck};
use super::next::Next;
use super::policy::Policy;
use super::progress::Progress;
use super::track::{Standing, Track};
use super::word::{Step, StuckKind};

/// What the effects at hand allow and ask for.
#[derive(Default)]
pub(super) struct Plan {
    calls: Vec<Call>,
    /// May have happened and may not be sent again.
    pub(super) doubts: Vec<Effect>,
    refused: Vec<Effect>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.doubts.is_empty() && self.refused.is_empty()
    }

    /// Adds what would settle this effect, if anything may.
    pub(super) fn settle(
        &mut self,
        saga: &Instance,
        policy: &Policy,
        now: DateTime<Utc>,
        action: &Action,
        effect: Effect,
        track: Track,
    ) {
        let keeps_keys = policy.keeps_keys(saga, action);
        let (how, repeat_before) = match track.standing {
            Standing::Done => return,
            Standing::Refused => return self.refused.push(effect),
            Standing::Untouched
                if effect.step == action.step && policy.wants_a_look(saga, action, track, now) =>
            {
                (How::LookUp, None)
            }
            Standing::Untouched => (How::Send, None),
            Standing::Unsure { since } if policy.may_repeat(saga, action, since, now) => {
                (How::Send, Some(policy.remembered_until(action, since)))
            }
            Standing::Unsure { .. } => {
                self.doubts.push(effect);
                if !(action.can_look_up && effect.step == action.step) {
                    return;
                }
                (How::LookUp, None)
            }
        };
        self.calls.push(Call {
            effect,
            phase: saga.phase(),
            key: saga.key(effect, track.generation),
            generation: track.generation,
            attempt: track.attempts + 1,
            how,
            unsure_before: track.standing != Standing::Untouched,
            repeat_before,
            deadline: None,
            intent_first: !keeps_keys && how == How::Send,
        });
    }

    /// Calls if it is time and there are any; otherwise a pause. Neither is for longer than `limit`.
    pub(super) fn into_next(
        mut self,
        saga: &Instance,
        policy: &Policy,
        now: DateTime<Utc>,
        limit: Option<DateTime<Utc>>,
    ) -> Next {
        match policy.waits_until(saga, now) {
            None if !self.calls.is_empty() => {
                self.calls.iter_mut().for_each(|call| call.deadline = limit);
                Next::Call(self.calls)
            }
            until => {
                let until = until.filter(|_| !self.calls.is_empty());
                let until = until.map(|until| limit.map_or(until, |limit| until.min(limit)));
                Next::pause(until, self.stuck(saga, policy, now))
            }
        }
    }

    fn stuck(&self, saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Option<Stuck> {
        let error = |effect| saga.position.error_of(effect).unwrap_or("no answer was seen");
        let (kind, effect, detail) = if let Some(effect) = self.doubts.first() {
            let error = error(*effect);
            let detail = format!("{effect} may have happened, and must not be sent again: {error}");
            (StuckKind::InDoubt, *effect, detail)
        } else if let Some(effect) = self.refused.first() {
            (StuckKind::Refused, *effect, format!("{effect} was refused: {}", error(*effect)))
        } else {
            let is_exhausted = is_never_given_up(saga) && has_failed_for_long(saga, policy, now);
            let call = self.calls.first().filter(|_| is_exhausted)?;
            // Of many failures in a row, not each is logged.
            let error = saga.last_error.as_deref().unwrap_or_else(|| error(call.effect));
            let detail = format!("{} keeps failing: {error}", call.effect);
            (StuckKind::Exhausted, call.effect, detail)
        };
        Some(stuck(saga, kind, effect.step, detail, now))
    }
}

/// Whether what the saga is at is tried until it succeeds: undoing, and what comes after something
/// that can't be undone.
fn is_never_given_up(saga: &Instance) -> bool {
    match saga.progress {
        Progress::Forward { done } => {
            saga.position.is_past_return() || !saga.position.may_be_given_up(done)
        }
        Progress::Backward => true,
        Progress::Rest(_) => false,
    }
}

/// The trouble of a read that must not be given up, as something that can't be undone has happened.
pub(super) fn trouble_of_read(
    saga: &Instance,
    step: Step,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<Stuck> {
    let is_exhausted = saga.position.is_past_return() && has_failed_for_long(saga, policy, now);
    let error = saga.last_error.as_deref().unwrap_or("no answer was seen");
    let detail = format!("{step} keeps failing: {error}");
    is_exhausted.then(|| stuck(saga, StuckKind::Exhausted, step, detail, now))
}

fn has_failed_for_long(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> bool {
    let failing = saga.failing_since.and_then(|since| (now - since).to_std().ok());
    failing.is_some_and(|failing| failing >= policy.stuck_after)
}

/// A trouble that is the same as before goes on since it began.
fn stuck(
    saga: &Instance,
    kind: StuckKind,
    step: Step,
    detail: String,
    now: DateTime<Utc>,
) -> Stuck {
    let step = step.to_string();
    let before = saga.stuck.as_ref().filter(|old| old.kind == kind && old.step == step);
    let since = before.map_or(now, |old| old.since);
    Stuck { kind, since, step, detail }
}
