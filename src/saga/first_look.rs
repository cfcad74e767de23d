//! A look before the first sending of an old saga.
//!
//! Books that are restored from a backup have lost a part of their future: what a saga did in it is in
//! no log, and its neighbours may have forgotten its keys. A young saga's key still finds what was done
//! under it; an old one's doesn't. So an effect of an old saga that was never sent, by its log, is looked
//! up first, where it can be: found, it is that effect, and what comes after it may have been sent in
//! the lost future, too; not found, it is sent.

use chrono::{DateTime, Utc};

use super::call::{Call, How};
use super::definition::Action;
use super::entry::Event;
use super::instance::Instance;
use super::outcome::Outcome;
use super::policy::{A_MOMENT, Policy};
use super::track::{Standing, Track};

impl Policy {
    /// Whether this forward effect, never sent by its log, is looked up before it is.
    pub(super) fn wants_a_look(
        &self,
        saga: &Instance,
        action: &Action,
        track: Track,
        now: DateTime<Utc>,
    ) -> bool {
        let is_first = track.standing == Standing::Untouched && track.generation == 0;
        action.can_look_up && is_first && !track.is_missing && self.is_old(saga, action, now)
    }

    /// Whether the key of an effect may be forgotten that was sent when the saga was accepted. At a
    /// neighbour that keeps none, only what can't be on its first way is looked up: that costs a call. A
    /// saga that is accepted later than now is of an age that nobody knows.
    fn is_old(&self, saga: &Instance, action: &Action, now: DateTime<Utc>) -> bool {
        let accepted = saga.created_at;
        let old_from = if self.keeps_keys(saga, action) {
            self.remembered_until(action, accepted)
        } else {
            self.remembered_until(action, accepted).min(accepted + self.deadline * 2)
        };
        now >= old_from || accepted > now + A_MOMENT
    }
}

/// What a first look says in the log.
pub(super) fn event_of(outcome: Outcome) -> Event {
    match outcome {
        Outcome::Done => Event::Found,
        // Nothing was sent.
        Outcome::Refused | Outcome::NotSent | Outcome::Unknown => Event::Came(Outcome::NotSent),
    }
}

impl Call {
    /// Whether it only looks for what was never sent, by its log.
    pub fn is_first_look(&self) -> bool {
        self.how == How::LookUp && !self.unsure_before
    }
}
