//! Pauses between tries of things that have no row to keep a schedule in: reading a garbled answer
//! again, reaching a database that is gone.
//!
//! The one place that uses `backoff`, whose policy is enough here. A saga's own schedule is in its
//! row ([`crate::saga::retry`]).

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

/// A series of growing pauses with jitter, without end.
#[derive(Debug)]
pub struct Pacing(ExponentialBackoff);

impl Pacing {
    /// From `first` to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        let policy = ExponentialBackoffBuilder::new()
            .with_initial_interval(first)
            .with_max_interval(longest)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        Self(policy)
    }

    /// For a database that may be back at any moment.
    pub fn database() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_millis(500))
    }

    /// The next pause, spread evenly over half of itself more or less by `chance`, 0 to 1.
    pub fn pause(&mut self, chance: f64) -> Duration {
        self.0.next_backoff().unwrap_or(self.0.max_interval).mul_f64(0.5 + chance)
    }

    /// Begins again with the first.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}
