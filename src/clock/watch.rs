//! Tells whether the clock was set, as opposed to time passing.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Clock, TOLERANCE};

/// Notices if the clock is set between two calls.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    at: DateTime<Utc>,
    monotonic: Duration,
}

impl Watch {
    /// Starts watching `clock`.
    pub fn new(clock: &Clock) -> Self {
        Self { at: clock.now(), monotonic: clock.monotonic() }
    }

    /// By how much the clock was set since the last call, or since [`Watch::new`]; `None` if it was not.
    pub fn was_set_by(&mut self, clock: &Clock) -> Option<TimeDelta> {
        let before = std::mem::replace(self, Self::new(clock));
        let passed = self.monotonic.saturating_sub(before.monotonic);
        let set_by = (self.at - before.at) - TimeDelta::from_std(passed).unwrap_or_default();
        (set_by.abs() > TOLERANCE).then_some(set_by)
    }
}
