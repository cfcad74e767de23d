//! A clock that stands still until it is moved by hand, and the tasks that sleep on it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand::rngs::SmallRng;

/// The state that all clones of a manual clock share.
#[derive(Debug)]
pub(super) struct Manual {
    time: Mutex<ManualTime>,
    sleepers: Mutex<Sleepers>,
    dice: Mutex<SmallRng>,
}

/// The sleeping tasks in the order in which they wake: by time, then by when they went to sleep. A fixed
/// order makes a simulation repeatable.
#[derive(Debug, Default)]
struct Sleepers {
    next: u64,
    by_time: BTreeMap<(Duration, u64), Waker>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ManualTime {
    pub(super) wall: DateTime<Utc>,
    pub(super) monotonic: Duration,
}

impl Manual {
    pub(super) fn new(start: DateTime<Utc>, seed: u64) -> Self {
        Self {
            time: Mutex::new(ManualTime { wall: start, monotonic: Duration::ZERO }),
            sleepers: Mutex::default(),
            dice: Mutex::new(SmallRng::seed_from_u64(seed)),
        }
    }

    pub(super) fn time(&self) -> ManualTime {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dice(&self) -> MutexGuard<'_, SmallRng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_by(&self, by: TimeDelta) {
        self.time.lock().unwrap_or_else(PoisonError::into_inner).wall += by;
    }

    pub(super) fn advance(&self, by: Duration) {
        let now = {
            let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
            time.wall += by;
            time.monotonic += by;
            time.monotonic
        };
        let mut sleepers = self.sleepers();
        let later = sleepers.by_time.split_off(&(now + Duration::from_nanos(1), 0));
        let woken = std::mem::replace(&mut sleepers.by_time, later);
        drop(sleepers);
        woken.into_values().for_each(Waker::wake);
    }

    pub(super) fn next_wake(&self) -> Option<Duration> {
        let first = self.sleepers().by_time.keys().next()?.0;
        Some(first.saturating_sub(self.time().monotonic))
    }

    pub(super) fn sleep(&self, duration: Duration) -> Sleeper<'_> {
        let until = self.time().monotonic + duration;
        let mut sleepers = self.sleepers();
        sleepers.next += 1;
        Sleeper { until: (until, sleepers.next), clock: self }
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sleep on a manual clock; cancelled when dropped.
pub(super) struct Sleeper<'a> {
    until: (Duration, u64),
    clock: &'a Manual,
}

impl Future for Sleeper<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Locked before the time is read: otherwise the clock could advance in between and miss this
        // sleeper, which is not in the map yet.
        let mut sleepers = self.clock.sleepers();
        if self.clock.time().monotonic >= self.until.0 {
            return Poll::Ready(());
        }
        sleepers.by_time.insert(self.until, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.clock.sleepers().by_time.remove(&self.until);
    }
}
