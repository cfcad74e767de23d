//! Taking a saga up again, and holding it to the clock as it is now: of its times, some may be of a
//! clock that has been set since, or of another that was ahead.

use chrono::{DateTime, TimeDelta, Utc};

use super::instance::Instance;
use super::policy::{A_MOMENT, Policy};

/// Takes a claimed saga up. One that nobody could drive when its deadline passed still gets a
/// quarter of the time that it had: it was left by a dead owner, or was due before
/// this executor began, `since`. In that time nothing failed, either. No deadline is further off than
/// that time, whatever the clock said when it was set.
pub fn take_up(saga: &mut Instance, policy: &Policy, now: DateTime<Utc>, since: DateTime<Utc>) {
    let deadline = policy.time_for(&saga.terms);
    let ahead = saga.updated_at - now;
    if ahead.to_std().is_ok_and(|ahead| ahead > A_MOMENT) {
        clock_was_set(saga, -ahead);
        saga.updated_at = now;
    }
    let due = saga.next_attempt_at.unwrap_or(saga.updated_at);
    let nobody_was_there = saga.taken_over || saga.next_attempt_at.is_some_and(|due| due < since);
    if nobody_was_there && due < now {
        let failing_since = saga.failing_since.map(|failing| failing + (now - due));
        saga.failing_since = failing_since.map(|failing| failing.min(now));
    }
    if now > saga.deadline_at && nobody_was_there {
        saga.deadline_at = now + deadline / 4;
    }
    saga.deadline_at = saga.deadline_at.min(now + deadline);
}

/// The clock that a saga's times are of was set by so much: no time has passed by that. What may have
/// been sent gets no younger, though, as its neighbour goes by a clock of its own.
pub fn clock_was_set(saga: &mut Instance, by: TimeDelta) {
    saga.deadline_at += by;
    for moment in [&mut saga.next_attempt_at, &mut saga.failing_since].into_iter().flatten() {
        *moment += by;
    }
    if by < TimeDelta::zero() {
        saga.position.clock_was_set_back(by);
    }
}
