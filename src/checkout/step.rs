//! What the steps do: one function each.

use futures::FutureExt;
use futures::future::{BoxFuture, join, join_all};

use super::DEFINITION;
use crate::engine::Kind;
use crate::neighbours::{BreakerView, CallContext, Charge, Neighbours, Offer, ReadResult};
use crate::order::{OrderId, Paise, ProductId, ProfileId};
use crate::saga::{
    Call, Cause, Context, Definition, How, Instance, Learned, Outcome, Reading, Report, Step,
};

/// The checkout, at these neighbours.
#[derive(Debug)]
pub struct Checkout {
    neighbours: Neighbours,
}

impl Checkout {
    /// At these neighbours.
    pub fn new(neighbours: Neighbours) -> Self {
        Self { neighbours }
    }
}

impl Kind for Checkout {
    fn definition(&self) -> &'static Definition {
        &DEFINITION
    }

    fn read<'a>(&'a self, saga: &'a Instance, context: CallContext<'a>) -> BoxFuture<'a, Reading> {
        fetch_profile_and_prices(&self.neighbours, saga, context).boxed()
    }

    fn breakers(&self) -> Vec<BreakerView> {
        self.neighbours.breakers()
    }

    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report> {
        let (product, line) = (&self.neighbours.product, call.effect.line.unwrap_or(0));
        let line = saga.context.lines[usize::from(line)];
        match call.effect.step {
            Step::ChargePayment => charge_payment(&self.neighbours, saga, call, context).boxed(),
            Step::RefundPayment => refund_payment(&self.neighbours, saga, call, context).boxed(),
            Step::ReserveStock => product.reserve(context, call, line).boxed(),
            Step::ReleaseStock => product.release(context, call, line).boxed(),
            Step::FetchProfile
            | Step::PriceCart
            | Step::ConfirmOrder
            | Step::TakeOver
            | Step::Intervene => unreachable!("the table has no effect {}", call.effect.step),
        }
    }
}

/// The profile and the products are read side by side; each product once, however many lines it has.
async fn fetch_profile_and_prices(
    neighbours: &Neighbours,
    saga: &Instance,
    context: CallContext<'_>,
) -> Reading {
    let products = distinct_products(&saga.context);
    let offers = products
        .iter()
        .map(|(line, product)| neighbours.product.offer(context, saga.id, *line, *product));
    let (profile, offers) = if let Some(known) = saga.context.profile_id {
        ((None, ReadResult::Value(known)), join_all(offers).await)
    } else {
        let profile = neighbours.user.profile(context, saga.id, saga.user_id);
        let ((report, profile), offers) = join(profile, join_all(offers)).await;
        ((Some(report), profile), offers)
    };
    let (profile_report, profile) = profile;
    let (offer_reports, offers): (Vec<_>, Vec<_>) = offers.into_iter().unzip();
    let found: Vec<_> = products.into_iter().map(|(_, product)| product).zip(offers).collect();
    let learned = learn(&saga.context, profile, profile_report.as_ref(), &found, &offer_reports);
    let reports = profile_report.into_iter().chain(offer_reports).collect();
    Reading { reports, learned }
}

fn distinct_products(context: &Context) -> Vec<(u16, ProductId)> {
    let mut distinct: Vec<(u16, ProductId)> = Vec::new();
    for (line, at) in context.lines.iter().zip(0..) {
        if distinct.iter().all(|(_, known)| *known != line.product_id) {
            distinct.push((at, line.product_id));
        }
    }
    distinct
}

/// Errors are looked for in one order (promise 36): the profile, then the lines in cart order; what
/// stands behind one that is not known yet has to wait for it.
fn learn(
    context: &Context,
    profile: ReadResult<ProfileId>,
    profile_report: Option<&Report>,
    offers: &[(ProductId, ReadResult<Offer>)],
    offer_reports: &[Report],
) -> Learned {
    let profile_id = match profile {
        ReadResult::Value(profile_id) => profile_id,
        ReadResult::Missing => {
            return Learned::Hopeless(missing(Step::FetchProfile, None, profile_report));
        }
        ReadResult::Malformed(detail) => {
            return Learned::Hopeless(Cause::Fault { step: Step::FetchProfile, detail });
        }
        ReadResult::NoAnswer => return Learned::Nothing,
    };
    let mut unit_prices = Vec::with_capacity(context.lines.len());
    for (line, at) in context.lines.iter().zip(0_u16..) {
        let Some(of) = offers.iter().position(|(product, _)| *product == line.product_id) else {
            return Learned::Profile(profile_id);
        };
        match &offers[of].1 {
            ReadResult::Value(offer) => {
                if offer.stock < wanted(context, line.product_id) {
                    let available = offer.stock;
                    return Learned::Hopeless(Cause::InsufficientStock { line: at, available });
                }
                unit_prices.push(offer.price);
            }
            ReadResult::Missing => {
                let cause = missing(Step::PriceCart, Some(at), offer_reports.get(of));
                return Learned::Hopeless(cause);
            }
            ReadResult::Malformed(detail) => {
                let detail = detail.clone();
                return Learned::Hopeless(Cause::Fault { step: Step::PriceCart, detail });
            }
            ReadResult::NoAnswer => return Learned::Profile(profile_id),
        }
    }
    match crate::order::total(&context.lines, &unit_prices) {
        None => {
            let detail = "the total does not fit 64 bits".to_owned();
            Learned::Hopeless(Cause::Fault { step: Step::PriceCart, detail })
        }
        Some(total) if context.expected_total.is_some_and(|expected| expected != total) => {
            Learned::Hopeless(Cause::PriceChanged { total })
        }
        Some(_as_expected) => Learned::Prices { profile_id, unit_prices },
    }
}

/// Lines of one product are added up; 100 lines of a million pieces fit.
fn wanted(context: &Context, product: ProductId) -> i64 {
    let lines = context.lines.iter().filter(|line| line.product_id == product);
    lines.map(|line| i64::from(line.quantity)).sum()
}

fn missing(step: Step, line: Option<u16>, report: Option<&Report>) -> Cause {
    let status = report.and_then(|report| report.status);
    Cause::Refused { step, line, status, body: report.and_then(|report| report.response.clone()) }
}

/// Charges, and where the charge may have happened before, believes a refusal only if the payment
/// service has nothing recorded (promise 14). At a payment service that is not idempotent, an unknown
/// outcome is looked up at once (promise 12).
async fn charge_payment(
    neighbours: &Neighbours,
    saga: &Instance,
    call: &Call,
    context: CallContext<'_>,
) -> Report {
    let (payment, charge) = (&neighbours.payment, charge(saga.id, saga));
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

async fn refund_payment(
    neighbours: &Neighbours,
    saga: &Instance,
    call: &Call,
    context: CallContext<'_>,
) -> Report {
    neighbours.payment.refund(context, call, charge(saga.id, saga)).await
}

fn charge(order_id: OrderId, saga: &Instance) -> Charge {
    Charge {
        order_id,
        user_id: saga.user_id,
        // Both are known from `Priced` on, and nothing is charged before.
        profile_id: saga.context.profile_id.expect("a priced saga has its payer"),
        amount: saga.total().unwrap_or(Paise(0)),
    }
}
