//! How many claimed sagas are driven at once.
//!
//! They come by the thousand: after a crash, or when a neighbour is back. While they wait for slow
//! neighbours, many at once do no harm; where the processor or the database is what is short, each
//! one more only makes new checkouts wait. What tells the two apart is how long a commit takes, next
//! to how long one may take here. And new ones go first: each takes the place of a claimed one, while
//! that leaves half of the window; while none comes, nobody is kept waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Never fewer: with fewer, the machine waits for what one saga after the other waits for.
const LEAST: u64 = 6;
/// Never fewer while nothing new comes: so many keep two processors busy.
const ALONE: u64 = 64;
/// Where each claimed one's place is free again so many times a heartbeat, it waits for nobody.
const OFTEN: u64 = 8;
/// Nothing new came in so many commits: nothing does.
const LONG: u64 = 32;
/// A commit that takes no longer than so many times the shortest says that there is room.
const QUICK: u64 = 2;
/// One that takes so many times as long says that there is none.
const SLOW: u64 = 5;

/// What is known of it. All of it is a guess that the next commit mends, so nothing is locked.
#[derive(Debug)]
pub(super) struct Window {
    most: u64,
    size: AtomicU64,
    /// Of commits, in microseconds; it grows slowly, as a database may get slower for good.
    shortest: AtomicU64,
    /// Commits since the last new one came.
    commits_alone: AtomicU64,
    /// Claimed ones that ended since the database was last heard of.
    ended: AtomicU64,
    claimed: AtomicU64,
    new: AtomicU64,
    room: Notify,
}

/// What a driven saga counts as.
#[derive(Clone, Copy, Debug)]
enum Sort {
    Claimed,
    New,
}

/// A saga is driven. The next may be when this is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Window>, Sort);

impl Drop for Turn {
    fn drop(&mut self) {
        if matches!(self.1, Sort::Claimed) {
            self.0.ended.fetch_add(1, Ordering::Relaxed);
        }
        self.0.driven(self.1).fetch_sub(1, Ordering::AcqRel);
        self.0.room.notify_one();
    }
}

impl Window {
    pub(super) fn new(most: usize) -> Self {
        let most = most as u64;
        Self {
            most,
            size: AtomicU64::new(most.min(LEAST)),
            shortest: AtomicU64::new(u64::MAX),
            commits_alone: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            claimed: AtomicU64::new(0),
            new: AtomicU64::new(0),
            room: Notify::new(),
        }
    }

    fn driven(&self, sort: Sort) -> &AtomicU64 {
        match sort {
            Sort::Claimed => &self.claimed,
            Sort::New => &self.new,
        }
    }

