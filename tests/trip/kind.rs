//! What each step of the trip does, over the transport that every neighbour is called by.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use order_service::clock::Clock;
use order_service::engine::{Kind, Recording};
use order_service::neighbours::{CallContext, Request, Response, Transport};
use order_service::order::{Confirmed, Fact, Item, OrderStatus, Paise};
use order_service::saga::{
    Call, Cause, Definition, Effect, Facts, How, Instance, Learned, Neighbour, Outcome, Progress,
    Reading, Report, SagaFacts, Step,
};
use order_service::store::{NewEvent, NewOrder, Records};
use reqwest::Method;
use serde_json::{Value, json};

use super::DEFINITIONS;
use super::facts::TripFacts;
use super::step::{
    ASK_BORDER, ASK_FARES, BANK, BORDER, FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, LOOK_UP, TAKE_FARE,
    TIMETABLE,
};

/// The trip, at the neighbours that this transport leads to.
#[derive(Debug)]
pub struct Trip {
    transport: Arc<dyn Transport>,
    clock: Clock,
}

/// A request to be: its path says who is asked for what.
struct Wanted<'a> {
    effect: Effect,
    path: String,
    key: &'a str,
    body: Option<Value>,
}

impl Trip {
    pub fn new(transport: Arc<dyn Transport>, clock: Clock) -> Self {
        Self { transport, clock }
    }

    /// Makes a request, and says what came of it.
    async fn send(&self, context: CallContext<'_>, wanted: Wanted<'_>) -> Report {
        let started_at = self.clock.now();
        let Wanted { effect, path, key, body } = wanted;
        let member = match (&body, effect.step) {
            (Some(_), _) => "did",
            (None, ASK_FARES) => "fare",
            (None, ASK_BORDER) => "clearance",
            (None, _looked_up) => "taken",
        };
        let report = Report::new(effect, Outcome::NotSent, started_at);
        if !(context.may_send)() {
            let error = Some("not sent: no longer ours to send".to_owned());
            return Report { error, ..report };
        }
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let trace = context.trace;
        let request = Request { method, path, key, body, trace, needs_fresh_connection: false };
        let sent = self.transport.send(&request).await;
        let duration_ms = (self.clock.now() - started_at).num_milliseconds();
        let report = Report { duration_ms, request: request.body, ..report };
        match sent {
            Ok(response) => judged(report, &response, member),
            Err(error) => Report { outcome: error.outcome, error: Some(error.message), ..report },
        }
    }

    /// Asks for one number, on behalf of the saga or of one of its lines.
    async fn ask(
        &self,
        saga: &Instance,
        effect: Effect,
        of: (Neighbour, String),
        context: CallContext<'_>,
    ) -> Report {
        let (at, about) = of;
        let path = format!("/trip/{at}/{}/{about}", effect.step);
        let key = saga.key(effect, 0);
        self.send(context, Wanted { effect, path, key: &key, body: None }).await
    }

    async fn ask_fares(&self, saga: &Instance, context: CallContext<'_>) -> Reading {
        let facts = facts(saga);
        let asked = facts.legs.iter().zip(0_u16..).map(|(leg, at)| {
            let effect = Effect::of_line(ASK_FARES, at);
            self.ask(saga, effect, (TIMETABLE, leg.product_id.to_string()), context)
        });
        let reports = join_all(asked).await;
        let fare =
            |report: &Report| number(report, "fare").and_then(|fare| i64::try_from(fare).ok());
        let fares: Option<Vec<_>> = reports.iter().map(|it| fare(it).map(Paise)).collect();
        let known = TripFacts { fares, ..facts.clone() };
        let is_known = known.total().is_some();
        reading(saga, reports, is_known.then_some(known))
    }

    async fn ask_border(&self, saga: &Instance, context: CallContext<'_>) -> Reading {
        let of = (BORDER, saga.order_id.to_string());
        let report = self.ask(saga, Effect::of(ASK_BORDER), of, context).await;
        let clearance = number(&report, "clearance");
        let known = TripFacts { clearance, ..facts(saga).clone() };
        reading(saga, vec![report], clearance.is_some().then_some(known))
    }

    /// Asks the bank whether it has taken the fare.
    async fn look_up(&self, call: &Call, order: &str, context: CallContext<'_>) -> Report {
        let path = format!("/trip/{BANK}/{LOOK_UP}/{order}");
        self.send(context, Wanted { effect: call.effect, path, key: &call.key, body: None }).await
    }

    /// A look-up settles nothing but that the fare was taken; before the first attempt also that it
    /// was not.
    async fn look(&self, call: &Call, order: &str, context: CallContext<'_>) -> Report {
        let looked = self.look_up(call, order, context).await;
        if looked.outcome == Outcome::Done || call.is_first_look() {
            return looked;
        }
        let error = Some("looked it up: it is not recorded as taken".to_owned());
        Report { outcome: Outcome::Unknown, error, ..looked }
    }
}

