//! What a trip knows: its legs, their fares and its clearance.

use order_service::order::{Line, Movement, OrderId, Paise, PricedLine, total};
use order_service::saga::{Effect, Facts, Step};
use serde::{Deserialize, Serialize};

use super::step::{FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, POST_LETTER, TAKE_FARE};

/// What a trip knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TripFacts {
    /// What the trip is recorded as. It is not the saga's id.
    pub order_id: OrderId,
    /// The legs, with how many seats in each.
    pub legs: Vec<Line>,
    /// The fare of a seat in each leg; known once they were asked, and never asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fares: Option<Vec<Paise>>,
    /// The border's number; never known in version 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance: Option<u64>,
}

impl TripFacts {
    /// What is known at acceptance.
    pub fn asked(order_id: OrderId, legs: Vec<Line>) -> Self {
        Self { order_id, legs, fares: None, clearance: None }
    }

    /// What is to pay, once the fares are known.
    pub fn total(&self) -> Option<Paise> {
        total(&self.legs, self.fares.as_ref()?)
    }

    /// The leg that an effect is about, with its fare.
    pub fn leg(&self, effect: Effect) -> Option<(Line, Paise)> {
        let at = usize::from(effect.line?);
        Some((*self.legs.get(at)?, *self.fares.as_ref()?.get(at)?))
    }
}

impl Facts for TripFacts {
    fn width(&self, step: Step) -> usize {
        match (step, self.total()) {
            (_, None) => 0,
            (HOLD_SEAT | ISSUE_TICKET, Some(_)) => self.legs.len(),
            // There is nothing to take where everything is free.
            (TAKE_FARE, Some(total)) => usize::from(total != Paise(0)),
            (POST_LETTER, Some(_)) => 1,
            (_no_effects, Some(_)) => 0,
        }
    }

    fn amount(&self) -> Option<Paise> {
        self.total()
    }

    fn lines(&self) -> &[Line] {
        &self.legs
    }

    fn movement(&self, effect: Effect) -> Option<Movement> {
        match effect.step {
            TAKE_FARE => self.total().map(Movement::Charge),
            HOLD_SEAT => self.leg(effect).map(|(leg, _)| Movement::Reserve(leg)),
            FREE_SEAT => self.leg(effect).map(|(leg, _)| Movement::Release(leg)),
            _moves_nothing => None,
        }
    }

    fn makes(&self) -> Option<Vec<PricedLine>> {
        let fares = self.fares.as_ref()?;
        let priced = |(line, fare): (&Line, &Paise)| PricedLine { line: *line, unit_price: *fare };
        Some(self.legs.iter().zip(fares).map(priced).collect())
    }

    fn faults(&self, done: usize, state: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if done > 0 && self.total().is_none() {
            faults.push(format!("{state}, though its fares add up to no total"));
        }
        if state == "Cleared" && self.clearance.is_none() {
            faults.push(format!("{state}, though it has no clearance"));
        }
        faults
    }
}
