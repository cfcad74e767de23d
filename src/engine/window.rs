//! How many claimed sagas are driven at once.
//!
//! They come by the thousand: after a crash, or when a neighbour is back. While they wait for slow
//! neighbours, many at once do no harm; where the processor or the database is what is short, each
//! one more only makes new checkouts wait. What tells the two apart is how long a commit takes, next
//! to how long one may take here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Never fewer: so many keep two processors busy where neighbours answer at once.
const LEAST: u64 = 40;
/// A commit that takes no longer than so many times the shortest says that there is room.
const QUICK: u64 = 3;
/// One that takes so many times as long says that there is none.
const SLOW: u64 = 6;

/// What is known of it. All of it is a guess that the next commit mends, so nothing is locked.
#[derive(Debug)]
pub(super) struct Window {
    most: u64,
    size: AtomicU64,
    /// Of commits, in microseconds; it grows slowly, as a database may get slower for good.
    shortest: AtomicU64,
    running: AtomicU64,
    room: Notify,
}

/// Permission to drive one. The next has it when this is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Window>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
        self.0.room.notify_one();
    }
}

impl Window {
    pub(super) fn new(most: usize) -> Self {
        let most = most as u64;
        let size = AtomicU64::new(most.min(LEAST));
        let (shortest, running) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        Self { most, size, shortest, running, room: Notify::new() }
    }

    /// So many may be driven.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.size.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    /// Returns when one more may be driven. Cancel safe.
    pub(super) async fn turn(self: Arc<Self>) -> Turn {
        loop {
            let room = self.room.notified();
            tokio::pin!(room);
            // From here on it is told of each room that is made.
            room.as_mut().enable();
            let size = self.size.load(Ordering::Relaxed);
            let one_more = |running| (running < size).then_some(running + 1);
            let taken = self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
            if taken.is_ok() {
                return Turn(self.clone());
            }
            room.await;
        }
    }

    /// A commit took this long.
    pub(super) fn committed(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let shortest = self.shortest.load(Ordering::Relaxed);
        let shortest = took.min(shortest.saturating_add(shortest / 1024));
        self.shortest.store(shortest, Ordering::Relaxed);
        let size = self.size.load(Ordering::Relaxed);
        let next = if took > shortest.saturating_mul(SLOW) {
            size - size / 8
        } else if took <= shortest.saturating_mul(QUICK) {
            size + size / 32 + 1
        } else {
            size
        };
        let next = next.max(LEAST).min(self.most);
        self.size.store(next, Ordering::Relaxed);
        if next > size {
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
        let window = Window::new(512);
        assert_eq!(window.size() as u64, LEAST);
        (0..1000).for_each(|_| window.committed(MILLI));
        assert_eq!(window.size(), 512);
        window.committed(4 * MILLI);
        assert_eq!(window.size(), 512, "neither quick nor slow");
        (0..100).for_each(|_| window.committed(10 * MILLI));
        assert_eq!(window.size() as u64, LEAST);
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
    fn it_is_never_more_than_there_are_places() {
        let window = Window::new(2);
        (0..10).for_each(|_| window.committed(MILLI));
        assert_eq!(window.size(), 2);
        (0..10).for_each(|_| window.committed(MILLI * 50));
        assert_eq!(window.size(), 2);
    }
}
