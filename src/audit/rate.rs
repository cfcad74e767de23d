//! Limits the rate of requests.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::Clock;

/// Gives out evenly spaced turns, first come, first served.
#[derive(Debug)]
pub(super) struct RateLimiter {
    interval: Duration,
    /// When the next turn comes, on the clock's monotonic time.
    next: Mutex<Duration>,
    clock: Clock,
}

impl RateLimiter {
    /// A limiter of `rate` turns a second.
    pub(super) fn new(rate: u32, clock: Clock) -> Self {
        let interval = Duration::from_secs(1) / rate.max(1);
        Self { interval, next: Mutex::new(clock.monotonic()), clock }
    }

    /// Returns when it is the caller's turn. The lock is held while waiting and is fair, so callers are
    /// served in order. A turn that nobody took is not saved up.
    pub(super) async fn turn(&self) {
        let mut next = self.next.lock().await;
        let now = self.clock.monotonic();
        if let Some(wait) = next.checked_sub(now) {
            self.clock.sleep(wait).await;
        }
        *next = now.max(*next) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use futures::FutureExt;

    use super::*;

    #[test]
    fn turns_are_evenly_spaced_and_those_that_nobody_took_are_not_saved_up() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let rate = Arc::new(RateLimiter::new(10, clock.clone()));
        let may = || rate.turn().now_or_never().is_some();
        assert_eq!((may(), may()), (true, false));
        clock.advance(Duration::from_millis(100));
        assert_eq!((may(), may()), (true, false));
        clock.advance(Duration::from_mins(1));
        assert_eq!((may(), may()), (true, false));
    }
}
