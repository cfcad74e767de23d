//! How much is forgotten at a time, and how long to pause then: less, and longer, where commits are slow.

use std::time::Duration;

use crate::pacing::Courtesy;

/// A batch that takes no longer does not keep others waiting.
const FAST: Duration = Duration::from_millis(50);
/// One that takes longer does: the database has enough to do.
const SLOW: Duration = Duration::from_millis(500);
/// What a batch begins with, and is never smaller than.
const SMALLEST: u64 = 32;
/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(2);

/// The size of batches, which follows from how long they take.
#[derive(Clone, Debug)]
pub struct Tempo {
    size: u64,
    largest: u64,
    courtesy: Courtesy,
}

impl Tempo {
    /// Of batches of at most this size.
    pub fn up_to(largest: u64, courtesy: Courtesy) -> Self {
        Self { size: SMALLEST.min(largest), largest, courtesy }
    }

    /// How large the next batch may be.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How long to pause after a batch that took so long: as long at least, so that no more than half of the
    /// time goes into it, and twice as long where that was slow.
    pub fn pause_after(&mut self, took: Duration) -> Duration {
        let times = if took <= FAST {
            self.size = self.size.saturating_mul(2).min(self.largest);
            1
        } else if took <= SLOW {
            1
        } else {
            self.size = (self.size / 2).max(SMALLEST.min(self.largest));
            2
        };
        took.saturating_mul(times).min(LONGEST).max(self.courtesy.pause_after(took, Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_they_are_fast_and_shrink_while_they_are_slow() {
        let mut tempo = Tempo::up_to(100, Courtesy::needless());
        let sizes = |tempo: &mut Tempo, took: u64| {
            let took = Duration::from_millis(took);
            [(); 5].map(|()| {
                tempo.pause_after(took);
                tempo.size()
            })
        };
        assert_eq!(sizes(&mut tempo, 10), [64, 100, 100, 100, 100]);
        assert_eq!(sizes(&mut tempo, 400), [100; 5]);
        assert_eq!(sizes(&mut tempo, 1000), [50, 32, 32, 32, 32]);
    }

    #[test]
    fn the_slower_a_batch_the_longer_is_the_pause() {
        let mut tempo = Tempo::up_to(100, Courtesy::needless());
        let pause = |took| tempo.pause_after(Duration::from_millis(took)).as_millis();
        assert_eq!([10, 100, 1000, 10_000].map(pause), [10, 100, 2000, 2000]);
        let mut tempo = Tempo::up_to(100, Courtesy::towards(|| 5, LONGEST));
        assert_eq!(tempo.pause_after(Duration::from_millis(10)).as_millis(), 200);
    }
}
