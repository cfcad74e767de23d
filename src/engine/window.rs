//! How many claimed sagas are driven at once.
//!
//! They come by the thousand: after a crash, or when a neighbour is back. While they wait for slow
//! neighbours, many at once do no harm; where the processor or the database is what is short, each
//! one more only makes new checkouts wait. What tells the two apart is how long a commit takes, next
//! to how long one may take here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Never fewer: so many keep two processors busy where neighbours answer at once.
const LEAST: u64 = 64;
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
}

impl Window {
    pub(super) fn new(most: usize) -> Self {
        let most = most as u64;
        let size = AtomicU64::new(most.min(LEAST));
        Self { most, size, shortest: AtomicU64::new(u64::MAX) }
    }

    /// So many may be driven.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.size.load(Ordering::Relaxed)).unwrap_or(usize::MAX)
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
        self.size.store(next.max(LEAST).min(self.most), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn it_grows_while_commits_are_quick_and_shrinks_when_they_are_not() {
        let window = Window::new(512);
        assert_eq!(window.size(), 64);
        (0..1000).for_each(|_| window.committed(MILLI));
        assert_eq!(window.size(), 512);
        window.committed(4 * MILLI);
        assert_eq!(window.size(), 512, "neither quick nor slow");
        (0..100).for_each(|_| window.committed(10 * MILLI));
        assert_eq!(window.size(), 64);
    }

    #[test]
    fn a_database_that_is_always_slow_is_no_reason_for_fewer() {
        let window = Window::new(512);
        (0..1000).for_each(|_| window.committed(20 * MILLI));
        assert_eq!(window.size(), 512);
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
