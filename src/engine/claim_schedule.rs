//! When this executor looks next for sagas to claim: when one that it knows of is due, when it is
//! woken, and at the latest after [`POLL`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Without other news, claims look this often.
const POLL: Duration = Duration::from_millis(500);

/// When to claim next.
#[derive(Debug)]
pub(super) struct ClaimSchedule {
    /// The earliest time, in Unix milliseconds, at which a saga that is known of is due.
    next_due: AtomicI64,
    now: Notify,
}

impl ClaimSchedule {
    pub(super) fn new() -> Self {
        Self { next_due: AtomicI64::new(i64::MAX), now: Notify::new() }
    }

    /// Forgets when sagas are due: a claim is about to look.
    pub(super) fn forget(&self) {
        self.next_due.store(i64::MAX, Ordering::Release);
    }

    /// A saga is due then. Returns whether that is earlier than what was known.
    pub(super) fn note_due(&self, at: DateTime<Utc>) -> bool {
        let at = at.timestamp_millis();
        self.next_due.fetch_min(at, Ordering::AcqRel) > at
    }

    /// A saga was parked here until then: the next look is by then.
    pub(super) fn parked_until(&self, at: DateTime<Utc>) {
        if self.note_due(at) {
            self.wake();
        }
    }

    /// There is something to look for now.
    pub(super) fn wake(&self) {
        self.now.notify_one();
    }

    /// Waits until [`wake`](Self::wake) is called, or returns at once if it was since the last
    /// wait.
    pub(super) fn woken(&self) -> Notified<'_> {
        self.now.notified()
    }

    /// How long the next look can wait if nothing wakes it.
    pub(super) fn pause(&self, now: DateTime<Utc>) -> Duration {
        let due = self.next_due.load(Ordering::Acquire);
        let pause = due.saturating_sub(now.timestamp_millis()).max(1);
        Duration::from_millis(pause.unsigned_abs()).min(POLL)
    }
}
