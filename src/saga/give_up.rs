//! Giving up going forward: whether there is anything to undo, or to find out.

use chrono::{DateTime, Utc};

use super::cause::Cause;
use super::instance::Instance;
use super::next::Next;
use super::policy::Policy;
use super::progress::{End, Progress};
use super::track::Standing;

/// Gives up going forward. Where it is certain that nothing was sent, or that what was sent did not
/// happen, there is nothing to undo. `None` where there is no way back: the kind has none, or
/// something that can't be undone may have happened.
pub(super) fn go_back(
    saga: &Instance,
    policy: &Policy,
    now: DateTime<Utc>,
    cause: Cause,
) -> Option<Next> {
    if saga.position.is_past_return() {
        return None;
    }
    let nothing_happened = saga.position.actions.iter().all(|position| {
        position.forward.iter().all(|track| match track.standing {
            Standing::Untouched => !policy.wants_a_look(saga, position.action, *track, now),
            Standing::Refused => true,
            Standing::Unsure { .. } | Standing::Done => false,
        })
    });
    let nothing_happened = nothing_happened || only_what_was_refused_was_sent(saga);
    let to = if nothing_happened { Progress::Rest(End::Rejected) } else { Progress::Backward };
    Some(Next::Enter(to, Some(saga.cause.clone().unwrap_or(cause))))
}

/// A stage is only sent once every stage before it is done. So after a refusal of all of the first
/// stage, what a dead owner might have sent of later stages was not sent, unless a person has found
/// that it was.
fn only_what_was_refused_was_sent(saga: &Instance) -> bool {
    if saga.position.forward().any(|track| track.standing == Standing::Done) {
        return false;
    }
    let mut stages = saga.position.stages().map(|stage| stage.iter().flat_map(|it| &it.forward));
    let first = stages.find(|tracks| tracks.clone().next().is_some());
    first.is_some_and(|mut tracks| tracks.all(|track| track.standing == Standing::Refused))
}
