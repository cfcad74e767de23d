//! Every table of the checkout beside the code that carries it out: a step that is in a table and nowhere
//! else is found here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::DateTime;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use uuid::Uuid;

use super::record::records;
use super::step::{FETCH_PROFILE, PRICE_CART};
use super::{Checkout, CheckoutFacts, DEFINITION, DEFINITIONS};
use crate::clock::Clock;
use crate::engine::{Kind as _, Recording};
use crate::neighbours::{
    BreakerLimits, CallContext, Neighbours, Request, Response, Transport, TransportError,
};
use crate::order::{Line, OrderId, OrderStatus, Paise, ProductId, ProfileId, UserId};
use crate::saga::retry::Backoff;
use crate::saga::{
    Action, Call, CancelRequest, Definition, Effect, End, Facts as _, How, Instance, Outcome, Per,
    Phase, Policy, Position, Progress, SagaFacts, SagaId, Sort, Step, Terms, Work,
};
use crate::trace::TraceParent;

/// The way to neighbours that nobody answers at; counts the requests.
#[derive(Debug, Default)]
struct Nowhere(AtomicUsize);

impl Transport for Nowhere {
    fn send<'a>(
        &'a self,
        _request: &'a Request<'a>,
    ) -> BoxFuture<'a, Result<Response, TransportError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let message = "nobody is there".to_owned();
        ready(Err(TransportError { outcome: Outcome::NotSent, message })).boxed()
    }
}

/// Two lines, with all that can be known of them.
fn priced() -> CheckoutFacts {
    let line = |id| Line { product_id: ProductId(Uuid::from_u128(id)), quantity: 2 };
    CheckoutFacts {
        profile_id: Some(ProfileId(Uuid::from_u128(3))),
        unit_prices: Some(vec![Paise(10), Paise(20)]),
        ..CheckoutFacts::of_lines(vec![line(1), line(2)])
    }
}

