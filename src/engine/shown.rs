//! What operators see of a saga: its version, and its row among those in trouble.

use chrono::{DateTime, Utc};

use super::drive::Drive;
use crate::saga::{Instance, Phase, Policy, Seen, Trouble};
use crate::store::Troubled;

/// What operators have seen of a saga at its last write.
#[derive(Debug)]
pub(super) struct Shown {
    state: &'static str,
    /// When nobody drove it last; `None` where that is not known.
    parked: Option<Seen>,
    /// It may have a row among those in trouble.
    pub(super) is_in_trouble: bool,
}

impl Shown {
    /// Of a saga that is being accepted.
    pub(super) fn accepted(saga: &Instance) -> Self {
        Self { state: saga.state(), parked: None, is_in_trouble: false }
    }

    /// Of a saga that was just claimed. What its dead owner may have done nobody has seen yet.
    pub(super) fn claimed(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Self {
        Self {
            state: saga.state(),
            parked: (!saga.taken_over).then(|| Seen::of(saga, policy, now)),
            is_in_trouble: Trouble::of(saga).is_some(),
        }
    }
}

impl Drive {
    /// Raises the version if what is written now shows an operator something new, and has the row among those
    /// in trouble written or removed with it.
    pub(super) fn show(&mut self) {
        let (saga, shown) = (&mut self.saga, &mut self.shown);
        let mut is_news = std::mem::replace(&mut shown.state, saga.state()) != saga.state();
        let is_word = saga.unsaved.iter().any(|entry| entry.phase == Phase::Operator);
        is_news |= is_word;
        let (policy, now) = (&self.parts.settings.policy, self.parts.clock.now());
        if saga.owner.is_none() && !saga.progress.is_rest() {
            let before = shown.parked.replace(Seen::of(saga, policy, now));
            is_news |= before != shown.parked;
        } else if is_word {
            // What the word itself has changed is no news once more when the saga is parked.
            let parked = Instance { owner: None, ..saga.clone() };
            shown.parked = Some(Seen::of(&parked, policy, now));
        }
        saga.version += i64::from(is_news);
        let trouble = Trouble::of(saga);
        let was_in_trouble = std::mem::replace(&mut shown.is_in_trouble, trouble.is_some());
        self.records.troubled = match trouble {
            Some(trouble) => Some(Troubled::of(saga, trouble)),
            None if was_in_trouble => Some(Troubled::over(saga.id)),
            None => self.records.troubled.take(),
        };
    }
}
