//! The limiter: how many claimed sagas are advanced at once (promise 32).
//!
//! After a crash, or when a neighbour is back, claimed sagas come by the thousand. While they wait
//! for a slow neighbour, many at once do no harm; while the processor or the database is the
//! bottleneck, each one more only makes new sagas wait. The time that a commit takes tells the
//! two apart, so the limit follows it, as in TCP's congestion control:
//!
//! ```text
//!  a commit took, next to the fastest    ≤ 2 ×        up to 5 ×    > 5 ×
//!  the limit                             + 1/32, + 1  stays        − 1/8, − 1
//! ```
//!
//! New sagas never wait here. Each takes the room of one claimed saga while that leaves the
//! claimed ones half of the limit; while no new ones come, the limit is at least 64. A wrong
//! estimate is safe: the limiter decides when a claimed saga goes on and nothing else, the limit
//! never falls to zero, and the next commits correct it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The limit never falls below this: with fewer sagas, the process idles while they wait for
/// neighbours one after the other.
const MIN_LIMIT: u64 = 6;
/// The limit is at least this while no new sagas come: it keeps two processors busy.
const MIN_LIMIT_WITHOUT_NEW: u64 = 64;
/// If at least this many sagas have ended since the last heartbeat for each one admitted, the
/// claimed sagas are not waiting for a neighbour.
const BUSY_TURNOVER: u64 = 8;
/// After this many commits without a new saga, no new sagas are expected.
const COMMITS_WITHOUT_NEW: u64 = 32;
/// A commit that takes at most this many times as long as the fastest one lets the limit grow.
const FAST_COMMIT_RATIO: u64 = 2;
/// One that takes more than this many times as long lets it shrink.
const SLOW_COMMIT_RATIO: u64 = 5;

/// The limit and what it follows from. They are estimates that later commits correct, so they are
/// updated one by one, without a lock.
#[derive(Debug)]
pub(super) struct Limiter {
    /// The limit never rises above this.
    max: u64,
    limit: AtomicU64,
    /// How long the fastest commit took, in microseconds. It rises slowly with every commit, as a
    /// database may get slower for good.
    fastest: AtomicU64,
    /// Commits since the last new saga was admitted.
    commits_without_new: AtomicU64,
    /// Claimed sagas that ended since the last good heartbeat.
    ended: AtomicU64,
    /// Claimed sagas that are admitted now.
    claimed: AtomicU64,
    /// New sagas that are admitted now.
    new: AtomicU64,
    /// Wakes a claimed saga that waits.
    room: Notify,
}

/// Where an admitted saga came from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Claimed,
    New,
}

/// One saga is admitted. Its room is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Admission(Arc<Limiter>, Origin);

impl Drop for Admission {
    fn drop(&mut self) {
        if matches!(self.1, Origin::Claimed) {
            self.0.ended.fetch_add(1, Ordering::Relaxed);
        }
        self.0.active(self.1).fetch_sub(1, Ordering::AcqRel);
        self.0.room.notify_one();
    }
}

impl Limiter {
    pub(super) fn new(max: usize) -> Self {
        let max = max as u64;
        Self {
            max,
            limit: AtomicU64::new(max.min(MIN_LIMIT)),
            fastest: AtomicU64::new(u64::MAX),
            commits_without_new: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            claimed: AtomicU64::new(0),
            new: AtomicU64::new(0),
            room: Notify::new(),
        }
    }

    fn active(&self, origin: Origin) -> &AtomicU64 {
        match origin {
            Origin::Claimed => &self.claimed,
            Origin::New => &self.new,
        }
    }

