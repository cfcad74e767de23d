//! The coalescing timer: one timer for many short waits.
//!
//! A change that nothing depends on yet is handed in after a short wait, so that it is written
//! together with what follows it. A timer for each such wait would be the earliest of all at the
//! moment when it is set, and would so wake the thread that polls the network: that cost more than
//! the wait saved. So whoever asks within 10 ms of the first joins the first one's wait, and
//! everybody waits between 10 and 20 ms:
//!
//! ```text
//!  0          10          20          30 ms
//!  ├─ one wait ───────────┤
//!   ··join it··├─ the next ───────────┤
//! ```
//!
//! This is safe because nothing relies on the wait: what must be durable before a call is handed in
//! at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use crate::clock::Clock;

/// A wait for the timer: [`CoalescingTimer::LONGEST`] at most, and half of that at least.
pub(super) type Wait = Shared<BoxFuture<'static, ()>>;

/// Hands out waits.
#[derive(Debug)]
pub(super) struct CoalescingTimer {
    clock: Clock,
    /// When the latest wait began, by the monotonic clock, and that wait.
    latest: Mutex<Option<(Duration, Wait)>>,
}

impl CoalescingTimer {
    pub(super) const LONGEST: Duration = Duration::from_millis(20);

    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, latest: Mutex::default() }
    }

    /// The latest wait if it began less than half of [`Self::LONGEST`] ago, else one that begins
    /// now.
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
    fn a_wait_is_joined_soon_after_it_began_and_not_later() {
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
