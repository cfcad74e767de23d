//! One session of an executor: its lease over every saga that it owns.
//!
//! Once an executor has been silent for a lease's time, others may take its sagas over, and by then
//! it must have stopped sending anything for them. So each process stops sending at four fifths of
//! the lease, counted from when its last good heartbeat was *sent*, while the others count from
//! when the database received it:
//!
//! ```text
//!  heartbeat sent       received             4/5 lease     lease
//!  ├────── effects may be sent ──────────────┤
//!                       └─ the others wait ────────────────┴──► may declare it dead
//! ```
//!
//! The lease has lapsed as soon as either the monotonic or the wall clock says so: a process that
//! was stopped, or a machine that slept, finds that out before it sends anything (promise 29). A
//! session that was declared dead never holds again; its process registers a new one.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::clock::Clock;

/// An executor from when it registers until it is declared dead.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: Uuid,
    /// Cancelled when this session was declared dead: its drivers drop their sagas.
    pub(super) ended: CancellationToken,
    lease: Duration,
    held: Mutex<Held>,
    clock: Clock,
}

/// The last good heartbeat, and since when the lease has held without a gap.
#[derive(Clone, Copy, Debug)]
struct Held {
    sent: SentAt,
    since: DateTime<Utc>,
}

/// When a heartbeat was sent, by each clock that counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentAt {
    monotonic: Duration,
    /// By this machine's wall clock, which goes on while the machine sleeps.
    wall: DateTime<Utc>,
    /// By the clock that all replicas go by.
    agreed: DateTime<Utc>,
}

impl SentAt {
    /// Now. To be taken before the heartbeat is sent.
    pub(super) fn now(clock: &Clock) -> Self {
        Self { monotonic: clock.monotonic(), wall: clock.machine_time(), agreed: clock.now() }
    }
}

impl Session {
    pub(super) fn new(id: Uuid, lease: Duration, sent: SentAt, clock: Clock) -> Self {
        let ended = CancellationToken::new();
        let held = Mutex::new(Held { sent, since: clock.now() });
        Self { id, ended, lease, held, clock }
    }

    /// The heartbeat that was sent then came through.
    pub(super) fn renew(&self, sent: SentAt) {
        let held = self.holds();
        let mut last = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let since = if held { last.since } else { sent.agreed };
        *last = Held { sent, since };
    }

    /// Since when the lease has held without a gap: what was due earlier could not be driven here.
    /// Never later than now, even if the clock was set back: else everything due now would count as
    /// due before the lease held.
    pub(super) fn since(&self) -> DateTime<Utc> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.since = held.since.min(self.clock.now());
        held.since
    }

    /// Whether effects may be sent: the lease holds, with a fifth of it to spare (promise 29).
    pub(super) fn holds(&self) -> bool {
        if self.ended.is_cancelled() {
            return false;
        }
        let sent = self.held.lock().unwrap_or_else(PoisonError::into_inner).sent;
        let good_for = self.lease * 4 / 5;
        let by_wall = (self.clock.machine_time() - sent.wall).to_std().unwrap_or(Duration::ZERO);
        let by_monotonic = self.clock.monotonic().saturating_sub(sent.monotonic);
        by_wall < good_for && by_monotonic < good_for
    }
}

/// The session that this executor is in now.
#[derive(Debug)]
pub(super) struct CurrentSession(RwLock<Arc<Session>>);

impl CurrentSession {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self(RwLock::new(session))
    }

    pub(super) fn get(&self) -> Arc<Session> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins the next session.
    pub(super) fn replace(&self, next: Arc<Session>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_does_not_let_a_session_begin_later_than_now() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let session =
            Session::new(Uuid::nil(), Duration::from_secs(10), SentAt::now(&clock), clock.clone());
        clock.set_machine_time_by(chrono::TimeDelta::hours(-1));
        let set_back = clock.now();
        assert_eq!(session.since(), set_back);
        clock.advance(Duration::from_secs(5));
        assert_eq!(session.since(), set_back);
    }

    #[test]
    fn a_lease_lapses_before_others_may_take_over() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let lease = Duration::from_secs(10);
        let session = Session::new(Uuid::nil(), lease, SentAt::now(&clock), clock.clone());
        clock.advance(Duration::from_millis(7_999));
        assert!(session.holds());
        let sent = SentAt::now(&clock);
        clock.advance(Duration::from_millis(1));
        assert!(!session.holds());
        session.renew(sent);
        assert!(session.holds());
        session.ended.cancel();
        assert!(!session.holds());
    }
}
