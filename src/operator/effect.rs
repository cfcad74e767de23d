//! Where the money and the stock of a saga are: for each effect yes, no or unknown.
//!
//! Pure. What is certain is decided in `saga/exposure.rs`.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::{Certainty, Line, Movement};
use crate::saga::{Accounted, Effect, Instance, SagaFacts};

/// Whether an effect happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Known {
    /// It happened.
    Yes,
    /// It did not happen.
    No,
    /// It may have been sent, and is not settled.
    Unknown,
}

impl From<Certainty> for Known {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Yes => Self::Yes,
            Certainty::No => Self::No,
            Certainty::Unknown => Self::Unknown,
        }
    }
}

/// What became of the money and the stock.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Effects {
    pub(crate) charged: Known,
    pub(crate) refunded: Known,
    /// In cart order.
    pub(crate) lines: Vec<LineEffects>,
}

/// What became of one line of the cart.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineEffects {
    pub(crate) product_id: Uuid,
    pub(crate) quantity: u32,
    pub(crate) reserved: Known,
    pub(crate) released: Known,
}

/// The effects of a saga, according to its row and its log.
pub(super) fn effects(saga: &Instance) -> Effects {
    add_up(saga.accounted(), &saga.facts)
}

/// Adds up what the effects move, for any kind of saga.
fn add_up(accounted: Vec<Accounted>, facts: &SagaFacts) -> Effects {
    let mut effects = of_lines(facts.lines(), Known::No);
    let mut movements = accounted.iter().filter_map(|it| facts.movement(it.effect));
    if movements.any(Movement::gives_back) {
        // There is an order, so that all of this was done for it.
        effects.charged = Known::Yes;
        effects.lines.iter_mut().for_each(|line| line.reserved = Known::Yes);
    }
    for Accounted { effect, happened, undone } in accounted {
        effects.take_in(facts.movement(effect), effect, happened.into(), undone.into());
    }
    effects
}

impl Effects {
    fn take_in(
        &mut self,
        movement: Option<Movement>,
        effect: Effect,
        happened: Known,
        undone: Known,
    ) {
        let line = self.lines.get_mut(usize::from(effect.line.unwrap_or(0)));
        match (movement, line) {
            (Some(Movement::Charge(_)), _) => (self.charged, self.refunded) = (happened, undone),
            (Some(Movement::Refund(_)), _) => self.refunded = happened,
            (Some(Movement::Reserve(_)), Some(line)) => {
                (line.reserved, line.released) = (happened, undone);
            }
            (Some(Movement::Release(_)), Some(line)) => line.released = happened,
            (Some(Movement::Reserve(_) | Movement::Release(_)), None) | (None, _) => {}
        }
    }
}

/// The effects of a saga that this binary can't read: all unknown.
pub(super) fn unknown(lines: &[Line]) -> Effects {
    of_lines(lines, Known::Unknown)
}

fn of_lines(lines: &[Line], all: Known) -> Effects {
    let line = |line: &Line| LineEffects {
        product_id: line.product_id.0,
        quantity: line.quantity,
        reserved: all,
        released: all,
    };
    Effects { charged: all, refunded: all, lines: lines.iter().map(line).collect() }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::checkout::step::{CHARGE_PAYMENT, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK};
    use crate::checkout::{CheckoutFacts, DEFINITION};
    use crate::neighbours::{PAYMENT, PRODUCT};
    use crate::order::{Paise, ProductId};
    use crate::saga::{Entry, Event, Outcome, Phase, Position, Progress, Promises};

    const CHARGE: Effect = Effect::of(CHARGE_PAYMENT);
    const REFUND: Effect = Effect::of(REFUND_PAYMENT);
    const RESERVE: Effect = Effect::of_line(RESERVE_STOCK, 0);
    const RELEASE: Effect = Effect::of_line(RELEASE_STOCK, 0);
    const DONE: Event = Event::Came(Outcome::Done);
    const REFUSED: Event = Event::Came(Outcome::Refused);
    const UNKNOWN: Event = Event::Came(Outcome::Unknown);
    const PRICED: Progress = Progress::Forward { done: 2 };

    fn line() -> Line {
        Line { product_id: ProductId(Uuid::from_u128(7)), quantity: 2 }
    }

    /// Charged, refunded, reserved, released.
    fn after(log: &[(Effect, Event)]) -> serde_json::Value {
        let unit_prices = Some(vec![Paise(100)]);
        let facts = CheckoutFacts { unit_prices, ..CheckoutFacts::of_lines(vec![line()]) };
        let facts = SagaFacts::new(facts);
        let promises: Promises = [(PAYMENT, true), (PRODUCT, true)].into_iter().collect();
        let now = DateTime::UNIX_EPOCH;
        let mut position = Position::new(&DEFINITION, &facts, &promises, now);
        for (effect, event) in log {
            let entry = Entry::new(*effect, Phase::Forward, *event, now);
            position.apply(&Entry { attempt: 1, ..entry });
        }
        let effects = add_up(position.accounted(), &facts);
        let line = &effects.lines[0];
        json!([effects.charged, effects.refunded, line.reserved, line.released])
    }

    #[test]
    fn yes_is_what_is_done_and_no_what_surely_is_not() {
        assert_eq!(after(&[]), json!(["no", "no", "no", "no"]));
        assert_eq!(after(&[(CHARGE, Event::Sending)]), json!(["unknown", "no", "no", "no"]));
        assert_eq!(after(&[(CHARGE, UNKNOWN)]), json!(["unknown", "no", "no", "no"]));
        let forward = [(CHARGE, DONE), (RESERVE, UNKNOWN)];
        assert_eq!(after(&forward), json!(["yes", "no", "unknown", "no"]));
        let undone = [(CHARGE, DONE), (RESERVE, DONE), (REFUND, DONE), (RELEASE, UNKNOWN)];
        assert_eq!(after(&undone), json!(["yes", "yes", "yes", "unknown"]));
        assert_eq!(after(&[(CHARGE, DONE), (RESERVE, REFUSED)]), json!(["yes", "no", "no", "no"]));
    }

    #[test]
    fn what_a_dead_owner_may_have_sent_is_unknown_until_the_charge_is_refused() {
        let taken_over = (CHARGE, Event::TakenOver(PRICED));
        assert_eq!(after(&[taken_over]), json!(["unknown", "no", "unknown", "no"]));
        assert_eq!(after(&[taken_over, (CHARGE, REFUSED)]), json!(["no", "no", "no", "no"]));
        let going_back = (REFUND, Event::TakenOver(Progress::Backward));
        let log = [taken_over, going_back];
        assert_eq!(after(&log), json!(["unknown", "unknown", "unknown", "unknown"]));
        let log = [taken_over, going_back, (CHARGE, REFUSED)];
        assert_eq!(after(&log), json!(["no", "no", "no", "no"]));
    }

    #[test]
    fn of_an_unreadable_saga_nothing_is_known() {
        let effects = unknown(&[line()]);
        assert_eq!(effects.charged, Known::Unknown);
        assert_eq!(effects.lines[0].reserved, Known::Unknown);
        assert!(unknown(&[]).lines.is_empty());
    }
}
