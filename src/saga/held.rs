//! A saga that an operator holds: it asks for nothing, and says what is wrong with it all the same.

use chrono::{DateTime, Utc};

use super::instance::{Instance, Stuck};
use super::machine::next;
use super::next::Next;
use super::policy::{A_MOMENT, Policy};

/// What a person should know of it besides: what it would say if it only waited.
pub(super) fn trouble_of_held(
    saga: &Instance,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<Stuck> {
    let waiting = Instance { held: None, next_attempt_at: Some(now + A_MOMENT), ..saga.clone() };
    match next(&waiting, policy, now) {
        Next::Pause { stuck, .. } => stuck,
        Next::Read(_) | Next::Call(_) | Next::Enter(..) | Next::Rest => None,
    }
}
