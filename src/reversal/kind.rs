//! What each step of a reversal does.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::DEFINITIONS;
use super::facts::ReversalFacts;
use super::record::records;
use super::step::{REFUND_PAYMENT, RELEASE_STOCK};
use crate::engine::{Kind, Recording};
use crate::neighbours::{CallContext, Charge, Neighbours};
use crate::saga::{Call, Definition, Effect, Instance, Learned, Outcome, Reading, Report, Step};
use crate::store::Records;

/// Reversals, at these neighbours.
#[derive(Debug)]
pub struct Reversal {
    neighbours: Arc<Neighbours>,
}

impl Reversal {
    /// At these neighbours.
    pub fn new(neighbours: impl Into<Arc<Neighbours>>) -> Self {
        Self { neighbours: neighbours.into() }
    }
}

impl Kind for Reversal {
    fn definitions(&self) -> &'static [&'static Definition] {
        DEFINITIONS
    }

    fn read<'a>(
        &'a self,
        saga: &'a Instance,
        step: Step,
        _context: CallContext<'a>,
    ) -> BoxFuture<'a, Reading> {
        let reports = vec![unknown(saga, Effect::of(step))];
        ready(Reading { reports, learned: Learned::Nothing }).boxed()
    }

    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report> {
        let Neighbours { product, payment, .. } = &*self.neighbours;
        let facts = ReversalFacts::of(saga);
        match (call.effect.step, facts.profile_id, facts.line(call.effect)) {
            (REFUND_PAYMENT, Some(profile_id), _) => {
                let amount = facts.refund();
                let (order_id, user_id) = (saga.order_id, saga.user_id);
                let charge = Charge { order_id, user_id, profile_id, amount };
                payment.refund(context, call, charge).boxed()
            }
            (RELEASE_STOCK, _, Some(line)) => product.release(context, call, line).boxed(),
            (_unknown, _, _) => ready(unknown(saga, call.effect)).boxed(),
        }
    }

    fn record(&self, saga: &Instance, context: Recording<'_>) -> Records {
        records(saga, ReversalFacts::of(saga), context)
    }
}

/// The report of what can't be done: it is tried again, and shown to operators.
fn unknown(saga: &Instance, effect: Effect) -> Report {
    let error = Some(format!("a reversal does not know how to do {effect}"));
    Report { error, ..Report::new(effect, Outcome::NotSent, saga.updated_at) }
}
