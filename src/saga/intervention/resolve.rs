//! `resolve`: settle an effect that no machine can, by what the operator found out or did by hand.

use chrono::{DateTime, Utc};

use super::{Word, at_once, entry, name, renewal, then};
use crate::saga::definition::{EffectStage, Per};
use crate::saga::effects::{Effect, Standing};
use crate::saga::entry::Event;
use crate::saga::instance::Instance;
use crate::saga::machine::{A_MOMENT, Next, Policy, next};
use crate::saga::vocabulary::{Direction, StuckKind};

pub(super) fn resolve(
    saga: &mut Instance,
    effect: Effect,
    happened: bool,
    word: &Word,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let open = resolvable(saga, policy, now);
    if !open.contains(&effect) {
        let open = open.iter().map(|effect| name(*effect)).collect::<Vec<_>>().join(", ");
        let instead = if open.is_empty() { "nothing".to_owned() } else { open };
        let what = name(effect);
        return Err(format!(
            "{what} is not in doubt, refused, exhausted or held; what can be resolved: {instead}"
        ));
    }
    let stage = stage_of(saga, effect);
    let begun = saga.position.track(effect).and_then(|track| track.open_since);
    if let (Some(stage), Some(begun)) = (stage, begun) {
        let until = policy.in_flight_until(stage, begun);
        // One that was begun later than now was begun by a clock that has been set back since: that
        // it ends so much later is not meant, and people come later than a call lasts.
        if begun <= now + A_MOMENT && now < until {
            return Err(format!("a call of {} may be in flight until {until}", name(effect)));
        }
    }
    let is_undo = saga.position.stage(effect.step).is_none();
    let backward = saga.state.direction() == Direction::Backward;
    let verdict = match (happened, is_undo, backward) {
        (true, _, _) => entry(effect, Event::Happened, 0, word, now),
        // Going back, what did not happen need not be undone.
        (false, false, true) => entry(effect, Event::DidNotHappen, 0, word, now),
        // Going forward, and for what undoes, it is sent once more; under the same key where the
        // neighbour still knows it, in case the operator is wrong.
        (false, _, _) if may_repeat(saga, effect, policy, now) => {
            entry(effect, Event::Retried, 0, word, now)
        }
        (false, _, _) => renewal(saga, effect, word, now),
    };
    saga.log(verdict);
    at_once(saga);
    let settled = if happened { "settled as happened" } else { "settled as not happened" };
    Ok(format!("{} {settled}; {}", name(effect), then(saga, policy, now)))
}

fn may_repeat(saga: &Instance, effect: Effect, policy: &Policy, now: DateTime<Utc>) -> bool {
    match (stage_of(saga, effect), saga.position.track(effect).map(|track| track.standing)) {
        (Some(stage), Some(Standing::Unsure { since })) => {
            policy.may_repeat(saga, stage, since, now)
        }
        (_, Some(Standing::Untouched)) => true,
        (_, Some(Standing::Done | Standing::Refused) | None) | (None, Some(_)) => false,
    }
}

fn stage_of(saga: &Instance, effect: Effect) -> Option<EffectStage> {
    let mut stages = saga.position.stages.iter().map(|position| position.stage);
    stages.find(|stage| [stage.step, stage.undo].contains(&effect.step))
}

/// The effects that a person may settle now: those in doubt, refunds and releases that were refused,
/// and what is being tried in vain while the saga shows as `Exhausted` or is held.
pub fn resolvable(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Vec<Effect> {
    let exhausted = saga.stuck.as_ref().is_some_and(|stuck| stuck.kind == StuckKind::Exhausted);
    let tried =
        if exhausted || saga.held.is_some() { tried_now(saga, policy, now) } else { Vec::new() };
    let mut open = Vec::new();
    for position in &saga.position.stages {
        let stage = position.stage;
        let per_line = stage.per == Per::Line;
        let both = [(stage.step, &position.forward), (stage.undo, &position.undo)];
        for (step, tracks) in both {
            for (track, at) in tracks.iter().zip(0_u16..) {
                let effect = Effect { step, line: per_line.then_some(at) };
                let settles = match track.standing {
                    Standing::Unsure { since } => {
                        !policy.may_repeat(saga, stage, since, now) || tried.contains(&effect)
                    }
                    Standing::Refused => step == stage.undo,
                    Standing::Untouched => tried.contains(&effect),
                    Standing::Done => false,
                };
                if settles {
                    open.push(effect);
                }
            }
        }
    }
    open
}

/// What would be called now if it were due.
fn tried_now(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Vec<Effect> {
    let mut due = saga.clone();
    due.next_attempt_at = None;
    if due.held.take().is_some() {
        // The deadline of a held saga doesn't run.
        due.deadline_at = now + A_MOMENT;
    }
    match next(&due, policy, now) {
        Next::Call(calls) => calls.iter().map(|call| call.effect).collect(),
        Next::Read | Next::Enter(..) | Next::Pause { .. } | Next::Rest => Vec::new(),
    }
}
