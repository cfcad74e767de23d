//! Pauses between attempts that are not scheduled in a saga's row (reading again after a malformed
//! response, reaching a database that is gone), and between pieces of work in the background. A saga's own
//! schedule is [`crate::saga::retry`].
//!
//! Only this file uses the `backoff` crate.

mod busyness;
mod courtesy;

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

pub use busyness::Busyness;
pub use courtesy::Courtesy;

/// An endless series of growing pauses, with jitter.
#[derive(Debug)]
pub struct Pacing(ExponentialBackoff);

impl Pacing {
    /// The first pause is `first`; no pause is longer than `longest`, jitter aside.
    pub fn new(first: Duration, longest: Duration) -> Self {
        let policy = ExponentialBackoffBuilder::new()
            .with_initial_interval(first)
            .with_max_interval(longest)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        Self(policy)
    }

    /// For reaching a database that may be back at any moment.
    pub fn database() -> Self {
        Self::new(Duration::from_millis(20), Duration::from_millis(500))
    }

    /// For reaching another server, of mail or of messages: the longest pause is 15 s, jitter included.
    pub fn server() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(10))
    }

    /// The next pause. `chance`, from 0 to 1, spreads it between half and one and a half times its
    /// length.
    pub fn pause(&mut self, chance: f64) -> Duration {
        self.0.next_backoff().unwrap_or(self.0.max_interval).mul_f64(0.5 + chance)
    }

    /// Starts over with the first pause.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}
