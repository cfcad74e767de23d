//! Time, fresh ids and chance: the only file that asks the machine for them.
//!
//! Everything else takes them as arguments or from a [`Clock`], so that a test can move time by
//! hand and a simulation can replay it (clippy.toml forbids the calls elsewhere).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
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
    time: watch::Sender<ManualTime>,
    /// How many sleep until when.
    sleepers: Mutex<BTreeMap<Duration, usize>>,
    dice: Mutex<SmallRng>,
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
            time: watch::Sender::new(time),
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
            Source::Manual(manual) => manual.time.borrow().wall,
        }
    }

    /// Time since some fixed moment that never goes back, whatever the wall clock does.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(manual) => manual.time.borrow().monotonic,
        }
    }

    /// Returns once `duration` has passed on this clock. Cancel safe.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System { .. } => tokio::time::sleep(duration).await,
            Source::Manual(manual) => {
                let mut seen = manual.time.subscribe();
                let until = seen.borrow().monotonic + duration;
                let _sleeper = Sleeper::until(until, manual);
                // The sender lives in `self`, so waiting can only end by time passing.
                let _passed = seen.wait_for(|time| time.monotonic >= until).await;
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
            manual.time.send_modify(|time| {
                time.wall += by;
                time.monotonic += by;
            });
        }
    }

    /// How long until somebody who sleeps on this manual clock wakes; `None` if nobody does.
    pub fn next_wake(&self) -> Option<Duration> {
        let Source::Manual(manual) = &self.0 else { return None };
        let first = manual.sleepers().keys().next().copied()?;
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
    fn sleepers(&self) -> MutexGuard<'_, BTreeMap<Duration, usize>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dice(&self) -> MutexGuard<'_, SmallRng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who sleeps on a manual clock; gone when dropped.
struct Sleeper<'a> {
    until: Duration,
    clock: &'a Manual,
}

impl<'a> Sleeper<'a> {
    fn until(until: Duration, clock: &'a Manual) -> Self {
        *clock.sleepers().entry(until).or_default() += 1;
        Self { until, clock }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.clock.sleepers();
        if let Some(count) = sleepers.get_mut(&self.until) {
            *count -= 1;
            if *count == 0 {
                sleepers.remove(&self.until);
            }
        }
    }
}

/// Random bits, for span ids.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
pub fn random_bits() -> u64 {
    rand::random::<u64>()
}
