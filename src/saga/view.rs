//! What an operator has seen of a saga that nobody drives: when it differs from what was seen before, the
//! saga's version rises.

use chrono::{DateTime, Utc};

use super::exposure::Accounted;
use super::instance::Instance;
use super::intervention::{Intervention, previews};
use super::policy::Policy;
use super::word::StuckKind;

/// What an operator sees of a saga besides its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    stuck: Option<(StuckKind, String)>,
    effects: Vec<Accounted>,
    allowed: Vec<Intervention>,
}

impl Seen {
    /// What is seen of this saga while nobody drives it.
    pub fn of(saga: &Instance, policy: &Policy, now: DateTime<Utc>) -> Self {
        let stuck = saga.stuck.as_ref().map(|stuck| (stuck.kind, stuck.step.clone()));
        let allowed = previews(saga, policy, now).into_iter().map(|preview| preview.what);
        Self { stuck, effects: saga.position.accounted(), allowed: allowed.collect() }
    }
}
