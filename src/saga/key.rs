//! The `Idempotency-Key` of an effect.
//!
//! A function of the saga, the step, the cart's line and the effect's generation, and of nothing
//! else: the same on every retry, before and after any crash, and different for every other effect,
//! two lines with one product included. The generation rises only when a person declares an effect
//! settled and has it done anew.

use super::effects::Effect;
use crate::order::OrderId;

/// The key under which a neighbour sees this effect, always.
pub fn idempotency_key(saga: OrderId, effect: Effect, generation: u32) -> String {
    let step: &str = effect.step.into();
    let line = effect.line.map_or_else(String::new, |line| format!(":{line}"));
    let again = if generation > 0 { format!("#{generation}") } else { String::new() };
    format!("{saga}:{step}{line}{again}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::saga::Step;

    #[test]
    fn every_effect_has_a_key_of_its_own_and_keeps_it() {
        let saga = OrderId(Uuid::from_u128(1));
        let line = |line| Effect { step: Step::ReserveStock, line: Some(line) };
        let key = |effect, generation| idempotency_key(saga, effect, generation);
        assert_eq!(key(line(0), 0), "00000000-0000-0000-0000-000000000001:reserve_stock:0");
        assert_eq!(key(line(0), 0), key(line(0), 0));
        assert_ne!(key(line(0), 0), key(line(1), 0));
        assert_ne!(key(line(1), 0), key(line(1), 1));
        let charge = Effect { step: Step::ChargePayment, line: None };
        assert_eq!(key(charge, 0), "00000000-0000-0000-0000-000000000001:charge_payment");
    }
}
