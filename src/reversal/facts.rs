//! What a reversal knows: what goes back, to whom, and why. Written when it begins, and never changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::origin::Origin;
use super::step::{REFUND_PAYMENT, RELEASE_STOCK};
use crate::order::{Line, Movement, Paise, PricedLine, ProfileId};
use crate::saga::{Effect, Facts, Instance, Step};
use crate::store::ReturnedLine;

/// What a reversal knows. A stored format: what is added has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReversalFacts {
    /// The goods that go back.
    pub lines: Vec<Line>,
    /// Which lines of the order these are, from 0.
    pub places: Vec<u16>,
    /// What is given back for each, in paise.
    pub amounts: Vec<Paise>,
    /// Who paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// Whether the goods can be sold again.
    pub restock: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ReversalFacts {
    /// All of an order.
    pub(super) fn of_all(origin: &Origin, reason: &str) -> Self {
        let places = (0_u16..).take(origin.items.len()).collect();
        let amount = |item: &PricedLine| amount(item.unit_price, item.line.quantity);
        Self {
            lines: origin.items.iter().map(|item| item.line).collect(),
            places,
            amounts: origin.items.iter().map(amount).collect(),
            profile_id: origin.profile_id,
            restock: true,
            reason: Some(reason.to_owned()),
        }
    }

    /// These pieces of an order, by line.
    pub(super) fn of_lines(
        origin: &Origin,
        pieces: &BTreeMap<u16, u32>,
        reason: Option<String>,
        restock: bool,
    ) -> Self {
        let item = |(place, quantity): (&u16, &u32)| {
            let item = origin.items.get(usize::from(*place))?;
            let line = Line { quantity: *quantity, ..item.line };
            Some((*place, line, amount(item.unit_price, *quantity)))
        };
        let items: Vec<_> = pieces.iter().filter_map(item).collect();
        Self {
            lines: items.iter().map(|(_, line, _)| *line).collect(),
            places: items.iter().map(|(place, ..)| *place).collect(),
            amounts: items.iter().map(|(.., amount)| *amount).collect(),
            profile_id: origin.profile_id,
            restock,
            reason,
        }
    }

    /// What comes back, line by line.
    pub(super) fn returned(&self) -> Vec<ReturnedLine> {
        let lines = self.places.iter().zip(&self.lines).zip(&self.amounts);
        let line = |((line, of), amount): ((&u16, &Line), &Paise)| ReturnedLine {
            line: *line,
            of: *of,
            amount: *amount,
        };
        lines.map(line).collect()
    }

    /// Those of a saga that is a reversal.
    pub(super) fn of(saga: &Instance) -> &Self {
        saga.facts.of().expect("a reversal's table reads a reversal's facts")
    }

    /// What is given back in all.
    pub fn refund(&self) -> Paise {
        Paise(self.amounts.iter().map(|amount| amount.0).sum())
    }

    /// The goods of one effect.
    pub(super) fn line(&self, effect: Effect) -> Option<Line> {
        self.lines.get(usize::from(effect.line?)).copied()
    }
}

/// What so many pieces cost. The order's total fits, so each of its lines does.
pub(super) fn amount(unit_price: Paise, quantity: u32) -> Paise {
    Paise(unit_price.0.saturating_mul(i64::from(quantity)))
}

impl Facts for ReversalFacts {
    fn width(&self, step: Step) -> usize {
        match step {
            // There is nothing to refund where everything was free.
            REFUND_PAYMENT => usize::from(self.refund() != Paise(0)),
            RELEASE_STOCK if self.restock => self.lines.len(),
            _no_effects => 0,
        }
    }

    fn amount(&self) -> Option<Paise> {
        Some(self.refund())
    }

    fn lines(&self) -> &[Line] {
        &self.lines
    }

    fn movement(&self, effect: Effect) -> Option<Movement> {
        match effect.step {
            REFUND_PAYMENT => Some(Movement::Refund(self.refund())),
            RELEASE_STOCK => self.line(effect).map(Movement::Release),
            _no_effect => None,
        }
    }

    fn faults(&self, _done: usize, state: &str) -> Vec<String> {
        let (lines, amounts, places) = (self.lines.len(), self.amounts.len(), self.places.len());
        let mut faults = Vec::new();
        if lines != amounts || lines != places {
            faults.push(format!("{amounts} amounts and {places} places for {lines} lines"));
        }
        if self.profile_id.is_none() && self.refund() != Paise(0) {
            faults.push(format!("{state}, though nobody is known to be refunded"));
        }
        faults
    }
}
