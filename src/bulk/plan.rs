//! How a run goes about it: its waves, and how many sagas it acts on in a second.

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The waves of a run and its rate, as they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The sizes of the first waves: whole numbers of sagas, or fractions of the set.
    canary: Vec<Number>,
    per_second: Number,
}

impl Plan {
    /// The most waves of a canary.
    pub const MOST_WAVES: usize = 20;
    /// The highest rate.
    pub const FASTEST: f64 = 1000.0;
    /// The lowest rate.
    pub const SLOWEST: f64 = 0.01;

    /// A plan, if its waves are whole numbers from 1 or fractions between 0 and 1, and the rate lies between
    /// the slowest and the fastest.
    pub fn new(canary: Vec<Number>, per_second: Number) -> Option<Self> {
        let is_wave = |wave: &Number| {
            let size = wave.as_f64().unwrap_or(0.0);
            size > 0.0 && (size < 1.0 || size.fract() == 0.0)
        };
        let rate = per_second.as_f64().unwrap_or(0.0);
        let is_right = canary.len() <= Self::MOST_WAVES
            && canary.iter().all(is_wave)
            && (Self::SLOWEST..=Self::FASTEST).contains(&rate);
        is_right.then_some(Self { canary, per_second })
    }

    /// The canary of a run that asks for none in particular: one, five, a tenth of the set.
    pub fn usual_canary() -> Vec<Number> {
        let tenth = Number::from_f64(0.1);
        [Number::from(1), Number::from(5)].into_iter().chain(tenth).collect()
    }

    /// The rate of a run that asks for none in particular.
    pub fn usual_rate() -> Number {
        Number::from(10)
    }

    /// The sizes of the first waves.
    pub fn canary(&self) -> &[Number] {
        &self.canary
    }

    /// The rate as it was asked for.
    pub fn per_second(&self) -> &Number {
        &self.per_second
    }

    /// Sagas a second.
    pub(super) fn rate(&self) -> f64 {
        self.per_second.as_f64().unwrap_or(1.0).clamp(Self::SLOWEST, Self::FASTEST)
    }

    /// Where the wave of this place ends, in a set of so many. What follows the canary is the last wave.
    pub(super) fn end_of_wave(&self, place: u64, count: u64) -> u64 {
        let mut end = 0;
        for wave in &self.canary {
            end += size(wave, count);
            if place < end {
                return end.min(count);
            }
        }
        count
    }
}

/// How many sagas a wave has, at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sets are small, and a cast from float saturates"
)]
fn size(wave: &Number, count: u64) -> u64 {
    let size = wave.as_f64().unwrap_or(1.0);
    if size >= 1.0 {
        return size as u64;
    }
    // A little less, because 0.1 of 70 is not to be 8 for the way in which floats are written.
    ((size * count as f64 - 1e-6).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(canary: &Value) -> Option<Plan> {
        let canary = serde_json::from_value(canary.clone()).expect("numbers");
        Plan::new(canary, Plan::usual_rate())
    }

    fn ends(canary: &Value, count: u64) -> Vec<u64> {
        let plan = plan(canary).expect("a plan");
        let mut ends = vec![plan.end_of_wave(0, count)];
        while let Some(last) = ends.last().filter(|last| **last < count) {
            ends.push(plan.end_of_wave(*last, count));
        }
        ends
    }

    #[test]
    fn a_canary_is_followed_by_the_rest() {
        for (canary, count, expected) in [
            (json!([1, 5, 0.1]), 100, vec![1, 6, 16, 100]),
            (json!([1, 5, 0.1]), 70, vec![1, 6, 13, 70]),
            (json!([1, 5, 0.1]), 3, vec![1, 3]),
            (json!([1, 5, 0.1]), 1, vec![1]),
            (json!([]), 40, vec![40]),
            (json!([0.5]), 3, vec![2, 3]),
            (json!([0.001, 2.0]), 10, vec![1, 3, 10]),
        ] {
            assert_eq!(ends(&canary, count), expected, "{canary} of {count}");
        }
    }

    #[test]
    fn a_wave_is_a_whole_number_or_a_fraction() {
        for bad in [json!([0]), json!([-1]), json!([1.5]), json!([0.1, 0.0]), json!(vec![1; 21])] {
            assert_eq!(plan(&bad), None, "{bad}");
        }
        assert!(Plan::new(vec![], 0.into()).is_none() && Plan::new(vec![], 1001.into()).is_none());
    }
}
