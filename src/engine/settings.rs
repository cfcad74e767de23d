//! What an executor is set to; see the keys of the same names in `src/config/defaults.toml`.

use std::time::Duration;

use crate::saga::Policy;

/// Limits, the lease and the policy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many sagas are advanced at once.
    pub concurrency: usize,
    /// How many sagas may be open, over all replicas, before no more are accepted.
    pub backlog: u64,
    /// After this long a silence others take an executor's sagas over.
    pub lease: Duration,
    /// The time limits and pauses that the state machine goes by.
    pub policy: Policy,
}

impl Settings {
    /// The time between two heartbeats, and between two looks at the other executors': short enough
    /// that a few heartbeats may be late, and that a silent executor is found within a second after
    /// its lease.
    pub(super) fn heartbeat(&self) -> Duration {
        (self.lease / 5).min(Duration::from_millis(500))
    }

    /// How many of the permits claimed sagas may hold; the rest are kept for new sagas.
    pub(super) fn for_claims(&self) -> usize {
        (self.concurrency / 2).max(1)
    }
}
