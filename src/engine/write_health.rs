//! Whether what this process writes comes through, as last seen: what a readiness probe is told.
//!
//! Probes don't write, or each would cost a commit. Heartbeats and the log writer do all the time,
//! and the log writer goes on trying after a failure though nobody has anything to write.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// A commit that takes longer is trouble.
const SLOW_COMMIT: Duration = Duration::from_secs(2);

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Heartbeat,
    Log,
}

/// How the last writes went.
#[derive(Debug)]
pub(super) struct WriteHealth {
    clock: Clock,
    heartbeat: Mutex<Writes>,
    log: Mutex<Writes>,
}

#[derive(Debug, Default)]
struct Writes {
    under_way_since: Option<Duration>,
    /// Why the last one failed.
    failed: Option<String>,
}

impl WriteHealth {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), heartbeat: Mutex::default(), log: Mutex::default() }
    }

    pub(super) fn begins(&self, source: Source) {
        self.of(source).under_way_since = Some(self.clock.monotonic());
    }

    pub(super) fn came_through(&self, source: Source) {
        *self.of(source) = Writes::default();
    }

    pub(super) fn failed(&self, source: Source, why: String) {
        *self.of(source) = Writes { under_way_since: None, failed: Some(why) };
    }

    /// Why nothing may be written now.
    pub(super) fn trouble(&self) -> Option<String> {
        let now = self.clock.monotonic();
        [Source::Log, Source::Heartbeat].into_iter().find_map(|source| {
            let writes = self.of(source);
            let waits = |since: Duration| now.saturating_sub(since) > SLOW_COMMIT;
            let waits = writes.under_way_since.is_some_and(waits);
            let waits = waits.then(|| "the database does not commit: a commit waits".to_owned());
            writes.failed.clone().or(waits)
        })
    }

    fn of(&self, source: Source) -> MutexGuard<'_, Writes> {
        let writes = match source {
            Source::Heartbeat => &self.heartbeat,
            Source::Log => &self.log,
        };
        writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_and_a_commit_that_waits_are_trouble_until_one_comes_through() {
        let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH, 0);
        let health = WriteHealth::new(&clock);
        health.begins(Source::Log);
        clock.advance(SLOW_COMMIT);
        assert_eq!(health.trouble(), None);
        clock.advance(Duration::from_millis(1));
        assert!(health.trouble().is_some_and(|why| why.contains("a commit waits")));
        health.failed(Source::Heartbeat, "the disk is full".to_owned());
        health.came_through(Source::Log);
        assert_eq!(health.trouble().as_deref(), Some("the disk is full"));
        health.begins(Source::Heartbeat);
        assert_eq!(health.trouble().as_deref(), Some("the disk is full"));
        health.came_through(Source::Heartbeat);
        assert_eq!(health.trouble(), None);
    }
}
