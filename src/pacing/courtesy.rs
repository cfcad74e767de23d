//! Letting checkouts go first: what is done for others in the background takes a small part of the time while
//! sagas are being driven here, and all the time it wants when none is.
//!
//! Whoever is told of events can wait a little; a customer who pays can't. So after some work there is a pause
//! that is [`EACH`] times as long for each saga in this process's hands, up to [`MOST`] times.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The pause for one saga in hand, in multiples of the work before it.
const EACH: usize = 4;
/// The longest pause in these multiples: then the work takes a fortieth of the time. A tenth was too much: by
/// several sinks and workers that is a third of a small machine, and receivers often share it.
const MOST: usize = 39;
/// No pause is longer.
const LONGEST: Duration = Duration::from_millis(500);

/// Knows how long to pause after some work in the background.
#[derive(Clone)]
pub struct Courtesy(Arc<dyn Fn() -> usize + Send + Sync>);

impl Courtesy {
    /// Towards as many sagas as `in_hand` says are being driven here.
    pub fn towards(in_hand: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self(Arc::new(in_hand))
    }

    /// Where nothing else goes on.
    pub fn needless() -> Self {
        Self::towards(|| 0)
    }

    /// The pause after work that took this long.
    pub fn pause_after(&self, worked: Duration) -> Duration {
        let times = u32::try_from((self.0)().saturating_mul(EACH).min(MOST)).unwrap_or_default();
        worked.saturating_mul(times).min(LONGEST)
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
}
