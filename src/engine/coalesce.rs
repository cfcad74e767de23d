//! A short wait that many share. A timer for each would wake the thread that waits for the network
//! each time one is set, as none that is set already is over sooner: that cost more than what it
//! waits for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use crate::clock::Clock;

/// A wait of [`CoalescingTimer::LONGEST`] at most, and of half of that at least.
pub(super) type Wait = Shared<BoxFuture<'static, ()>>;

/// Where such waits come from.
#[derive(Debug)]
pub(super) struct CoalescingTimer {
    clock: Clock,
    latest: Mutex<Option<(Duration, Wait)>>,
}

impl CoalescingTimer {
    pub(super) const LONGEST: Duration = Duration::from_millis(20);

    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, latest: Mutex::default() }
    }

    /// One that began a moment ago, or one that begins now.
    pub(super) fn wait(&self) -> Wait {
        let now = self.clock.monotonic();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some((began, wait)) if now < *began + Self::LONGEST / 2 => wait.clone(),
            Some(_) | None => {
                let clock = self.clock.clone();
                let wait = async move { clock.sleep(Self::LONGEST).await }.boxed().shared();
                *latest = Some((now, wait.clone()));
                wait
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_shared_by_who_comes_soon_and_by_nobody_later() {
        let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH, 1);
        let timer = CoalescingTimer::new(clock.clone());
        let first = timer.wait();
        assert!(first.clone().now_or_never().is_none());
        clock.advance(CoalescingTimer::LONGEST * 2 / 5);
        let second = timer.wait();
        clock.advance(CoalescingTimer::LONGEST / 10);
        let third = timer.wait();
        assert!(second.ptr_eq(&first) && !third.ptr_eq(&first));
        assert!(third.clone().now_or_never().is_none());
        clock.advance(CoalescingTimer::LONGEST / 2);
        assert!(second.now_or_never().is_some() && third.clone().now_or_never().is_none());
        clock.advance(CoalescingTimer::LONGEST / 2);
        assert!(third.now_or_never().is_some());
    }
}
