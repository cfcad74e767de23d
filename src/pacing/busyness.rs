//! How busy the threads of this process are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::clock::Clock;

/// A share is that of at least so long.
const WINDOW: Duration = Duration::from_millis(250);

/// How much of their time the runtime's threads work. A thread that has to wait for a processor works, too, so
/// that others' load on the machine counts.
#[derive(Clone, Debug)]
pub struct Busyness {
    runtime: Handle,
    clock: Clock,
    last: Arc<Mutex<Window>>,
}

/// What was seen at the last look.
#[derive(Debug)]
struct Window {
    at: Duration,
    busy: Duration,
    share: f64,
}

impl Busyness {
    /// Of the runtime that this is called on; taken for wholly busy for the first moment.
    pub fn of_this_runtime(clock: &Clock) -> Self {
        let (runtime, clock) = (Handle::current(), clock.clone());
        let window = Window { at: clock.monotonic(), busy: busy(&runtime), share: 1.0 };
        Self { runtime, clock, last: Arc::new(Mutex::new(window)) }
    }

    /// From 0 to 1, over the last quarter of a second or longer.
    pub fn share(&self) -> f64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = self.runtime.metrics().num_workers();
        last.look(self.clock.monotonic(), busy(&self.runtime), threads)
    }
}

impl Window {
    fn look(&mut self, at: Duration, busy: Duration, threads: usize) -> f64 {
        let time = at.saturating_sub(self.at);
        if time >= WINDOW {
            let threads = u32::try_from(threads).unwrap_or(u32::MAX);
            let share = busy.saturating_sub(self.busy).div_duration_f64(time * threads.max(1));
            *self = Self { at, busy, share: share.min(1.0) };
        }
        self.share
    }
}

/// All threads together, since the process began.
fn busy(runtime: &Handle) -> Duration {
    let metrics = runtime.metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_share_is_that_of_all_threads_since_the_last_look_that_counted() {
        let mut window = Window { at: Duration::ZERO, busy: Duration::ZERO, share: 1.0 };
        let mut look = |at, busy| {
            let (at, busy) = (Duration::from_millis(at), Duration::from_millis(busy));
            window.look(at, busy, 2)
        };
        // Too soon; half of the time of both; too soon; nothing; and more than there is.
        let shares =
            [look(100, 200), look(500, 500), look(600, 700), look(900, 500), look(1900, 9000)];
        assert_eq!(
            shares.map(|share| format!("{share:.2}")),
            ["1.00", "0.50", "0.50", "0.00", "1.00"]
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn threads_that_work_are_busy_and_those_that_wait_are_not() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let busyness = Busyness::of_this_runtime(&clock);
        let spin = tokio::spawn(async move {
            for _turn in 0..1000 {
                std::hint::black_box((0..100_000).sum::<u64>());
                tokio::task::yield_now().await;
            }
        });
        spin.await.expect("it spins");
        clock.advance(Duration::from_secs(1));
        let worked = busyness.share();
        clock.advance(Duration::from_secs(1));
        assert!(worked > 0.0 && busyness.share() < worked, "{worked}");
    }
}
