//! What each step of the checkout does.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, join, join_all, ready};

use super::DEFINITIONS;
use super::facts::CheckoutFacts;
use super::reading::{done_with, fault, missing, nothing_to_do};
use super::reason::Reason;
use super::record::records;
use super::step::{
    CHARGE_PAYMENT, FETCH_PROFILE, PRICE_CART, REFUND_PAYMENT, RELEASE_STOCK, RESERVE_STOCK,
};
use crate::engine::{Kind, Recording};
use crate::neighbours::{BreakerView, CallContext, Charge, Neighbours, Offer, Payment, ReadResult};
use crate::order::{Paise, ProductId, ProfileId};
use crate::saga::{
    Call, Cause, Definition, Effect, How, Instance, Learned, Outcome, Reading, Report, SagaFacts,
    Step,
};
use crate::store::Records;

/// The checkout, at these neighbours.
#[derive(Debug)]
pub struct Checkout {
    neighbours: Arc<Neighbours>,
}

impl Checkout {
    /// At these neighbours.
    pub fn new(neighbours: impl Into<Arc<Neighbours>>) -> Self {
        Self { neighbours: neighbours.into() }
    }
}

impl Kind for Checkout {
    fn definitions(&self) -> &'static [&'static Definition] {
        DEFINITIONS
    }

    /// Who pays and what it costs are asked side by side: whichever of the two steps is next, what is
    /// not known yet of both is read.
    fn read<'a>(
        &'a self,
        saga: &'a Instance,
        step: Step,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Reading> {
        match step {
            FETCH_PROFILE | PRICE_CART => {
                fetch_profile_and_prices(&self.neighbours, saga, context).boxed()
            }
            unknown => {
                let reports = vec![nothing_to_do(saga, Effect::of(unknown))];
                ready(Reading { reports, learned: Learned::Nothing }).boxed()
            }
        }
    }

    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report> {
        let Neighbours { product, payment, .. } = &*self.neighbours;
        let facts = CheckoutFacts::of(saga);
        match (call.effect.step, facts.line(call.effect)) {
            (CHARGE_PAYMENT, _) => charge_payment(payment, saga, call, context).boxed(),
            (REFUND_PAYMENT, _) => payment.refund(context, call, charge(saga)).boxed(),
            (RESERVE_STOCK, Some(line)) => product.reserve(context, call, line).boxed(),
            (RELEASE_STOCK, Some(line)) => product.release(context, call, line).boxed(),
            (_unknown, _) => ready(nothing_to_do(saga, call.effect)).boxed(),
        }
    }

    fn record(&self, saga: &Instance, context: Recording<'_>) -> Records {
        records(saga, CheckoutFacts::of(saga), context)
    }

    fn breakers(&self) -> Vec<BreakerView> {
        self.neighbours.breakers()
    }
}

/// The profile and the products are read side by side; each product once, however many lines it has.
async fn fetch_profile_and_prices(
    neighbours: &Neighbours,
    saga: &Instance,
    context: CallContext<'_>,
) -> Reading {
    let facts = CheckoutFacts::of(saga);
    let products = distinct_products(facts);
    let offers = products.iter().map(|(line, product)| {
        let effect = Effect::of_line(PRICE_CART, *line);
        let key = saga.key(effect, 0);
        neighbours.product.offer(context, effect, key, *product)
    });
    let (profile, offers) = if let Some(known) = facts.profile_id {
        ((None, ReadResult::Value(known)), join_all(offers).await)
    } else {
        let effect = Effect::of(FETCH_PROFILE);
        let key = saga.key(effect, 0);
        let profile = neighbours.user.profile(context, effect, key, saga.user_id);
        let ((report, profile), offers) = join(profile, join_all(offers)).await;
        ((Some(report), profile), offers)
    };
    let (profile_report, profile) = profile;
    let (offer_reports, offers): (Vec<_>, Vec<_>) = offers.into_iter().unzip();
    let found: Vec<_> = products.into_iter().map(|(_, product)| product).zip(offers).collect();
    let learned = learn(saga, profile, profile_report.as_ref(), &found, &offer_reports);
    let reports = profile_report.into_iter().chain(offer_reports).collect();
    Reading { reports, learned: learned.unwrap_or_else(Learned::Hopeless) }
}

fn distinct_products(facts: &CheckoutFacts) -> Vec<(u16, ProductId)> {
    let mut distinct: Vec<(u16, ProductId)> = Vec::new();
    for (line, at) in facts.lines.iter().zip(0..) {
        if distinct.iter().all(|(_, known)| *known != line.product_id) {
            distinct.push((at, line.product_id));
        }
    }
    distinct
}

