//! When to try again: exponential pauses with jitter, as a pure function.
//!
//! A saga's schedule lives in its row, so this takes the count from there and chance as an
//! argument; a restart loses nothing of it.

use std::time::Duration;

/// A neighbour that asks for a longer pause (`Retry-After`) does not get it.
pub const LONGEST_ASKED: Duration = Duration::from_mins(10);

/// `retry.*` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first pause.
    pub initial: Duration,
    /// No pause is longer (but for the jitter, and for a neighbour that asks for more).
    pub max: Duration,
    /// Each pause is so many times the one before.
    pub multiplier: f64,
    /// A pause is spread evenly over itself plus or minus this part of it, 0 to 1.
    pub jitter: f64,
}

impl Backoff {
    /// No pause of its own is longer.
    pub fn longest(&self) -> Duration {
        self.max.mul_f64(1.0 + self.jitter)
    }

    /// The pause after so many failures in a row (from 1). `chance` is 0 to 1.
    pub fn pause(&self, failures: u32, chance: f64) -> Duration {
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial.as_secs_f64() * self.multiplier.powi(exponent);
        let capped = grown.min(self.max.as_secs_f64());
        Duration::from_secs_f64(capped * (1.0 + self.jitter * (2.0 * chance - 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_cap_and_spread_by_the_jitter() {
        let backoff = Backoff {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(30),
            multiplier: 2.0,
            jitter: 0.5,
        };
        let millis = |failures, chance| backoff.pause(failures, chance).as_millis();
        assert_eq!([millis(1, 0.5), millis(2, 0.5), millis(4, 0.5)], [100, 200, 800]);
        assert_eq!([millis(1, 0.0), millis(1, 1.0)], [50, 150]);
        assert_eq!(millis(u32::MAX, 0.5), 30_000);
    }
}
