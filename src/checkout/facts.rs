//! What a checkout knows: the cart, the payer and the prices.
//!
//! Stored as JSON in the saga's row. Written at acceptance and once more with what was read; nothing
//! in it changes otherwise.

use serde::{Deserialize, Serialize};

use super::step::{CHARGE_PAYMENT, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK};
use crate::order::{Cart, Line, Movement, Paise, PricedLine, ProfileId, ShippingAddress, total};
use crate::saga::{Effect, Facts, Instance, Step};

/// What a checkout knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutFacts {
    /// The cart's lines in the client's order.
    pub lines: Vec<Line>,
    /// The total that the customer saw. The checkout is refused where the cart costs something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Paise>,
    /// Where the order is sent. Only written down: the order's row gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<ShippingAddress>,
    /// Who pays; known once the profile is fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// The unit price of each line; known once the cart is priced, and never read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_prices: Option<Vec<Paise>>,
}

impl CheckoutFacts {
    /// What is known at acceptance.
    pub fn accepted(cart: &Cart) -> Self {
        Self {
            expected_total: cart.expected_total(),
            shipping_address: cart.shipping_address().cloned(),
            ..Self::of_lines(cart.lines().to_vec())
        }
    }

    /// What is known of a cart that says nothing but its lines.
    pub fn of_lines(lines: Vec<Line>) -> Self {
        let (expected_total, shipping_address) = (None, None);
        Self { lines, expected_total, shipping_address, profile_id: None, unit_prices: None }
    }

    /// Those of a saga that is a checkout.
    pub(super) fn of(saga: &Instance) -> &Self {
        saga.facts.of().expect("the checkout's table reads a checkout's facts")
    }

    /// What is to pay, once the cart is priced.
    pub fn total(&self) -> Option<Paise> {
        total(&self.lines, self.unit_prices.as_ref()?)
    }

    /// The line that an effect is about.
    pub fn line(&self, effect: Effect) -> Option<Line> {
        self.lines.get(usize::from(effect.line?)).copied()
    }
}

impl Facts for CheckoutFacts {
    fn width(&self, step: Step) -> usize {
        match (step, &self.unit_prices) {
            (_, None) => 0,
            // There is nothing to charge where everything is free.
            (CHARGE_PAYMENT, Some(_)) => usize::from(self.total() != Some(Paise(0))),
            (RESERVE_STOCK, Some(_)) => self.lines.len(),
            (_no_effects, Some(_)) => 0,
        }
    }

    fn lines(&self) -> &[Line] {
        &self.lines
    }

    fn amount(&self) -> Option<Paise> {
        self.total()
    }

    fn movement(&self, effect: Effect) -> Option<Movement> {
        match effect.step {
            CHARGE_PAYMENT => self.total().map(Movement::Charge),
            REFUND_PAYMENT => self.total().map(Movement::Refund),
            RESERVE_STOCK => self.line(effect).map(Movement::Reserve),
            RELEASE_STOCK => self.line(effect).map(Movement::Release),
            _no_effect => None,
        }
    }

    fn makes(&self) -> Option<Vec<PricedLine>> {
        let prices = self.unit_prices.as_ref()?;
        let priced =
            |(line, price): (&Line, &Paise)| PricedLine { line: *line, unit_price: *price };
        Some(self.lines.iter().zip(prices).map(priced).collect())
    }

    fn faults(&self, done: usize, state: &str) -> Vec<String> {
        let is_priced = done > 1;
        let mut faults = Vec::new();
        if is_priced && self.profile_id.is_none() {
            faults.push(format!("{state}, though nobody is known to pay"));
        }
        match &self.unit_prices {
            None if is_priced => faults.push(format!("{state}, though it has no prices")),
            Some(prices) if prices.len() != self.lines.len() => {
                let (prices, lines) = (prices.len(), self.lines.len());
                faults.push(format!("{prices} prices for {lines} lines"));
            }
            Some(_) if self.total().is_none() => {
                faults.push("its prices add up to no total".to_owned());
            }
            Some(_) if self.expected_total.is_some_and(|seen| self.total() != Some(seen)) => {
                faults.push("its prices add up to another total than its customer saw".to_owned());
            }
            Some(_) | None => {}
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::order::ProductId;
    use crate::saga::SagaFacts;

    fn priced() -> CheckoutFacts {
        let line = Line { product_id: ProductId(Uuid::from_u128(7)), quantity: 1 };
        CheckoutFacts {
            profile_id: Some(ProfileId(Uuid::from_u128(3))),
            unit_prices: Some(vec![Paise(10), Paise(10)]),
            ..CheckoutFacts::of_lines(vec![line, line])
        }
    }

    #[test]
    fn facts_that_can_not_be_true_are_told() {
        assert_eq!(priced().faults(5, "Completed"), Vec::<String>::new());
        let told = |facts: CheckoutFacts| facts.faults(5, "Completed");
        let nobody = CheckoutFacts { profile_id: None, ..priced() };
        assert_eq!(told(nobody), ["Completed, though nobody is known to pay"]);
        let short = CheckoutFacts { unit_prices: Some(vec![Paise(10)]), ..priced() };
        assert_eq!(told(short), ["1 prices for 2 lines"]);
        let unpriced = CheckoutFacts { unit_prices: None, ..priced() };
        assert_eq!(told(unpriced), ["Completed, though it has no prices"]);
        let other = CheckoutFacts { expected_total: Some(Paise(5)), ..priced() };
        assert_eq!(told(other), ["its prices add up to another total than its customer saw"]);
    }

    #[test]
    fn what_older_binaries_stored_is_read_and_what_they_read_is_stored() {
        let stored = r#"{"lines":[{"productId":"00000000-0000-0000-0000-000000000007","quantity":2}],"kinds":{"product":true,"payment":false},"attended":true,"cause":{"cause":"insufficientStock","line":0,"available":1}}"#;
        let known = SagaFacts::decode::<CheckoutFacts>(serde_json::from_str(stored).expect("JSON"));
        let known = known.expect("as it was stored");
        assert!(known.terms.attended && !known.terms.promises.of(crate::neighbours::PAYMENT));
        assert!(known.terms.promises.of(crate::neighbours::PRODUCT));
        let again = known.facts.encode(&known.terms, known.cause.as_ref());
        let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(same(&again), same(stored));
        let bare = SagaFacts::decode::<CheckoutFacts>(same(r#"{"lines":[]}"#)).expect("defaults");
        assert!(!bare.terms.promises.of(crate::neighbours::PRODUCT));
    }
}