/// Faults are looked for in the order in which clients are told of them: the profile, then the lines
/// in the cart's order. What stands behind a line that is not known yet has to wait for it.
fn learn(
    saga: &Instance,
    profile: ReadResult<ProfileId>,
    profile_report: Option<&Report>,
    offers: &[(ProductId, ReadResult<Offer>)],
    offer_reports: &[Report],
) -> Result<Learned, Cause> {
    let facts = CheckoutFacts::of(saga);
    let profile_id = match profile {
        ReadResult::Value(profile_id) => profile_id,
        ReadResult::Missing => return Err(missing(Effect::of(FETCH_PROFILE), profile_report)),
        ReadResult::Malformed(detail) => return Err(fault(FETCH_PROFILE, detail)),
        ReadResult::NoAnswer => return Ok(Learned::Nothing),
    };
    let known = CheckoutFacts { profile_id: Some(profile_id), ..facts.clone() };
    let mut unit_prices = Vec::with_capacity(facts.lines.len());
    for (line, at) in facts.lines.iter().zip(0_u16..) {
        let of = offers.iter().position(|(product, _)| *product == line.product_id);
        match of.map(|of| (&offers[of].1, offer_reports.get(of))) {
            Some((ReadResult::Value(offer), _)) => {
                if offer.stock < wanted(facts, line.product_id) {
                    let available = offer.stock;
                    return Err(Reason::InsufficientStock { line: at, available }.cause());
                }
                unit_prices.push(offer.price);
            }
            Some((ReadResult::Missing, report)) => {
                return Err(missing(Effect::of_line(PRICE_CART, at), report));
            }
            Some((ReadResult::Malformed(detail), _)) => {
                return Err(fault(PRICE_CART, detail.clone()));
            }
            Some((ReadResult::NoAnswer, _)) | None => {
                let done = done_with(saga, FETCH_PROFILE);
                return Ok(Learned::Facts { done, facts: SagaFacts::new(known) });
            }
        }
    }
    let known = CheckoutFacts { unit_prices: Some(unit_prices), ..known };
    match known.total() {
        None => Err(fault(PRICE_CART, "the total does not fit 64 bits".to_owned())),
        Some(total) if known.expected_total.is_some_and(|expected| expected != total) => {
            Err(Reason::PriceChanged { total }.cause())
        }
        Some(_as_expected) => {
            let done = done_with(saga, PRICE_CART);
            Ok(Learned::Facts { done, facts: SagaFacts::new(known) })
        }
    }
}

/// Lines of one product are added up; 100 lines of a million pieces fit.
fn wanted(facts: &CheckoutFacts, product: ProductId) -> i64 {
    let lines = facts.lines.iter().filter(|line| line.product_id == product);
    lines.map(|line| i64::from(line.quantity)).sum()
}

/// Charges. Where the charge may have happened before, a refusal is believed only if the payment
/// service has nothing recorded. At a payment service that is not idempotent, an unknown outcome is
/// looked up at once.
async fn charge_payment(
    payment: &Payment,
    saga: &Instance,
    call: &Call,
    context: CallContext<'_>,
) -> Report {
    let charge = charge(saga);
    if call.is_first_look() {
        return first_look(payment.look_up(context, call, charge).await);
    }
    if call.how == How::LookUp {
        return only_if_done(payment.look_up(context, call, charge).await);
    }
    let report = payment.process(context, call, charge).await;
    match report.outcome {
        Outcome::Refused if call.unsure_before => {
            let looked = payment.look_up(context, call, charge).await;
            match looked.outcome {
                Outcome::Done => looked,
                Outcome::Refused => report,
                Outcome::NotSent | Outcome::Unknown => only_if_done(looked),
            }
        }
        Outcome::Unknown if call.intent_first => {
            let looked = payment.look_up(context, call, charge).await;
            if looked.outcome == Outcome::Done { looked } else { report }
        }
        Outcome::Done | Outcome::Refused | Outcome::NotSent | Outcome::Unknown => report,
    }
}

/// A look-up settles nothing but that it happened.
fn only_if_done(looked: Report) -> Report {
    match looked.outcome {
        Outcome::Done => looked,
        Outcome::Refused | Outcome::NotSent | Outcome::Unknown => {
            let error = looked.error.unwrap_or_else(|| "it is not recorded as paid".to_owned());
            let error = Some(format!("looked it up: {error}"));
            Report { outcome: Outcome::Unknown, error, ..looked }
        }
    }
}

/// Before the first charge of an old saga: nothing recorded is an answer, too.
fn first_look(looked: Report) -> Report {
    if looked.outcome == Outcome::Refused && looked.status == Some(404) {
        let error = Some("looked it up before charging: nothing is recorded".to_owned());
        return Report { error, ..looked };
    }
    only_if_done(looked)
}

fn charge(saga: &Instance) -> Charge {
    let facts = CheckoutFacts::of(saga);
    Charge {
        order_id: saga.order_id,
        user_id: saga.user_id,
        // Both are known once the cart is priced, and nothing is charged before.
        profile_id: facts.profile_id.expect("a priced checkout has its payer"),
        amount: facts.total().unwrap_or(Paise(0)),
    }
}
