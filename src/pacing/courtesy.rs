//! Letting checkouts go first: what is done for others in the background takes a small part of the time while
//! sagas are being driven by a busy process, and all the time it wants when none is, or when most of what they do is
//! to wait for their neighbours.
//!
//! Whoever is told of events can wait a little; a customer who pays can't. So after some work there is a pause
//! that is [`EACH`] times as long for each saga in this process's hands, up to [`MOST`] times, and less where the
//! process is not busy.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Busyness;

/// The pause for one saga in hand, in multiples of the work before it.
const EACH: f64 = 4.0;
/// The longest pause in these multiples: then the work takes a fortieth of the time. A tenth was too much: by
/// several sinks and workers that is a third of a small machine, and receivers often share it.
const MOST: f64 = 39.0;
/// No pause is longer.
const LONGEST: Duration = Duration::from_millis(500);
/// A process that works less than this share of its time is in no hurry: no pauses.
const IDLE: f64 = 0.25;
/// From this share of its time on, pauses are as long as they get.
const BUSY: f64 = 0.5;

/// Knows how long to pause after some work in the background.
#[derive(Clone)]
pub struct Courtesy {
    in_hand: Arc<dyn Fn() -> usize + Send + Sync>,
    share: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Courtesy {
    /// Towards as many sagas as `in_hand` says are being driven here, however busy the process is.
    pub fn towards(in_hand: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self { in_hand: Arc::new(in_hand), share: Arc::new(|| 1.0) }
    }

    /// The same, as far as the process is busy.
    #[must_use]
    pub fn while_busy(self, busyness: Busyness) -> Self {
        Self { share: Arc::new(move || busyness.share()), ..self }
    }

    /// Where nothing else goes on.
    pub fn needless() -> Self {
        Self::towards(|| 0)
    }

    /// The pause after work that took this long.
    pub fn pause_after(&self, worked: Duration) -> Duration {
        let in_hand = u32::try_from((self.in_hand)()).unwrap_or(u32::MAX);
        let hurry = (((self.share)() - IDLE) / (BUSY - IDLE)).clamp(0.0, 1.0);
        let pause = worked.as_secs_f64() * (f64::from(in_hand) * EACH).min(MOST) * hurry;
        Duration::from_secs_f64(pause.min(LONGEST.as_secs_f64()))
    }
}

impl fmt::Debug for Courtesy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courtesy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_sagas_are_in_hand_the_longer_is_the_pause() {
        let pause = |in_hand| {
            Courtesy::towards(move || in_hand).pause_after(Duration::from_millis(10)).as_millis()
        };
        assert_eq!([0, 1, 5, 9, 64].map(pause), [0, 40, 200, 360, 390]);
        assert_eq!(Courtesy::needless().pause_after(Duration::from_hours(1)), Duration::ZERO);
        let long = Courtesy::towards(|| 10).pause_after(Duration::from_hours(1));
        assert_eq!(long, LONGEST);
    }

    #[test]
    fn a_process_that_mostly_waits_pauses_little_or_not() {
        let pause = |share: f64| {
            let courtesy = Courtesy { share: Arc::new(move || share), ..Courtesy::towards(|| 64) };
            courtesy.pause_after(Duration::from_millis(10)).as_millis()
        };
        assert_eq!([0.0, 0.25, 0.375, 0.5, 1.0].map(pause), [0, 0, 195, 390, 390]);
    }
}
