//! All random choices of a run, from its seed.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use uuid::{Builder, Uuid};

/// A random number generator that gives the same numbers for the same seed.
pub struct Dice(SmallRng);

impl Dice {
    pub fn from(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// True with this probability.
    pub fn chance(&mut self, of_one: f64) -> bool {
        self.0.random::<f64>() < of_one
    }

    /// A number from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most)
    }

    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    pub fn one_of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())]
    }

    pub fn id(&mut self) -> Uuid {
        Builder::from_random_bytes(self.0.random()).into_uuid()
    }
}