    /// So many claimed ones may be driven now.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.for_claimed()).unwrap_or(usize::MAX)
    }

    fn for_claimed(&self) -> u64 {
        let size = self.size.load(Ordering::Relaxed);
        let new = self.new.load(Ordering::Relaxed);
        if new == 0 && self.commits_alone.load(Ordering::Relaxed) >= LONG {
            return size.max(ALONE).min(self.most);
        }
        size.saturating_sub(new).max(size.div_ceil(2))
    }

    /// For a new one, which waits for nobody.
    pub(super) fn enter(self: Arc<Self>) -> Turn {
        self.new.fetch_add(1, Ordering::AcqRel);
        self.commits_alone.store(0, Ordering::Relaxed);
        Turn(self, Sort::New)
    }

    /// For a claimed one: returns when it may be driven. Cancel safe.
    pub(super) async fn turn(self: Arc<Self>) -> Turn {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // From here on it is told of each room that is made.
            room.as_mut().enable();
            let most = self.for_claimed();
            let one_more = |claimed| (claimed < most).then_some(claimed + 1);
            let taken = self.claimed.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
            if let Ok(claimed) = taken {
                if claimed + 1 < most {
                    // Room may have been made for many.
                    self.room.notify_one();
                }
                return Turn(self.clone(), Sort::Claimed);
            }
            room.await;
        }
    }

    /// A commit took this long.
    pub(super) fn committed(&self, took: Duration) {
        if self.commits_alone.fetch_add(1, Ordering::Relaxed) + 1 == LONG {
            self.room.notify_one();
        }
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let shortest = self.shortest.load(Ordering::Relaxed);
        let shortest = took.min(shortest.saturating_add(shortest / 1024));
        self.shortest.store(shortest, Ordering::Relaxed);
        let size = self.size.load(Ordering::Relaxed);
        self.becomes(if took > shortest.saturating_mul(SLOW) {
            size.saturating_sub(size / 8 + 1)
        } else if took <= shortest.saturating_mul(QUICK) {
            size + size / 32 + 1
        } else {
            size
        });
    }

    /// The database was heard of, by a heartbeat. Where few of the claimed ones ended since it last was,
    /// they wait for a neighbour, who may never answer: that is no reason for the others to wait too.
    /// If it is the database after all, the next commits say so.
    pub(super) fn database_is_there(&self) {
        let size = self.size.load(Ordering::Relaxed);
        let claimed = self.claimed.load(Ordering::Relaxed);
        let ended = self.ended.swap(0, Ordering::Relaxed);
        if ended < claimed.saturating_mul(OFTEN) && claimed >= size.div_ceil(2) {
            self.becomes(size * 2);
        }
    }

    fn becomes(&self, size: u64) {
        let size = size.max(LEAST).min(self.most);
        if self.size.swap(size, Ordering::Relaxed) < size {
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
    fn it_grows_while_commits_are_quick_and_shrinks_when_they_are_not() {
        let window = Arc::new(Window::new(512));
        assert_eq!(window.size() as u64, LEAST);
        let _new = window.clone().enter();
        (0..1000).for_each(|_| window.committed(MILLI));
        assert_eq!(window.size(), 511);
        window.committed(4 * MILLI);
        assert_eq!(window.size(), 511, "neither quick nor slow");
        (0..100).for_each(|_| window.committed(10 * MILLI));
        assert_eq!(window.size() as u64, LEAST - 1);
    }

    #[test]
    fn it_is_wide_while_nothing_new_comes() {
        let window = Arc::new(Window::new(512));
        window.committed(MILLI);
        let wait = || Box::pin(window.clone().turn());
        let _turns: Vec<_> = (0..ALONE).map_while(|_| wait().now_or_never()).collect();
        let mut next = wait();
        assert!((&mut next).now_or_never().is_none());
        (1..LONG).for_each(|_| window.committed(100 * MILLI));
        assert_eq!(window.size() as u64, ALONE);
        assert!(next.now_or_never().is_some());
        let new = window.clone().enter();
        assert!(window.size() as u64 <= LEAST);
        drop(new);
        assert!(window.size() as u64 <= LEAST + 1, "another may come at once");
    }

    #[test]
    fn a_database_that_is_always_slow_is_no_reason_for_fewer() {
        let window = Window::new(512);
        (0..1000).for_each(|_| window.committed(20 * MILLI));
        assert_eq!(window.size(), 512);
    }

    #[test]
    fn whose_turn_it_is_not_has_it_when_another_ends_or_the_window_grows() {
        let window = Arc::new(Window::new(512));
        let turn = || Box::pin(window.clone().turn());
        let mut turns: Vec<_> =
            (0..LEAST).map(|_| turn().now_or_never().expect("there is room")).collect();
        let (mut next, mut third) = (turn(), turn());
        assert!((&mut next).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        drop(turns.pop());
        let last = (&mut next).now_or_never();
        assert!(last.is_some());
        assert!((&mut third).now_or_never().is_none());
        window.committed(MILLI);
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn a_new_one_takes_the_place_of_a_claimed_one_down_to_half_of_them() {
        let window = Arc::new(Window::new(512));
        let turn = || window.clone().turn().now_or_never();
        let half = (0..LEAST / 2).map(|_| window.clone().enter());
        let mut new: Vec<_> = half.collect();
        let claimed: Vec<_> = std::iter::from_fn(turn).collect();
        assert_eq!(claimed.len() as u64, LEAST / 2);
        new.extend((0..LEAST).map(|_| window.clone().enter()));
        drop(claimed);

        let claimed: Vec<_> = (0..LEAST).map_while(|_| turn()).collect();
        assert_eq!(claimed.len() as u64, LEAST / 2);
        let mut waits = Box::pin(window.clone().turn());
        assert!((&mut waits).now_or_never().is_none());
        drop(new);
        assert!(waits.now_or_never().is_some(), "their places are free again");
    }

    #[test]
    fn it_grows_when_claimed_ones_wait_for_a_neighbour_whatever_is_committed() {
        let window = Arc::new(Window::new(512));
        let turn = || window.clone().turn().now_or_never();
        window.database_is_there();
        assert_eq!(window.size() as u64, LEAST, "nobody is driven");
        for _ in 0..LEAST * OFTEN {
            assert!(turn().is_some(), "it ends at once");
        }
        let turns: Vec<_> = (0..LEAST).map(|_| turn()).collect();
        assert!(turns.iter().all(Option::is_some));
        let mut next: Vec<_> = (0..LEAST).map(|_| Box::pin(window.clone().turn())).collect();
        assert!(next.iter_mut().all(|next| next.now_or_never().is_none()));
        window.database_is_there();
        assert_eq!(window.size() as u64, LEAST, "many ended");
        window.committed(MILLI);
        window.committed(100 * MILLI);
        assert_eq!(window.size() as u64, LEAST);
        window.database_is_there();
        assert_eq!(window.size() as u64, 2 * LEAST, "none ended, though there were commits");
        let turns = next.into_iter().map(|next| next.now_or_never());
        assert!(turns.collect::<Vec<_>>().iter().all(Option::is_some));
    }

    #[test]
    fn it_is_never_more_than_there_are_places() {
        let window = Window::new(2);
        (0..10).for_each(|_| window.committed(MILLI));
        assert_eq!(window.size(), 2);
        (0..10).for_each(|_| window.committed(MILLI * 50));
        assert_eq!(window.size(), 2);
    }
}