impl Kind for Trip {
    fn definitions(&self) -> &'static [&'static Definition] {
        DEFINITIONS
    }

    /// Reads what this step reads, and nothing else.
    fn read<'a>(
        &'a self,
        saga: &'a Instance,
        step: Step,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Reading> {
        match step {
            ASK_FARES => self.ask_fares(saga, context).boxed(),
            ASK_BORDER => self.ask_border(saga, context).boxed(),
            other => panic!("a trip does not read {other}"),
        }
    }

    fn call<'a>(
        &'a self,
        saga: &'a Instance,
        call: &'a Call,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Report> {
        async move {
            let order = saga.order_id.to_string();
            if call.how == How::LookUp {
                return self.look(call, &order, context).await;
            }
            let step = call.effect.step;
            let at = saga.definition.neighbour(step).expect("a step of the table");
            let body = Some(body(saga, call.effect));
            let path = format!("/trip/{at}/{step}");
            let wanted = Wanted { effect: call.effect, path, key: &call.key, body };
            let report = self.send(context, wanted).await;
            // A refusal does not say what became of an earlier attempt.
            if step == TAKE_FARE && report.outcome == Outcome::Refused && call.unsure_before {
                let looked = self.look_up(call, &order, context).await;
                return match looked.outcome {
                    Outcome::Done => looked,
                    Outcome::Refused => report,
                    Outcome::NotSent | Outcome::Unknown => {
                        Report { outcome: Outcome::Unknown, ..looked }
                    }
                };
            }
            report
        }
        .boxed()
    }

    fn record(&self, saga: &Instance, context: Recording<'_>) -> Records {
        if !saga.progress.is_completed() {
            return Records::default();
        }
        let clock = context.clock;
        let facts = facts(saga);
        let items = facts.makes().unwrap_or_default();
        let total = facts.total().unwrap_or(Paise(0));
        let bought = items.iter().map(Item::from).collect();
        let fact = Confirmed { total_amount: total.0, items: bought };
        Records {
            order: Some(NewOrder {
                id: saga.order_id,
                user_id: saga.user_id,
                total,
                created_at: saga.created_at,
                confirmed_at: clock.now(),
                items: items.into_iter().map(|item| (clock.fresh_id(), item)).collect(),
                profile_id: None,
                status: OrderStatus::Confirmed,
                shipping_address: None,
            }),
            events: vec![NewEvent {
                status: Some(OrderStatus::Confirmed),
                ..NewEvent::of(saga, Fact::Confirmed(fact), clock)
            }],
            ..Records::default()
        }
    }
}

fn facts(saga: &Instance) -> &TripFacts {
    saga.facts.of().expect("the trip's table reads a trip's facts")
}

/// What an effect's request says. It has whatever was read, so that its neighbour sees whether that
/// was durable.
fn body(saga: &Instance, effect: Effect) -> Value {
    let facts = facts(saga);
    let leg = facts.leg(effect).map(|(leg, fare)| {
        json!({"line": effect.line, "leg": leg.product_id, "seats": leg.quantity, "fare": fare})
    });
    match effect.step {
        HOLD_SEAT | FREE_SEAT => json!({"seat": leg}),
        ISSUE_TICKET => json!({"seat": leg, "clearance": facts.clearance, "amount": facts.total()}),
        _for_the_whole_trip => json!({
            "orderId": saga.order_id,
            "legs": facts.legs.len(),
            "fares": facts.fares,
            "amount": facts.total(),
            "clearance": facts.clearance,
        }),
    }
}

/// The neighbours answer with a JSON object, which has an `error` where they refuse, and else this member.
fn judged(report: Report, response: &Response, member: &str) -> Report {
    let status = response.status;
    let has = |name: &str, body: &Value| body.get(name).is_some_and(|it| !it.is_null());
    let body = serde_json::from_slice(&response.body).ok().filter(Value::is_object);
    let outcome = match (status, &body) {
        (200, Some(body)) if has(member, body) => Outcome::Done,
        (404 | 409, Some(body)) if has("error", body) => Outcome::Refused,
        _unusable => Outcome::Unknown,
    };
    let error = (outcome != Outcome::Done).then(|| format!("answered {status}"));
    Report { outcome, status: Some(status), response: body, error, ..report }
}

fn number(report: &Report, name: &str) -> Option<u64> {
    let done = report.outcome == Outcome::Done;
    report.response.as_ref().filter(|_| done)?.get(name)?.as_u64()
}

/// One stage more is done where everything that was asked is known; a refusal ends the trip.
fn reading(saga: &Instance, reports: Vec<Report>, known: Option<TripFacts>) -> Reading {
    let refused = reports.iter().find(|report| report.outcome == Outcome::Refused);
    let learned = match (refused, known, saga.progress) {
        (Some(refused), _, _) => Learned::Hopeless(Cause::Refused {
            step: refused.effect.step.word().into(),
            line: refused.effect.line,
            status: refused.status,
            body: refused.response.clone(),
        }),
        (None, Some(known), Progress::Forward { done }) => {
            Learned::Facts { done: done + 1, facts: SagaFacts::new(known) }
        }
        (None, _, _) => Learned::Nothing,
    };
    Reading { reports, learned }
}
