//! What is configured of how sagas are driven.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::definition::Action;
use super::facts::Terms;
use super::instance::Instance;
use super::neighbour::{Manners, Neighbour, Promises};
use super::retry::{Backoff, LONGEST_ASKED};

/// The clocks of different machines differ by less than this.
pub const A_MOMENT: Duration = Duration::from_secs(2);

/// What is configured now. Where a saga began under other terms, it is held to the stricter ones.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The neighbours.
    pub neighbours: Arc<BTreeMap<Neighbour, Manners>>,
    /// Pauses between attempts.
    pub backoff: Backoff,
    /// `retry.stuck_after`: a step that must not be given up is shown as stuck after failing for
    /// this long.
    pub stuck_after: Duration,
    /// How long a saga may take until it can't be given up any more.
    pub deadline: Duration,
    /// The same for a saga whose client waits for the decision.
    pub deadline_attended: Duration,
}

impl Policy {
    /// How a neighbour is configured.
    pub fn manners(&self, neighbour: Neighbour) -> Manners {
        self.neighbours.get(&neighbour).copied().unwrap_or(Manners::UNKNOWN)
    }

    /// What the neighbours promise a saga that begins now.
    pub fn promises(&self) -> Promises {
        self.neighbours
            .iter()
            .map(|(neighbour, manners)| (*neighbour, manners.idempotent))
            .collect()
    }

    /// The longest that a call to any neighbour may last.
    pub fn longest_call(&self) -> Duration {
        self.neighbours.values().map(|manners| manners.timeout).max().unwrap_or_default()
    }

    /// Whether an effect that may have been sent at `since` may be sent again: its neighbour is
    /// idempotent, was so when the saga began, and still remembers the key.
    pub(super) fn may_repeat(
        &self,
        saga: &Instance,
        action: &Action,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        self.keeps_keys(saga, action) && now < self.remembered_until(action, since)
    }

    /// Until when the key of an effect that was sent at `since` is remembered.
    pub(super) fn remembered_until(&self, action: &Action, since: DateTime<Utc>) -> DateTime<Utc> {
        since + self.manners(action.at).key_memory
    }

    /// Until when a call that began at `begun` may be in flight.
    pub(super) fn in_flight_until(&self, action: &Action, begun: DateTime<Utc>) -> DateTime<Utc> {
        begun + self.manners(action.at).timeout
    }

    /// Whether the action's neighbour acts once per key, now and when the saga began.
    pub(super) fn keeps_keys(&self, saga: &Instance, action: &Action) -> bool {
        self.manners(action.at).idempotent && saga.terms.promises.of(action.at)
    }

    /// Whether every neighbour at which this saga changes something acts once per key, now and when it
    /// began. One that was not known when it began has promised it nothing.
    pub fn keeps_all_keys(&self, saga: &Instance) -> bool {
        saga.definition.actions().all(|(_, action)| self.keeps_keys(saga, action))
    }

    /// The longest pause that is made without a neighbour asking for a longer one. What an executor
    /// puts off besides, for an operator or after a fault of its own, is shorter than half a minute.
    pub fn usual_pause(&self) -> Duration {
        self.backoff.longest().max(Duration::from_secs(30)) + A_MOMENT
    }

    /// The longest pause that is ever made.
    pub fn longest_pause(&self) -> Duration {
        self.usual_pause().max(LONGEST_ASKED + A_MOMENT)
    }

    /// Whether a schedule can't be meant: it was made by a clock that has been set back since, or by
    /// another machine's clock that was ahead. What is scheduled like that is due now.
    fn is_too_far(&self, saga: &Instance, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        at > now + self.longest_pause()
            || (at > now + self.usual_pause() && saga.updated_at > now + A_MOMENT)
    }

    /// The time before which the saga is not due; `None` where it is due now.
    pub(super) fn waits_until(&self, saga: &Instance, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        saga.next_attempt_at.filter(|at| *at > now && !self.is_too_far(saga, *at, now))
    }

    /// How long a saga on these terms may take before it is given up, from acceptance or from the
    /// end of a doubt.
    pub fn time_for(&self, terms: &Terms) -> Duration {
        if terms.attended { self.deadline_attended.min(self.deadline) } else { self.deadline }
    }
}
