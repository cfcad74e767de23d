//! Time, fresh ids and chance: the only file that asks the machine for them.
//!
//! Everything else takes them as arguments or from a [`Clock`], so that a test can move time by
//! hand and a simulation can replay it (clippy.toml forbids the calls elsewhere).

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::watch;
use uuid::Uuid;

/// A source of time. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { started: Instant },
    Manual(Arc<watch::Sender<ManualTime>>),
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

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        let time = ManualTime { wall: start, monotonic: Duration::ZERO };
        Self(Source::Manual(Arc::new(watch::Sender::new(time))))
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
            Source::Manual(time) => time.borrow().wall,
        }
    }

    /// Time since some fixed moment that never goes back, whatever the wall clock does.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Manual(time) => time.borrow().monotonic,
        }
    }

    /// Returns once `duration` has passed on this clock. Cancel safe.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System { .. } => tokio::time::sleep(duration).await,
            Source::Manual(time) => {
                let mut seen = time.subscribe();
                let until = seen.borrow().monotonic + duration;
                // The sender lives in `self`, so waiting can only end by time passing.
                let _passed = seen.wait_for(|time| time.monotonic >= until).await;
            }
        }
    }

    /// Moves a manual clock forward and wakes who slept; nothing on the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|time| {
                time.wall += by;
                time.monotonic += by;
            });
        }
    }
}

/// A fresh id whose order is the order of its making (UUID version 7), so that index pages fill
/// in sequence.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
pub fn fresh_id() -> Uuid {
    Uuid::now_v7()
}

/// A random number, evenly spread over 0 to 1 (1 excluded).
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
pub fn chance() -> f64 {
    rand::random::<f64>()
}

/// Random bits, for span ids.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws")]
pub fn random_bits() -> u64 {
    rand::random::<u64>()
}
