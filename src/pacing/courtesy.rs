//! Letting checkouts go first: what is done for others in the background takes a small part of the time while
//! sagas are being driven by a busy process, and all the time it wants when none is, or when most of what they do is
//! to wait for their neighbours.
//!
//! Whoever is told of events can wait a little; a customer who pays can't. So after some work there is a pause
//! that is [`EACH`] times as long for each saga in this process's hands, up to [`MOST`] times, and less where the
//! process is not busy. It is shorter, too, the longer that has waited which is told next: nothing is put off by
//! more than [`PATIENCE`] for courtesy's sake.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Busyness;
use crate::clock::Clock;

/// The pause for one saga in hand, in multiples of the work before it.
const EACH: f64 = 4.0;
/// The longest pause in these multiples: then the work takes a fortieth of the time. A tenth was too much: by
/// several sinks and workers that is a third of a small machine, and receivers often share it.
const MOST: f64 = 39.0;
/// What has waited for so long is told without a pause.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked at whether a pause is still called for.
const LOOK: Duration = Duration::from_millis(50);
/// A process that works less than this share of its time is in no hurry: no pauses.
const IDLE: f64 = 0.25;
/// From this share of its time on, pauses are as long as they get.
const BUSY: f64 = 0.5;

/// Knows how long to pause after some work in the background.
#[derive(Clone)]
pub struct Courtesy {
    in_hand: Arc<dyn Fn() -> usize + Send + Sync>,
    share: Arc<dyn Fn() -> f64 + Send + Sync>,
    longest: Duration,
}

impl Courtesy {
    /// Towards as many sagas as `in_hand` says are being driven here, however busy the process is. No pause is
    /// longer than `longest`: who pauses may have a lease to renew.
    pub fn towards(in_hand: impl Fn() -> usize + Send + Sync + 'static, longest: Duration) -> Self {
        Self { in_hand: Arc::new(in_hand), share: Arc::new(|| 1.0), longest }
    }

    /// The same, as far as the process is busy.
    #[must_use]
    pub fn while_busy(self, busyness: Busyness) -> Self {
        Self { share: Arc::new(move || busyness.share()), ..self }
    }

    /// Where nothing else goes on.
    pub fn needless() -> Self {
        Self::towards(|| 0, Duration::ZERO)
    }

    /// The pause after work that took this long, where what comes next has `waited` since it happened.
    pub fn pause_after(&self, worked: Duration, waited: Duration) -> Duration {
        let in_hand = u32::try_from((self.in_hand)()).unwrap_or(u32::MAX);
        let hurry = (((self.share)() - IDLE) / (BUSY - IDLE)).clamp(0.0, 1.0);
        let patience = PATIENCE.saturating_sub(waited).div_duration_f64(PATIENCE);
        let pause = worked.as_secs_f64() * (f64::from(in_hand) * EACH).min(MOST) * hurry * patience;
        Duration::from_secs_f64(pause.min(self.longest.as_secs_f64()))
    }

    /// Makes this pause. It ends early where the process has time again.
    pub async fn rest(&self, clock: &Clock, worked: Duration, waited: Duration) {
        let began = clock.monotonic();
        loop {
            let rested = clock.monotonic().saturating_sub(began);
            let left = self.pause_after(worked, waited + rested).saturating_sub(rested);
            if left.is_zero() {
                return;
            }
            clock.sleep(left.min(LOOK)).await;
        }
    }
}

impl fmt::Debug for Courtesy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courtesy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::DateTime;
    use futures::FutureExt;

    use super::*;

    const WORKED: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_millis(2500);

    #[test]
    fn the_more_sagas_are_in_hand_the_longer_is_the_pause() {
        let pause = |in_hand| {
            let courtesy = Courtesy::towards(move || in_hand, LONGEST);
            courtesy.pause_after(WORKED, Duration::ZERO).as_millis()
        };
        assert_eq!([0, 1, 5, 9, 64].map(pause), [0, 40, 200, 360, 390]);
        let hour = Duration::from_hours(1);
        assert_eq!(Courtesy::needless().pause_after(hour, Duration::ZERO), Duration::ZERO);
        let long = Courtesy::towards(|| 10, LONGEST).pause_after(hour, Duration::ZERO);
        assert_eq!(long, LONGEST);
    }

    #[test]
    fn a_process_that_mostly_waits_pauses_little_or_not() {
        let pause = |share: f64| {
            let to_many = Courtesy::towards(|| 64, LONGEST);
            let courtesy = Courtesy { share: Arc::new(move || share), ..to_many };
            courtesy.pause_after(WORKED, Duration::ZERO).as_millis()
        };
        assert_eq!([0.0, 0.25, 0.375, 0.5, 1.0].map(pause), [0, 0, 195, 390, 390]);
    }

    #[test]
    fn what_has_waited_for_long_is_told_with_less_of_a_pause_or_without() {
        let pause = |waited| {
            let courtesy = Courtesy::towards(|| 64, LONGEST);
            courtesy.pause_after(WORKED, Duration::from_secs(waited)).as_millis()
        };
        assert_eq!([0, 30, 60, 3600].map(pause), [390, 195, 0, 0]);
    }

    #[test]
    fn a_pause_ends_once_there_is_nobody_left_to_let_go_first() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH, 0);
        let in_hand = Arc::new(AtomicUsize::new(64));
        let counted = in_hand.clone();
        let courtesy = Courtesy::towards(move || counted.load(Ordering::Relaxed), LONGEST);
        let mut rest = Box::pin(courtesy.rest(&clock, WORKED, Duration::ZERO));
        for _look in 0..2 {
            assert!((&mut rest).now_or_never().is_none(), "it rests");
            clock.advance(LOOK);
        }
        in_hand.store(0, Ordering::Relaxed);
        assert!(rest.now_or_never().is_some(), "it rests no more");
    }
}
