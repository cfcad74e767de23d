//! What a decision costs, and what encoding its record costs: the part of a checkout that is neither
//! network nor database.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use order_service::checkout::DEFINITION;
use order_service::order::{Line, OrderId, Paise, ProductId, ProfileId, UserId};
use order_service::saga::machine::next;
use order_service::saga::retry::Backoff;
use order_service::saga::{
    Call, Context, Instance, Kinds, Learned, Next, Outcome, Policy, Position, Reading, Report,
    State, Step, settle,
};
use order_service::store::{Base, Write, encode};
use serde_json::json;
use uuid::Uuid;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const EXECUTOR: &str = "host:1";
const OWNER: Uuid = Uuid::from_u128(9);

fn policy() -> Policy {
    Policy {
        kinds: Kinds::IDEMPOTENT,
        product_key_memory: Duration::from_hours(24),
        payment_key_memory: Duration::from_hours(24),
        product_timeout: Duration::from_secs(30),
        payment_timeout: Duration::from_secs(30),
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

/// A saga that was just accepted: a cart with two lines.
fn started() -> Instance {
    let line =
        |product, quantity| Line { product_id: ProductId(Uuid::from_u128(product)), quantity };
    let context = Context::accepted(vec![line(7, 1), line(8, 2)], Kinds::IDEMPOTENT);
    Instance {
        id: OrderId(Uuid::from_u128(1)),
        definition: &DEFINITION,
        user_id: UserId(Uuid::from_u128(2)),
        state: DEFINITION.starts,
        stuck: None,
        held: None,
        position: Position::new(&DEFINITION, &context, NOW),
        context,
        attempts: 0,
        next_attempt_at: None,
        failing_since: None,
        last_error: None,
        deadline_at: NOW + Duration::from_mins(2),
        owner: Some(OWNER),
        fence: 1,
        revision: 0,
        created_at: NOW,
        updated_at: NOW,
        trace_parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        next_seq: 1,
        taken_over: false,
        unsaved: Vec::new(),
    }
}

fn done(step: Step, line: Option<u16>) -> Report {
    Report {
        step,
        line,
        outcome: Outcome::Done,
        started_at: NOW,
        duration_ms: 1,
        status: Some(200),
        request: Some(json!({"quantity": 1})),
        response: Some(json!({"id": Uuid::from_u128(7), "remaining": 1_000})),
        error: None,
        retry_after_ms: None,
    }
}

fn read() -> Reading {
    let reports = vec![
        done(Step::FetchProfile, None),
        done(Step::PriceCart, Some(0)),
        done(Step::PriceCart, Some(1)),
    ];
    let unit_prices = vec![Paise(100), Paise(200)];
    let learned = Learned::Prices { profile_id: ProfileId(Uuid::from_u128(3)), unit_prices };
    Reading { reports, learned }
}

/// Drives a checkout that succeeds to this state, as `engine/drive.rs` does.
fn driven(mut saga: Instance, policy: &Policy, to: State) -> Instance {
    let answer = |call: &Call| done(call.effect.step, call.effect.line);
    while saga.state != to {
        match next(&saga, policy, NOW) {
            Next::Read => settle::learn(&mut saga, read(), EXECUTOR, policy, NOW, 0.5),
            Next::Call(calls) => {
                for call in &calls {
                    settle::record(&mut saga, call, &answer(call), EXECUTOR);
                }
                settle::schedule(&mut saga, &[], policy, NOW, 0.5);
            }
            Next::Enter(state, cause) => saga.enter(state, cause),
            Next::Pause { .. } | Next::Rest => unreachable!("everything goes well"),
        }
    }
    saga
}

fn decisions(criterion: &mut Criterion) {
    let policy = policy();
    let priced = driven(started(), &policy, State::Priced);
    criterion.bench_function("next: the charge of a priced saga", |bencher| {
        bencher.iter(|| next(black_box(&priced), &policy, NOW));
    });
    let paid = driven(started(), &policy, State::Paid);
    criterion.bench_function("next: the reservations of a paid saga", |bencher| {
        bencher.iter(|| next(black_box(&paid), &policy, NOW));
    });
    criterion.bench_function("next and settle: a whole checkout", |bencher| {
        let whole = |saga| driven(saga, &policy, State::Completed);
        bencher.iter_batched(started, whole, BatchSize::SmallInput);
    });
}

/// The write of a whole checkout that was not written before: its row and its complete log.
fn records(criterion: &mut Criterion) {
    let mut saga = driven(started(), &policy(), State::Completed);
    let entries = std::mem::take(&mut saga.unsaved);
    let base = Base::Owned { owner: OWNER, fence: 1, revision: 0 };
    let write = Write { base, saga, entries, order: None };
    for sagas in [1, 64] {
        let writes = vec![write.clone(); sagas];
        let named = format!("encode: {sagas} x a row and 7 entries");
        criterion.bench_function(&named, |bencher| bencher.iter(|| encode(black_box(&writes))));
    }
}

criterion_group!(pure, decisions, records);
criterion_main!(pure);
