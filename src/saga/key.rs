//! The `Idempotency-Key` of an effect.
//!
//! A function of the saga (or of its order, where the saga's table says so), the step, the line and the
//! effect's generation, and of nothing else: the same on every retry, before and after any crash, and different for every other effect, also where
//! two lines are alike. The generation rises only when a person has an effect done anew.

use uuid::Uuid;

use super::effect::Effect;

/// The key of an effect on behalf of this saga or order; see
/// [`Instance::key`](super::Instance::key).
pub fn idempotency_key(subject: Uuid, effect: Effect, generation: u32) -> String {
    let step = effect.step;
    let line = effect.line.map_or_else(String::new, |line| format!(":{line}"));
    let again = if generation > 0 { format!("#{generation}") } else { String::new() };
    format!("{subject}:{step}{line}{again}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saga::Step;

    #[test]
    fn every_effect_has_a_key_of_its_own_and_keeps_it() {
        let saga = Uuid::from_u128(1);
        let seat = Step::named("take_seat");
        let line = |line| Effect::of_line(seat, line);
        let key = |effect, generation| idempotency_key(saga, effect, generation);
        assert_eq!(key(line(0), 0), "00000000-0000-0000-0000-000000000001:take_seat:0");
        assert_eq!(key(line(0), 0), key(line(0), 0));
        assert_ne!(key(line(0), 0), key(line(1), 0));
        assert_ne!(key(line(1), 0), key(line(1), 1));
        let fare = Effect::of(Step::named("take_fare"));
        assert_eq!(key(fare, 0), "00000000-0000-0000-0000-000000000001:take_fare");
    }
}
