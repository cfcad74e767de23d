//! Giving up going forward: whether there is anything to undo, or to find out.

use chrono::{DateTime, Utc};

use super::context::Cause;
use super::effects::Standing;
use super::instance::Instance;
use super::machine::{Next, Policy};
use super::vocabulary::State;

/// Giving up going forward. Where it is certain that nothing was sent, or that what was sent did
/// not happen, there is nothing to undo.
pub(super) fn go_back(saga: &Instance, policy: &Policy, now: DateTime<Utc>, cause: Cause) -> Next {
    let nothing_happened = saga.position.stages.iter().all(|position| {
        position.forward.iter().all(|track| match track.standing {
            Standing::Untouched => !policy.wants_a_look(saga, position.stage, *track, now),
            Standing::Refused => true,
            Standing::Unsure { .. } | Standing::Done => false,
        })
    });
    let nothing_happened = nothing_happened || only_a_refused_charge_was_sent(saga);
    let to = if nothing_happened { State::Rejected } else { State::Compensating };
    Next::Enter(to, Some(saga.context.cause.clone().unwrap_or(cause)))
}

/// A stage is only sent once every stage before it is done: after a refusal, what a dead owner
/// might have sent of later stages was not. Unless a person has found that it was.
fn only_a_refused_charge_was_sent(saga: &Instance) -> bool {
    if saga.position.forward().any(|track| track.standing == Standing::Done) {
        return false;
    }
    let mut stages = saga.position.stages.iter().filter(|stage| !stage.forward.is_empty());
    stages
        .next()
        .is_some_and(|first| first.forward.iter().all(|track| track.standing == Standing::Refused))
}