fn saga(definition: &'static Definition, facts: CheckoutFacts) -> Instance {
    let (facts, terms, start) = (SagaFacts::new(facts), Terms::default(), DateTime::UNIX_EPOCH);
    Instance {
        id: SagaId(Uuid::from_u128(1)),
        order_id: OrderId(Uuid::from_u128(1)),
        user_id: UserId(Uuid::from_u128(2)),
        definition,
        progress: Progress::Forward { done: 0 },
        stuck: None,
        held: None,
        cancel_request: None,
        position: Position::new(definition, &facts, &terms.promises, start),
        terms,
        cause: None,
        facts,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: start,
        owner: None,
        fence: 1,
        revision: 1,
        version: 1,
        created_at: start,
        updated_at: start,
        trace_parent: String::new(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}

fn call(effect: Effect) -> Call {
    Call {
        effect,
        phase: Phase::Forward,
        key: "a key".to_owned(),
        generation: 0,
        attempt: 1,
        how: How::Send,
        unsure_before: false,
        repeat_before: None,
        deadline: None,
        intent_first: false,
    }
}

/// Has a checkout do something at neighbours that don't answer. How many requests it makes.
async fn requests(act: impl AsyncFnOnce(&Checkout, CallContext<'_>)) -> usize {
    let nowhere = Arc::new(Nowhere::default());
    let limits = BreakerLimits { failures: 100, pause: Duration::from_secs(1), retries: 100 };
    let way = || -> Arc<dyn Transport> { nowhere.clone() };
    let neighbours = Neighbours::over([way(), way(), way()], 10, limits, &Clock::system());
    let trace = TraceParent::fresh();
    let context = CallContext { trace: &trace, may_send: &|| true, attempt: 1 };
    act(&Checkout::new(neighbours), context).await;
    nowhere.0.load(Ordering::Relaxed)
}

fn reads(definition: &Definition) -> Vec<(usize, Step)> {
    let stages = definition.stages.iter().enumerate();
    let read = |(at, work): (usize, &Work)| match work {
        Work::Read { step, .. } => Some((at, *step)),
        Work::Effects(_) | Work::Record(_) => None,
    };
    stages.filter_map(|(at, stage)| read((at, &stage.work))).collect()
}

#[test]
fn the_tables_have_no_faults() {
    for definition in DEFINITIONS {
        assert_eq!(definition.faults(), Vec::<String>::new());
    }
}

/// Sagas are under way by it. A change is another version, beside it.
#[test]
fn the_first_table_is_as_it_was_released() {
    let first = DEFINITIONS.iter().find(|definition| definition.version == 1);
    let first = first.expect("checkouts of the first version can be carried on");
    let told = |work: &Work| match work {
        Work::Read { step, from } => format!("{step} from {from}"),
        Work::Effects(actions) => {
            let action = |action: &Action| match action.sort {
                Sort::Compensable { undo } => format!("{} or {undo} at {}", action.step, action.at),
                Sort::Pivot | Sort::Retriable => format!("{} at {}", action.step, action.at),
            };
            actions.iter().map(action).collect::<Vec<_>>().join(", ")
        }
        Work::Record(step) => step.to_string(),
    };
    let stages = first.stages.iter();
    let stages: Vec<_> = stages.map(|stage| (told(&stage.work), stage.reaches)).collect();
    let expected = [
        ("fetch_profile from user", "ProfileFetched"),
        ("price_cart from product", "Priced"),
        ("charge_payment or refund_payment at payment", "Paid"),
        ("reserve_stock or release_stock at product", "Reserved"),
        ("confirm_order", "Completed"),
    ];
    assert_eq!(stages, expected.map(|(work, reaches)| (work.to_owned(), reaches)));
}

#[test]
fn every_effect_of_the_tables_is_there_once_the_cart_is_priced() {
    for (_, action) in DEFINITIONS.iter().flat_map(|definition| definition.actions()) {
        let facts = priced();
        let width = match action.per {
            Per::Saga => 1,
            Per::Line => facts.lines.len(),
        };
        assert_eq!(facts.width(action.step), width, "CheckoutFacts::width of {}", action.step);
    }
}

#[tokio::test]
async fn every_effect_of_the_tables_is_sent_and_undone() {
    for definition in DEFINITIONS {
        let saga = saga(definition, priced());
        for (_, action) in definition.actions() {
            for step in [Some(action.step), action.undo()].into_iter().flatten() {
                let effect = match action.per {
                    Per::Saga => Effect::of(step),
                    Per::Line => Effect::of_line(step, 1),
                };
                let sent = requests(async |checkout, context| {
                    checkout.call(&saga, &call(effect), context).await;
                });
                assert!(sent.await > 0, "Checkout::call does not send {effect}");
            }
        }
    }
}

#[tokio::test]
async fn every_read_of_the_tables_is_made() {
    for definition in DEFINITIONS {
        for (_, step) in reads(definition) {
            let saga = saga(definition, CheckoutFacts::of_lines(priced().lines));
            let sent = requests(async |checkout, context| {
                let reading = checkout.read(&saga, step, context).await;
                let is_of_it = reading.reports.iter().any(|report| report.effect.step == step);
                assert!(is_of_it, "Checkout::read reads something else than {step}");
            });
            assert!(sent.await > 0, "Checkout::read does not read {step}");
        }
    }
}

/// They are read side by side, and both count as done at once.
#[test]
fn nothing_stands_between_the_profile_and_the_prices() {
    for definition in DEFINITIONS {
        let reads = reads(definition);
        let at = |step| reads.iter().find(|read| read.1 == step).map(|read| read.0);
        let (profile, prices) = (at(FETCH_PROFILE), at(PRICE_CART));
        assert_eq!(profile.map(|at| at + 1), prices, "version {}", definition.version);
    }
}

/// The statuses that the events of a completed checkout tell, with this cancel.
fn told(is_told: Option<bool>) -> Vec<Option<OrderStatus>> {
    let backoff =
        Backoff { initial: Duration::ZERO, max: Duration::ZERO, multiplier: 1.0, jitter: 0.0 };
    let policy = Policy {
        neighbours: Arc::default(),
        backoff,
        stuck_after: Duration::ZERO,
        deadline: Duration::ZERO,
        deadline_attended: Duration::ZERO,
    };
    let mut saga = saga(&DEFINITION, priced());
    saga.progress = Progress::Rest(End::Completed);
    saga.cancel_request = is_told.map(|is_told| CancelRequest {
        since: saga.created_at,
        who: None,
        reason: "customer".to_owned(),
        note: None,
        is_told,
    });
    let context = Recording { clock: &Clock::system(), policy: &policy };
    let facts = CheckoutFacts::of(&saga);
    records(&saga, facts, context).events.into_iter().map(|event| event.status).collect()
}

#[test]
fn no_event_tells_that_a_cancel_is_off() {
    let (confirmed, cancelling) = (Some(OrderStatus::Confirmed), Some(OrderStatus::Cancelling));
    assert_eq!(told(None), [confirmed]);
    assert_eq!(told(Some(false)), [confirmed, cancelling]);
    assert_eq!(told(Some(true)), [cancelling], "that it is being cancelled was told before");
}
