//! `resolve`: settle an effect that no machine can, by what the operator found out or did by hand.

use chrono::{DateTime, Utc};

use super::{Word, at_once, entry, renewal, then};
use crate::saga::definition::{Action, Sort};
use crate::saga::effect::Effect;
use crate::saga::entry::Event;
use crate::saga::instance::{Instance, Stuck};
use crate::saga::machine::next;
use crate::saga::next::Next;
use crate::saga::policy::{A_MOMENT, Policy};
use crate::saga::progress::Direction;
use crate::saga::track::Standing;
use crate::saga::word::StuckKind;

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
        let open = open.iter().map(Effect::to_string).collect::<Vec<_>>().join(", ");
        let instead = if open.is_empty() { "nothing".to_owned() } else { open };
        return Err(format!(
            "{effect} is not in doubt, refused, exhausted or held; what can be resolved: {instead}"
        ));
    }
    let action = action_of(saga, effect);
    let begun = saga.position.track(effect).and_then(|track| track.open_since);
    if let (Some(action), Some(begun)) = (action, begun) {
        let until = policy.in_flight_until(action, begun);
        // One that was begun later than now was begun by a clock that has been set back since: that
        // it ends so much later is not meant, and people come later than a call lasts.
        if begun <= now + A_MOMENT && now < until {
            return Err(format!("a call of {effect} may be in flight until {until}"));
        }
    }
    let is_undo = saga.position.action(effect.step).is_none();
    let backward = saga.progress.direction() == Direction::Backward;
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
    // It starts anew: what comes next is not that it has passed.
    saga.deadline_at = now + policy.time_for(&saga.terms);
    saga.stuck = trouble(saga, policy, now);
    let settled = if happened { "settled as happened" } else { "settled as not happened" };
    Ok(format!("{effect} {settled}; {}", then(saga, policy, now)))
}

/// What it needs a person for after the verdict: what was settled is no longer it, and comes anew if it fails anew.
fn trouble(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Option<Stuck> {
    match next(saga, policy, now) {
        Next::Pause { stuck, .. } => stuck,
        Next::Read(_) | Next::Call(_) | Next::Enter(..) | Next::Rest => None,
    }
}

fn may_repeat(saga: &Instance, effect: Effect, policy: &Policy, now: DateTime<Utc>) -> bool {
    match (action_of(saga, effect), saga.position.track(effect).map(|track| track.standing)) {
        (Some(action), Some(Standing::Unsure { since })) => {
            policy.may_repeat(saga, action, since, now)
        }
        (_, Some(Standing::Untouched)) => true,
        (_, Some(Standing::Done | Standing::Refused) | None) | (None, Some(_)) => false,
    }
}

fn action_of(saga: &Instance, effect: Effect) -> Option<&'static Action> {
    saga.position.action_of(effect.step).map(|position| position.action)
}

/// The effects that a person may settle now: those in doubt, those that must not be given up and were
/// refused, and those that are being tried while the saga shows as `Exhausted` or is held.
pub fn resolvable(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Vec<Effect> {
    let exhausted = saga.stuck.as_ref().is_some_and(|stuck| stuck.kind == StuckKind::Exhausted);
    let tried =
        if exhausted || saga.held.is_some() { tried_now(saga, policy, now) } else { Vec::new() };
    let mut open = Vec::new();
    for position in &saga.position.actions {
        let action = position.action;
        let is_lasting = action.sort == Sort::Retriable;
        let forward = position.effects().map(|(effect, track)| (effect, track, is_lasting));
        let undos = position.undos().map(|(effect, track)| (effect, track, true));
        for (effect, track, must_happen) in forward.chain(undos) {
            let settles = match track.standing {
                Standing::Unsure { since } => {
                    !policy.may_repeat(saga, action, since, now) || tried.contains(&effect)
                }
                Standing::Refused => must_happen,
                Standing::Untouched => tried.contains(&effect),
                Standing::Done => false,
            };
            if settles {
                open.push(effect);
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
        Next::Read(_) | Next::Enter(..) | Next::Pause { .. } | Next::Rest => Vec::new(),
    }
}
