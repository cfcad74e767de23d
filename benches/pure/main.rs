//! What a decision costs, and what encoding its record costs: the part of a checkout that is neither
//! network nor database.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use order_service::checkout::step::{FETCH_PROFILE, PRICE_CART};
use order_service::checkout::{CheckoutFacts, DEFINITION};
use order_service::neighbours::{PAYMENT, PRODUCT};
use order_service::order::{Line, OrderId, Paise, ProductId, ProfileId, UserId};
use order_service::saga::machine::next;
use order_service::saga::retry::Backoff;
use order_service::saga::{
    Call, Effect, End, Instance, Learned, Manners, Next, Outcome, Policy, Position, Progress,
    Reading, Report, SagaFacts, SagaId, Terms, settle,
};
use order_service::store::{Base, Records, Write, encode};
use serde_json::json;
use uuid::Uuid;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const EXECUTOR: &str = "host:1";
const OWNER: Uuid = Uuid::from_u128(9);

fn policy() -> Policy {
    let (key_memory, timeout) = (Duration::from_hours(24), Duration::from_secs(30));
    let manners = Manners { idempotent: true, key_memory, timeout };
    Policy {
        neighbours: Arc::new([(PRODUCT, manners), (PAYMENT, manners)].into()),
        backoff: Backoff {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(30),
            multiplier: 2.0,
            jitter: 0.5,
        },
        stuck_after: Duration::from_mins(1),
        deadline: Duration::from_mins(2),
        deadline_attended: Duration::from_secs(15),
    }
}

fn facts() -> CheckoutFacts {
    let line =
        |product, quantity| Line { product_id: ProductId(Uuid::from_u128(product)), quantity };
    CheckoutFacts::of_lines(vec![line(7, 1), line(8, 2)])
}

/// A saga that was just accepted: a cart with two lines.
fn started() -> Instance {
    let facts = SagaFacts::new(facts());
    let terms = Terms { promises: policy().promises(), ..Terms::default() };
    Instance {
        id: SagaId(Uuid::from_u128(1)),
        order_id: OrderId(Uuid::from_u128(1)),
        user_id: UserId(Uuid::from_u128(2)),
        definition: &DEFINITION,
        progress: Progress::START,
        stuck: None,
        held: None,
        cancel_request: None,
        position: Position::new(&DEFINITION, &facts, &terms.promises, NOW),
        terms,
        cause: None,
        facts,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: NOW + Duration::from_mins(2),
        owner: Some(OWNER),
        fence: 1,
        revision: 0,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
        trace_parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}

fn done(effect: Effect) -> Report {
    Report {
        duration_ms: 1,
        status: Some(200),
        request: Some(json!({"quantity": 1})),
        response: Some(json!({"id": Uuid::from_u128(7), "remaining": 1_000})),
        ..Report::new(effect, Outcome::Done, NOW)
    }
}

fn read() -> Reading {
    let read =
        [Effect::of(FETCH_PROFILE), Effect::of_line(PRICE_CART, 0), Effect::of_line(PRICE_CART, 1)];
    let known = CheckoutFacts {
        profile_id: Some(ProfileId(Uuid::from_u128(3))),
        unit_prices: Some(vec![Paise(100), Paise(200)]),
        ..facts()
    };
    let learned = Learned::Facts { done: 2, facts: SagaFacts::new(known) };
    Reading { reports: read.map(done).to_vec(), learned }
}

const PRICED: Progress = Progress::Forward { done: 2 };
const PAID: Progress = Progress::Forward { done: 3 };
const COMPLETED: Progress = Progress::Rest(End::Completed);

/// Drives a checkout that succeeds to this state, as `engine/drive.rs` does.
fn driven(mut saga: Instance, policy: &Policy, to: Progress) -> Instance {
    let answer = |call: &Call| done(call.effect);
    while saga.progress != to {
        match next(&saga, policy, NOW) {
            Next::Read(_) => settle::learn(&mut saga, read(), EXECUTOR, policy, NOW, 0.5),
            Next::Call(calls) => {
                for call in &calls {
                    settle::record(&mut saga, call, &answer(call), EXECUTOR);
                }
                settle::schedule(&mut saga, &[], policy, NOW, 0.5);
            }
            Next::Enter(progress, cause) => saga.enter(progress, cause),
            Next::Pause { .. } | Next::Rest => unreachable!("everything goes well"),
        }
    }
    saga
}

fn decisions(criterion: &mut Criterion) {
    let policy = policy();
    let priced = driven(started(), &policy, PRICED);
    criterion.bench_function("next: the charge of a priced saga", |bencher| {
        bencher.iter(|| next(black_box(&priced), &policy, NOW));
    });
    let paid = driven(started(), &policy, PAID);
    criterion.bench_function("next: the reservations of a paid saga", |bencher| {
        bencher.iter(|| next(black_box(&paid), &policy, NOW));
    });
    criterion.bench_function("next and settle: a whole checkout", |bencher| {
        let whole = |saga| driven(saga, &policy, COMPLETED);
        bencher.iter_batched(started, whole, BatchSize::SmallInput);
    });
}

/// The write of a whole checkout that was not written before: its row and its complete log.
fn records(criterion: &mut Criterion) {
    let mut saga = driven(started(), &policy(), COMPLETED);
    let entries = std::mem::take(&mut saga.unsaved);
    let base = Base::Owned { owner: OWNER, fence: 1, revision: 0 };
    let write = Write { base, saga, entries, records: Records::default() };
    for sagas in [1, 64] {
        let writes = vec![write.clone(); sagas];
        let named = format!("encode: {sagas} x a row and 7 entries");
        criterion.bench_function(&named, |bencher| bencher.iter(|| encode(black_box(&writes))));
    }
}

criterion_group!(pure, decisions, records);
criterion_main!(pure);
