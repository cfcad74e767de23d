//! What the customer and the shop are out of.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Line, Movement, Paise, ProductId};

/// Whether something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It happened.
    Yes,
    /// It did not happen.
    No,
    /// It may have been sent, and is not settled.
    Unknown,
}

/// The most that the customer and the shop may be out of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// In paise.
    pub money: Paise,
    /// Whether less money may be out than that.
    pub is_money_unknown: bool,
    /// The pieces of each product, and whether fewer may be out.
    pub stock: BTreeMap<ProductId, (u64, bool)>,
}

impl Exposure {
    /// By a saga that can't be read: all that it is about may be out.
    pub fn unreadable(amount: Option<Paise>, lines: &[Line]) -> Self {
        let mut exposure = Self::default();
        if let Some(amount) = amount {
            exposure.take_in(Movement::Charge(amount), true);
        }
        for line in lines {
            exposure.take_in(Movement::Reserve(*line), true);
        }
        exposure
    }

    /// Pieces of all products together.
    pub fn pieces(&self) -> u64 {
        self.stock.values().map(|(pieces, _)| pieces).sum()
    }

    /// Takes in a movement that has happened or not, and was undone or not. What gives back is out until it
    /// has happened.
    pub fn account(&mut self, movement: Movement, happened: Certainty, undone: Certainty) {
        let (is_out, is_unknown) = match movement {
            Movement::Charge(_) | Movement::Reserve(_) => (
                happened != Certainty::No && undone != Certainty::Yes,
                happened == Certainty::Unknown || undone == Certainty::Unknown,
            ),
            Movement::Refund(_) | Movement::Release(_) => {
                (happened != Certainty::Yes, happened == Certainty::Unknown)
            }
        };
        if is_out {
            self.take_in(movement, is_unknown);
        }
    }

    fn take_in(&mut self, movement: Movement, is_unknown: bool) {
        match movement {
            Movement::Charge(money) | Movement::Refund(money) => {
                self.money.0 = self.money.0.saturating_add(money.0);
                self.is_money_unknown |= is_unknown;
            }
            Movement::Reserve(line) | Movement::Release(line) => {
                let (pieces, unknown) = self.stock.entry(line.product_id).or_default();
                *pieces += u64::from(line.quantity);
                *unknown |= is_unknown;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_may_have_happened_and_is_not_surely_undone_is_out() {
        use Certainty::{No, Unknown, Yes};
        let charge = Movement::Charge(Paise(70));
        let refund = Movement::Refund(Paise(70));
        for (movement, happened, undone, out) in [
            (charge, No, No, (0, false)),
            (charge, Yes, No, (70, false)),
            (charge, Unknown, No, (70, true)),
            (charge, Yes, Unknown, (70, true)),
            (charge, Yes, Yes, (0, false)),
            (charge, Unknown, Yes, (0, false)),
            (refund, No, No, (70, false)),
            (refund, Unknown, No, (70, true)),
            (refund, Yes, No, (0, false)),
        ] {
            let mut exposure = Exposure::default();
            exposure.account(movement, happened, undone);
            let what = (exposure.money.0, exposure.is_money_unknown);
            assert_eq!(what, out, "{movement:?} {happened:?} {undone:?}");
        }
    }

    #[test]
    fn lines_of_one_product_are_added_up() {
        let product_id = ProductId(Uuid::from_u128(1));
        let line = |quantity| Movement::Reserve(Line { product_id, quantity });
        let mut exposure = Exposure::default();
        exposure.account(line(2), Certainty::Yes, Certainty::No);
        exposure.account(line(3), Certainty::Unknown, Certainty::No);
        assert_eq!(exposure.stock[&product_id], (5, true));
        assert_eq!(exposure.pieces(), 5);
    }
}
