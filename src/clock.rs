//! Time, fresh ids and chance: the only file that asks the machine for them.
//!
//! Everything else takes them as arguments or from a [`Clock`], so that a test can move time by
//! hand and a simulation can replay it (clippy.toml forbids the calls elsewhere).

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use uuid::{Builder, Uuid};

/// A source of time, ids and chance. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    time: Mutex<ManualTime>,
    sleepers: Mutex<Sleepers>,
    dice: Mutex<SmallRng>,
}

/// Who sleeps until when, in the order in which they wake: by time, then by who lay down first. So
/// a simulation wakes them in the same order whenever it is repeated.
#[derive(Debug, Default)]
struct Sleepers {
    next: u64,
    by_time: BTreeMap<(Duration, u64), Waker>,
}

#[derive(Clone, Copy, Debug)]
struct ManualTime {
    wall: DateTime<Utc>,
    monotonic: Duration,
}

impl Clock {
    /// The machine's own clocks.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn system() -> Self {
        Self(Source::System { started: Instant::now() })
    }

    /// A clock that stands still until [`Clock::advance`] moves it, and whose ids and chance follow
    /// from the seed.
    pub fn manual(start: DateTime<Utc>, seed: u64) -> Self {
        let time = ManualTime { wall: start, monotonic: Duration::ZERO };
        Self(Source::Manual(Arc::new(Manual {
            time: Mutex::new(time),
            sleepers: Mutex::default(),
            dice: Mutex::new(SmallRng::seed_from_u64(seed)),
        })))
    }

    /// Whether time only moves by hand.
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// Wall-clock time, in whole microseconds: what both databases keep.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System { .. } => Utc::now().trunc_subsecs(6),
            Source::Manual(manual) => manual.time().wall,
        }
    }

    /// Time since some fixed moment that never goes back, whatever the wall clock does.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(manual) => manual.time().monotonic,
        }
    }

    /// Returns once `duration` has passed on this clock. Cancel safe.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System { .. } => tokio::time::sleep(duration).await,
            Source::Manual(manual) => {
                Sleeper::until(manual.time().monotonic + duration, manual).await;
            }
        }
    }

    /// What this comes to, if it does so within `longest`. Cancel safe if that is.
    pub async fn within<T>(&self, longest: Duration, done: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = done => Some(done),
            () = self.sleep(longest) => None,
        }
    }

    /// Moves a manual clock forward and wakes who slept; nothing on the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.0 {
            let now = {
                let mut time = manual.time.lock().unwrap_or_else(PoisonError::into_inner);
                time.wall += by;
                time.monotonic += by;
                time.monotonic
            };
            let mut sleepers = manual.sleepers();
            let later = sleepers.by_time.split_off(&(now + Duration::from_nanos(1), 0));
            let woken = std::mem::replace(&mut sleepers.by_time, later);
            drop(sleepers);
            woken.into_values().for_each(Waker::wake);
        }
    }

    /// How long until somebody who sleeps on this manual clock wakes; `None` if nobody does.
    pub fn next_wake(&self) -> Option<Duration> {
        let Source::Manual(manual) = &self.0 else { return None };
        let first = manual.sleepers().by_time.keys().next()?.0;
        Some(first.saturating_sub(self.monotonic()))
    }

    /// A fresh id whose order is the order of its making (UUID version 7), so that index pages fill
    /// in sequence.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
    pub fn fresh_id(&self) -> Uuid {
        match &self.0 {
            Source::System { .. } => Uuid::now_v7(),
            Source::Manual(manual) => {
                let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
                let random = manual.dice().random();
                Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
            }
        }
    }

    /// A random number, evenly spread over 0 to 1 (1 excluded).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
    pub fn chance(&self) -> f64 {
        match &self.0 {
            Source::System { .. } => rand::random(),
            Source::Manual(manual) => manual.dice().random(),
        }
    }
}

impl Manual {
    fn time(&self) -> ManualTime {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dice(&self) -> MutexGuard<'_, SmallRng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who sleeps on a manual clock; forgotten when dropped.
struct Sleeper<'a> {
    until: (Duration, u64),
    clock: &'a Manual,
}

impl<'a> Sleeper<'a> {
    fn until(until: Duration, clock: &'a Manual) -> Self {
        let mut sleepers = clock.sleepers();
        sleepers.next += 1;
        Self { until: (until, sleepers.next), clock }
    }
}

impl Future for Sleeper<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // The lock is held over the look at the time: who is not seen to sleep is not woken.
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

/// Random bits, for span ids.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
pub fn random_bits() -> u64 {
    rand::random::<u64>()
}
