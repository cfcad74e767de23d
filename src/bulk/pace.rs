//! The rate of a run: how many sagas may be acted on by now.

use std::time::Duration;

/// What is not used within this time is lost: a run that has waited does not make up for it at once.
const KEPT: Duration = Duration::from_millis(200);

/// Counts what was granted, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The time between two sagas.
    each: Duration,
    /// Up to here everything is granted.
    granted: Option<Duration>,
}

impl Pace {
    /// So many a second.
    pub(super) fn new(per_second: f64) -> Self {
        Self { each: Duration::from_secs_f64(1.0 / per_second), granted: None }
    }

    /// How many may be acted on now.
    pub(super) fn allowed(&self, now: Duration) -> u64 {
        let since = now.saturating_sub(self.from(now));
        let allowed = since.as_nanos().checked_div(self.each.as_nanos()).unwrap_or(0);
        u64::try_from(allowed).unwrap_or(u64::MAX)
    }

    /// So many are acted on now.
    pub(super) fn take(&mut self, count: usize, now: Duration) {
        if count > 0 {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            self.granted = Some(self.from(now) + self.each.saturating_mul(count));
        }
    }

    /// From when on nothing is granted yet.
    fn from(&self, now: Duration) -> Duration {
        match self.granted {
            None => now.saturating_sub(self.each),
            Some(granted) => granted.max(now.saturating_sub(self.each.max(KEPT))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are granted until then, by somebody who asks every so many milliseconds.
    fn granted(per_second: f64, every: u64, until: u64) -> u64 {
        let mut pace = Pace::new(per_second);
        let mut all = 0;
        for at in (10_000..=10_000 + until).step_by(usize::try_from(every).expect("few")) {
            let at = Duration::from_millis(at);
            let allowed = pace.allowed(at);
            pace.take(usize::try_from(allowed).expect("few"), at);
            all += allowed;
        }
        all
    }

    #[test]
    fn the_first_is_granted_at_once_and_the_rate_is_never_exceeded() {
        assert_eq!(granted(10.0, 100, 0), 1);
        assert_eq!(granted(10.0, 100, 1000), 11);
        assert_eq!(granted(2.0, 100, 2000), 5);
        assert_eq!(granted(0.5, 100, 4000), 3);
        assert_eq!(granted(1000.0, 100, 1000), 1001);
        // Who comes seldom gets less.
        assert_eq!(granted(10.0, 1000, 1000), 1 + 2);
    }

    #[test]
    fn who_has_waited_makes_up_for_nothing() {
        let mut pace = Pace::new(10.0);
        pace.take(1, Duration::from_secs(1));
        assert_eq!(pace.allowed(Duration::from_hours(1)), 2);
        pace.take(1, Duration::from_hours(1));
        assert_eq!(pace.allowed(Duration::from_hours(1)), 1);
    }
}
