//! The other executors: which of them are dead, so that their sagas can be claimed.
//!
//! An executor is declared dead, for good, once its lease has lapsed, or at once if its process is
//! known to be gone. While the database is out of reach, though, nobody's heartbeats arrive; so
//! after that each of the others gets a lease's time to be heard again. Declaring a live executor
//! dead would be safe, as it drops its sagas and begins a new session; the grace only keeps
//! executors from doing that to each other after every outage.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use dashmap::DashMap;
use tracing::{info, warn};
use uuid::Uuid;

use super::executor::Executor;
use super::process;
use crate::clock::Clock;
use crate::saga::A_MOMENT;
use crate::store::ExecutorRecord;

/// What is known here of the other executors.
#[derive(Debug)]
pub(super) struct Peers {
    /// The silence after which one may be declared dead.
    lease: Duration,
    /// Milliseconds of the monotonic clock. Until then, their silence may be the database's.
    grace_until: AtomicU64,
    /// Those whose last heartbeat is later than now: that heartbeat, and when it was first seen by
    /// the monotonic clock.
    ahead: DashMap<Uuid, (DateTime<Utc>, Duration)>,
}

impl Peers {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, grace_until: AtomicU64::new(0), ahead: DashMap::new() }
    }

    /// The database is, or was, out of reach, so that the others could not be heard either. Each
    /// gets a lease's time to be heard again: else the first to reach the database would declare
    /// all others dead.
    pub(super) fn start_grace(&self, clock: &Clock) {
        let until = clock.monotonic() + self.lease;
        self.grace_until.store(millis(until), Ordering::Release);
    }

    fn is_in_grace(&self, clock: &Clock) -> bool {
        millis(clock.monotonic()) < self.grace_until.load(Ordering::Acquire)
    }

    fn forget_all_but(&self, heard: &[ExecutorRecord]) {
        self.ahead.retain(|id, _| heard.iter().any(|other| other.id == *id));
    }

    /// A heartbeat that is later than now was sent before the shared clock was set back: whether it
    /// is still the last one after a lease's time by our own clock.
    fn is_silent_though_ahead(&self, other: &ExecutorRecord, clock: &Clock) -> bool {
        let now = clock.monotonic();
        if other.dead || other.heartbeat_at <= clock.now() + A_MOMENT {
            self.ahead.remove(&other.id);
            return false;
        }
        let mut seen = self.ahead.entry(other.id).or_insert((other.heartbeat_at, now));
        if seen.0 != other.heartbeat_at {
            *seen = (other.heartbeat_at, now);
        }
        now.saturating_sub(seen.1) > self.lease
    }
}

impl Executor {
    /// Looks at the other executors and declares those dead that are.
    pub async fn check_peers(&self) {
        let parts = &self.0;
        let heard = match self.in_time(parts.store.executors(&parts.clock)).await {
            Ok(heard) => heard,
            Err(error) => return info!(%error, "could not look at the other executors"),
        };
        let own = self.id();
        parts.peers.forget_all_but(&heard);
        let in_grace = parts.peers.is_in_grace(&parts.clock);
        let mut any_dead = false;
        for other in heard.iter().filter(|other| other.id != own) {
            // An executor that has the database to itself knows that all others are gone.
            let dead = ((other.lapsed || parts.peers.is_silent_though_ahead(other, &parts.clock))
                && !in_grace)
                || parts.store.is_exclusive()
                || process::is_surely_dead(&other.process);
            any_dead |= other.dead;
            if !other.dead && dead {
                any_dead = true;
                match parts.store.declare_dead(other.id, other.heartbeat_at).await {
                    Ok(true) => {
                        warn!(executor = %other.id, name = other.name, "is dead; its sagas are taken over");
                    }
                    Ok(false) => {}
                    Err(error) => info!(%error, "could not declare an executor dead"),
                }
            }
        }
        if any_dead {
            parts.claim_schedule.wake();
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
