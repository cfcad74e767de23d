//! What a saga is stuck with, to tell whether it has come back with the same.

use serde::{Deserialize, Serialize};

use crate::neighbours::is_kept_back;
use crate::saga::{Instance, Trouble, without_particulars};

/// What is wrong with a saga, without what differs between sagas in the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cause {
    /// What is stuck or failing.
    step: String,
    /// Why it needs a person, and the last failure.
    errors: Vec<String>,
}

impl Cause {
    /// `None` for a saga that has not failed.
    pub(super) fn of(saga: &Instance) -> Option<Self> {
        let step = Trouble::of(saga)?.step;
        let stuck = saga.stuck.as_ref().map(|stuck| &stuck.detail);
        let errors = stuck.into_iter().chain(&saga.last_error);
        let errors: Vec<_> = errors.map(|error| without_particulars(error)).collect();
        (!errors.is_empty()).then_some(Self { step, errors })
    }

    /// The same step, and the same failure. One that fails and one that has failed for so long that it needs a
    /// person share the failure.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.step == other.step && self.errors.iter().any(|error| other.errors.contains(error))
    }
}

/// Whether the last failure says nothing of the neighbour: the call was not let through to it.
pub(super) fn was_kept_back(saga: &Instance) -> bool {
    saga.last_error.as_deref().is_some_and(is_kept_back)
}
