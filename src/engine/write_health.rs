//! Whether this process's writes reach the database, as a readiness probe is told.
//!
//! A probe doesn't write itself, or each one would cost a commit. It is told how the last heartbeat
//! and the last commit of the log writer went. Both go on by themselves: after a failure the log
//! writer keeps trying even when no saga has anything to write.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// A write that takes longer than this counts as failing.
const LONGEST_WRITE: Duration = Duration::from_secs(2);

/// Whose writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Heartbeat,
    Log,
}

/// How the last write of each source went.
#[derive(Debug)]
pub(super) struct WriteHealth {
    clock: Clock,
    heartbeat: Mutex<Writes>,
    log: Mutex<Writes>,
}

#[derive(Debug, Default)]
struct Writes {
    /// When the write that is under way began, by the monotonic clock.
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

    /// Why nothing can be written now, as far as is known; `None` where nothing is wrong.
    pub(super) fn trouble(&self) -> Option<String> {
        let now = self.clock.monotonic();
        [Source::Log, Source::Heartbeat].into_iter().find_map(|source| {
            let writes = self.of(source);
            let waits = |since: Duration| now.saturating_sub(since) > LONGEST_WRITE;
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
        clock.advance(LONGEST_WRITE);
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
