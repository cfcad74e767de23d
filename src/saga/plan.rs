//! What a saga's unsettled effects allow and ask for: calls, a pause, or a person.

use chrono::{DateTime, Utc};

use super::call::{Call, How};
use super::definition::{EffectStage, Per};
use super::effects::{Effect, Standing, Track};
use super::instance::{Instance, Stuck};
use super::key::idempotency_key;
use super::machine::{Next, Policy, pause, waits_until};
use super::vocabulary::{Direction, StuckKind};

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
        stage: EffectStage,
        effect: Effect,
        track: Track,
    ) {
        let keeps_keys = policy.keeps_keys(saga, stage);
        let (how, repeat_before) = match track.standing {
            Standing::Done => return,
            Standing::Refused => return self.refused.push(effect),
            Standing::Untouched
                if effect.step == stage.step && policy.wants_a_look(saga, stage, track, now) =>
            {
                (How::LookUp, None)
            }
            Standing::Untouched => (How::Send, None),
            Standing::Unsure { since } if policy.may_repeat(saga, stage, since, now) => {
                (How::Send, Some(policy.remembered_until(stage, since)))
            }
            Standing::Unsure { .. } => {
                self.doubts.push(effect);
                if !(stage.can_look_up && effect.step == stage.step) {
                    return;
                }
                (How::LookUp, None)
            }
        };
        self.calls.push(Call {
            effect,
            phase: saga.phase(),
            key: idempotency_key(saga.id, effect, track.generation),
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
        match waits_until(saga, policy, now) {
            None if !self.calls.is_empty() => {
                self.calls.iter_mut().for_each(|call| call.deadline = limit);
                Next::Call(self.calls)
            }
            until => {
                let until = until.filter(|_| !self.calls.is_empty());
                let until = until.map(|until| limit.map_or(until, |limit| until.min(limit)));
                pause(until, self.stuck(saga, policy, now))
            }
        }
    }

    fn stuck(&self, saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Option<Stuck> {
        let error = saga.last_error.as_deref().unwrap_or("no answer was seen");
        let (kind, effect, detail) = if let Some(effect) = self.doubts.first() {
            let detail =
                format!("{} may have happened, and must not be sent again: {error}", name(*effect));
            (StuckKind::InDoubt, *effect, detail)
        } else if let Some(effect) = self.refused.first() {
            (StuckKind::Refused, *effect, format!("{} was refused: {error}", name(*effect)))
        } else {
            let since = saga.failing_since?;
            let backward = saga.state.direction() == Direction::Backward;
            let long = (now - since).to_std().is_ok_and(|failing| failing >= policy.stuck_after);
            let call = self.calls.first().filter(|_| backward && long)?;
            let detail = format!("{} keeps failing: {error}", name(call.effect));
            (StuckKind::Exhausted, call.effect, detail)
        };
        let step = effect.step.to_string();
        let before = saga.stuck.as_ref().filter(|old| old.kind == kind && old.step == step);
        let since = before.map_or(now, |old| old.since);
        Some(Stuck { kind, since, step, detail })
    }
}

/// An effect in words.
pub(super) fn name(effect: Effect) -> String {
    match effect.line {
        Some(line) => format!("{} of line {line}", effect.step),
        None => effect.step.to_string(),
    }
}

/// A stage's tracks with their lines.
pub(super) fn numbered(
    stage: EffectStage,
    tracks: &[Track],
) -> impl Iterator<Item = (Option<u16>, Track)> {
    let per_line = stage.per == Per::Line;
    // A cart has at most 100 lines.
    tracks.iter().zip(0_u16..).map(move |(track, at)| (per_line.then_some(at), *track))
}