    /// How many claimed sagas may be advanced now.
    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.claimed_limit()).unwrap_or(usize::MAX)
    }

    fn claimed_limit(&self) -> u64 {
        let limit = self.limit.load(Ordering::Relaxed);
        let new = self.new.load(Ordering::Relaxed);
        if new == 0 && self.commits_without_new.load(Ordering::Relaxed) >= COMMITS_WITHOUT_NEW {
            return limit.max(MIN_LIMIT_WITHOUT_NEW).min(self.max);
        }
        limit.saturating_sub(new).max(limit.div_ceil(2))
    }

    /// Admits a new saga, which never waits.
    pub(super) fn admit_new(self: Arc<Self>) -> Admission {
        self.new.fetch_add(1, Ordering::AcqRel);
        self.commits_without_new.store(0, Ordering::Relaxed);
        Admission(self, Origin::New)
    }

    /// Admits a claimed saga as soon as there is room for it. Cancel safe.
    pub(super) async fn admit_claimed(self: Arc<Self>) -> Admission {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // From here on no room that is made is missed.
            room.as_mut().enable();
            let most = self.claimed_limit();
            let one_more = |claimed| (claimed < most).then_some(claimed + 1);
            let taken = self.claimed.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
            if let Ok(claimed) = taken {
                if claimed + 1 < most {
                    // One wake-up may stand for room for many.
                    self.room.notify_one();
                }
                return Admission(self.clone(), Origin::Claimed);
            }
            room.await;
        }
    }

    /// A commit came through, and took this long.
    pub(super) fn committed(&self, took: Duration) {
        if self.commits_without_new.fetch_add(1, Ordering::Relaxed) + 1 == COMMITS_WITHOUT_NEW {
            self.room.notify_one();
        }
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let fastest = self.fastest.load(Ordering::Relaxed);
        let fastest = took.min(fastest.saturating_add(fastest / 1024));
        self.fastest.store(fastest, Ordering::Relaxed);
        let limit = self.limit.load(Ordering::Relaxed);
        self.set_limit(if took > fastest.saturating_mul(SLOW_COMMIT_RATIO) {
            limit.saturating_sub(limit / 8 + 1)
        } else if took <= fastest.saturating_mul(FAST_COMMIT_RATIO) {
            limit + limit / 32 + 1
        } else {
            limit
        });
    }

    /// A heartbeat came through. If only few claimed sagas ended since the one before, they wait
    /// for a neighbour, which may never answer: the limit doubles, so that the others needn't wait
    /// too. If the database was the reason after all, the next commits shrink it again.
    pub(super) fn database_answered(&self) {
        let limit = self.limit.load(Ordering::Relaxed);
        let claimed = self.claimed.load(Ordering::Relaxed);
        let ended = self.ended.swap(0, Ordering::Relaxed);
        if ended < claimed.saturating_mul(BUSY_TURNOVER) && claimed >= limit.div_ceil(2) {
            self.set_limit(limit * 2);
        }
    }

    fn set_limit(&self, limit: u64) {
        let limit = limit.max(MIN_LIMIT).min(self.max);
        if self.limit.swap(limit, Ordering::Relaxed) < limit {
            self.room.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn the_limit_grows_while_commits_are_fast_and_shrinks_while_they_are_slow() {
        let limiter = Arc::new(Limiter::new(512));
        assert_eq!(limiter.limit() as u64, MIN_LIMIT);
        let _new = limiter.clone().admit_new();
        (0..1000).for_each(|_| limiter.committed(MILLI));
        assert_eq!(limiter.limit(), 511);
        limiter.committed(4 * MILLI);
        assert_eq!(limiter.limit(), 511, "neither fast nor slow");
        (0..100).for_each(|_| limiter.committed(10 * MILLI));
        assert_eq!(limiter.limit() as u64, MIN_LIMIT - 1);
    }

    #[test]
    fn the_limit_is_high_while_no_new_sagas_come() {
        let limiter = Arc::new(Limiter::new(512));
        limiter.committed(MILLI);
        let wait = || Box::pin(limiter.clone().admit_claimed());
        let _admitted: Vec<_> =
            (0..MIN_LIMIT_WITHOUT_NEW).map_while(|_| wait().now_or_never()).collect();
        let mut next = wait();
        assert!((&mut next).now_or_never().is_none());
        (1..COMMITS_WITHOUT_NEW).for_each(|_| limiter.committed(100 * MILLI));
        assert_eq!(limiter.limit() as u64, MIN_LIMIT_WITHOUT_NEW);
        assert!(next.now_or_never().is_some());
        let new = limiter.clone().admit_new();
        assert!(limiter.limit() as u64 <= MIN_LIMIT);
        drop(new);
        assert!(limiter.limit() as u64 <= MIN_LIMIT + 1, "another may come at any moment");
    }

    #[test]
    fn a_database_that_is_always_slow_does_not_lower_the_limit() {
        let limiter = Limiter::new(512);
        (0..1000).for_each(|_| limiter.committed(20 * MILLI));
        assert_eq!(limiter.limit(), 512);
    }

    #[test]
    fn a_saga_that_waits_is_admitted_when_another_ends_or_the_limit_grows() {
        let limiter = Arc::new(Limiter::new(512));
        let admit = || Box::pin(limiter.clone().admit_claimed());
        let mut admitted: Vec<_> =
            (0..MIN_LIMIT).map(|_| admit().now_or_never().expect("there is room")).collect();
        let (mut next, mut third) = (admit(), admit());
        assert!((&mut next).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        drop(admitted.pop());
        let last = (&mut next).now_or_never();
        assert!(last.is_some());
        assert!((&mut third).now_or_never().is_none());
        limiter.committed(MILLI);
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn a_new_saga_takes_the_room_of_a_claimed_one_down_to_half_of_the_limit() {
        let limiter = Arc::new(Limiter::new(512));
        let admit = || limiter.clone().admit_claimed().now_or_never();
        let half = (0..MIN_LIMIT / 2).map(|_| limiter.clone().admit_new());
        let mut new: Vec<_> = half.collect();
        let claimed: Vec<_> = std::iter::from_fn(admit).collect();
        assert_eq!(claimed.len() as u64, MIN_LIMIT / 2);
        new.extend((0..MIN_LIMIT).map(|_| limiter.clone().admit_new()));
        drop(claimed);

        let claimed: Vec<_> = (0..MIN_LIMIT).map_while(|_| admit()).collect();
        assert_eq!(claimed.len() as u64, MIN_LIMIT / 2);
        let mut waits = Box::pin(limiter.clone().admit_claimed());
        assert!((&mut waits).now_or_never().is_none());
        drop(new);
        assert!(waits.now_or_never().is_some(), "their room is free again");
    }

    #[test]
    fn the_limit_grows_when_claimed_sagas_wait_for_a_neighbour_however_commits_go() {
        let limiter = Arc::new(Limiter::new(512));
        let admit = || limiter.clone().admit_claimed().now_or_never();
        limiter.database_answered();
        assert_eq!(limiter.limit() as u64, MIN_LIMIT, "none is admitted");
        for _ in 0..MIN_LIMIT * BUSY_TURNOVER {
            assert!(admit().is_some(), "it ends at once");
        }
        let admitted: Vec<_> = (0..MIN_LIMIT).map(|_| admit()).collect();
        assert!(admitted.iter().all(Option::is_some));
        let mut next: Vec<_> =
            (0..MIN_LIMIT).map(|_| Box::pin(limiter.clone().admit_claimed())).collect();
        assert!(next.iter_mut().all(|next| next.now_or_never().is_none()));
        limiter.database_answered();
        assert_eq!(limiter.limit() as u64, MIN_LIMIT, "many ended");
        limiter.committed(MILLI);
        limiter.committed(100 * MILLI);
        assert_eq!(limiter.limit() as u64, MIN_LIMIT);
        limiter.database_answered();
        assert_eq!(limiter.limit() as u64, 2 * MIN_LIMIT, "none ended, though there were commits");
        let admitted = next.into_iter().map(|next| next.now_or_never());
        assert!(admitted.collect::<Vec<_>>().iter().all(Option::is_some));
    }

    #[test]
    fn the_limit_is_never_above_its_maximum() {
        let limiter = Limiter::new(2);
        (0..10).for_each(|_| limiter.committed(MILLI));
        assert_eq!(limiter.limit(), 2);
        (0..10).for_each(|_| limiter.committed(MILLI * 50));
        assert_eq!(limiter.limit(), 2);
    }
}
