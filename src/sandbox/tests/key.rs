//! Idempotency keys: an idempotent service acts once for a key, any other acts again.

use futures::future::join_all;
use serde_json::json;

use super::{
    super::{Call, Fault, FaultKind, Idempotency, Service, sample},
    client::rest,
    *,
};

#[tokio::test]
async fn a_repeated_key_gets_the_first_answer_and_acts_once() {
    let sandbox = sandbox().await;
    let ask = process(order(1), 100).key("k").header("traceparent", "00-a-b-01");
    let first = ask.send(&sandbox.payment_url()).await;
    process(order(2), 100).key("other").send(&sandbox.payment_url()).await;
    assert_eq!(ask.send(&sandbox.payment_url()).await, first);
    assert_eq!(wallet(&sandbox), 499_800);
    let ledger = sandbox.ledger();
    let expected = [RecordResult::Acted, RecordResult::Acted, RecordResult::Replayed];
    assert_eq!(results(&ledger), expected);
    let traced: Vec<bool> = ledger.records.iter().map(|record| record.traceparent).collect();
    assert_eq!(traced, [true, false, true]);
    assert_eq!(ledger.records[0].key.as_deref(), Some("k"));
    assert!(ledger.repeated.is_empty());
}

#[tokio::test]
async fn a_refusal_is_repeated_even_when_it_would_now_be_granted() {
    let sandbox = sandbox().await;
    let url = sandbox.product_url();
    let ask = reserve(sample::SAMOVAR, 1).key("k");
    let first = ask.send(&url).await;
    assert_eq!(first.status, 409);
    release(sample::SAMOVAR, 5).send(&url).await;
    assert_eq!(ask.send(&url).await, first);
    assert_eq!(stock(&sandbox, sample::SAMOVAR), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_that_arrive_together_act_once() {
    let sandbox = sandbox().await;
    let (ask, url) = (reserve(sample::TEA, 1).key("k"), sandbox.product_url());
    let answers = join_all((0..50).map(|_| ask.send(&url))).await;
    assert!(answers.iter().all(|answer| answer == &answers[0] && answer.status == 200));
    let ledger = sandbox.ledger();
    assert_eq!((ledger.totals.acted, ledger.totals.replayed), (1, 49));
    assert_eq!(stock(&sandbox, sample::TEA), 999);
}

#[tokio::test]
async fn one_key_at_two_services_is_two_effects() {
    let sandbox = sandbox().await;
    assert_eq!(reserve(sample::TEA, 1).key("k").send(&sandbox.product_url()).await.status, 200);
    assert_eq!(process(order(1), 1).key("k").send(&sandbox.payment_url()).await.status, 200);
    assert_eq!(sandbox.ledger().totals.acted, 2);
}

#[tokio::test]
async fn a_key_reused_for_another_effect_is_a_422_that_leaves_the_first_answer_alone() {
    let sandbox = sandbox().await;
    let url = sandbox.payment_url();
    let first = process(order(1), 100).key("k").send(&url).await;
    for other in [refund(order(1), 100), process(order(1), 101), process(order(2), 100)] {
        assert_eq!(other.key("k").send(&url).await.status, 422);
    }
    assert_eq!(process(order(1), 100).key("k").send(&url).await, first);
    assert_eq!(wallet(&sandbox), 499_900);
}

#[tokio::test]
async fn a_service_that_is_not_idempotent_acts_again_and_the_ledger_says_so() {
    let config = Config { idempotent: Idempotency::REPEATING, ..Config::on_free_ports() };
    let sandbox = Sandbox::start(config).await.unwrap();
    for _ in 0..3 {
        process(order(1), 100).key("k").send(&sandbox.payment_url()).await;
    }
    assert_eq!(wallet(&sandbox), 499_700);
    let ledger = sandbox.ledger();
    assert_eq!(results(&ledger), [RecordResult::Acted; 3]);
    let repeated = &ledger.repeated[0];
    assert_eq!((repeated.service, &*repeated.key, repeated.acts), (Service::Payment, "k", 3));
}

#[tokio::test]
async fn the_kind_can_be_changed_while_it_runs() {
    let sandbox = sandbox().await;
    let (ask, url) = (reserve(sample::TEA, 1).key("k"), sandbox.product_url());
    let kinds = Ask::new("PUT", "/_sandbox/kinds");
    kinds.clone().json(&json!({"product": false})).send(&url).await;
    ask.send(&url).await;
    ask.send(&url).await;
    assert_eq!(sandbox.ledger().totals.acted, 2);
    kinds.json(&json!({})).send(&url).await;
    ask.send(&url).await;
    assert_eq!(sandbox.ledger().totals.acted, 2);
}

#[tokio::test]
async fn a_repeat_waits_for_a_slow_first_and_gets_its_answer() {
    let sandbox = sandbox().await;
    let mut slow = Fault::once(Call::Reserve, FaultKind::Slow);
    slow.millis = Some(50);
    sandbox.inject(slow).unwrap();
    let (ask, url) = (reserve(sample::TEA, 1).key("k"), sandbox.product_url());
    let (one, two) = tokio::join!(ask.send(&url), ask.send(&url));
    assert_eq!(one, two);
    assert_eq!(results(&sandbox.ledger()), [RecordResult::Acted, RecordResult::Replayed]);
}

#[tokio::test]
async fn a_slow_service_acts_even_when_its_caller_has_hung_up() {
    let sandbox = sandbox().await;
    let mut slow = Fault::once(Call::Reserve, FaultKind::Slow);
    slow.millis = Some(50);
    sandbox.inject(slow).unwrap();
    let url = sandbox.product_url();
    let connection = reserve(sample::TEA, 1).key("k").begin(&url).await;
    until_faults_are_spent(&url).await;
    drop(connection);
    until_recorded(&sandbox, 1).await;
    assert_eq!(results(&sandbox.ledger()), [RecordResult::Acted]);
}

#[tokio::test]
async fn a_repeat_of_a_call_that_hangs_acts_once_the_caller_hangs_up_on_the_first() {
    let sandbox = sandbox().await;
    sandbox.inject(Fault::once(Call::Reserve, FaultKind::HangBefore)).unwrap();
    let (ask, url) = (reserve(sample::TEA, 1).key("k"), sandbox.product_url());
    let first = ask.begin(&url).await;
    until_recorded(&sandbox, 1).await;
    let second = ask.begin(&url).await;
    drop(first);
    assert!(rest(second).await.starts_with(b"HTTP/1.1 200"));
    assert_eq!(results(&sandbox.ledger()), [RecordResult::FaultedBefore, RecordResult::Acted]);
}
