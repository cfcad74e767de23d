//! Telling time that passes from a clock that is set.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{A_STEP, Clock};

/// Notices when the time that all go by is set while something is under way.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    at: DateTime<Utc>,
    monotonic: Duration,
}

impl Watch {
    /// Begins to watch.
    pub fn new(clock: &Clock) -> Self {
        Self { at: clock.now(), monotonic: clock.monotonic() }
    }

    /// By how much it was set since this was asked last, if it was: what of its passing was no time.
    pub fn was_set_by(&mut self, clock: &Clock) -> Option<TimeDelta> {
        let before = std::mem::replace(self, Self::new(clock));
        let passed = self.monotonic.saturating_sub(before.monotonic);
        let set_by = (self.at - before.at) - TimeDelta::from_std(passed).unwrap_or_default();
        (set_by.abs() > A_STEP).then_some(set_by)
    }
}
