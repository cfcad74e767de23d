//! What an executor is set to; see the keys of the same names in `src/config/defaults.toml`.

use std::time::Duration;

use crate::saga::Policy;

/// Limits and policies.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Sagas advanced at once.
    pub concurrency: usize,
    /// Open sagas at most, over all replicas.
    pub backlog: u64,
    /// Silence after which others take over.
    pub lease: Duration,
    /// What the machine goes by.
    pub policy: Policy,
}

impl Settings {
    /// Heartbeats, and looks at the others', are so far apart: often enough that a few may be late,
    /// and that a silent one is found well within a second.
    pub(super) fn heartbeat(&self) -> Duration {
        (self.lease / 5).min(Duration::from_millis(500))
    }

    /// Claimed sagas leave this many places to new checkouts.
    pub(super) fn for_claims(&self) -> usize {
        (self.concurrency / 2).max(1)
    }
}
