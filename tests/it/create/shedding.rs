//! More checkouts than are allowed at once: the rest is turned away, and knows it (promise 39).

use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;

use crate::harness::{Answer, WorldBuilder, cart, on_both_with};

/// Checks that the answer says when to come again and that nothing was accepted.
fn is_shed(answer: &Answer, status: u16, error: &str) {
    answer.is_problem(status, error, json!({}));
    let retry_after: u32 = answer.header("retry-after").expect("when").parse().expect("seconds");
    assert!(retry_after > 0);
}

#[tokio::test]
async fn beyond_the_concurrency_a_checkout_is_turned_away() {
    let narrow = |world: WorldBuilder| world.set(|config| config.executor.concurrency = 1);
    on_both_with(narrow, async |world| {
        world.fault(Fault::once(Call::GetUser, FaultKind::HangBefore));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let first = world.create_insistently(&cart, "a", "wait=60");
        let (first, repeat) = tokio::join!(first, async {
            world.until(async || world.sandbox.ledger().totals.reads.user > 0).await;
            let error = "Too many checkouts in progress";
            is_shed(&world.create(&cart).await, 429, error);
            is_shed(&world.create_keyed(&cart, "b").await, 429, error);
            // A repeat of a checkout under way takes no permit.
            let headers = [("Idempotency-Key", "a"), ("Prefer", "wait=0")];
            let repeat = world.create_with(&cart, &headers).await;
            world.sandbox.clear_faults();
            repeat
        });
        let id = first.is_created(ASHA, 14_900);
        assert_eq!(repeat.is_accepted(ASHA), id);
        // Its permit is free again once it is at rest, and what was turned away was never begun.
        world.until(async || world.service.executor.in_flight() == 0).await;
        let later = world.create_insistently(&cart, "b", "wait=60").await;
        assert_ne!(later.is_created(ASHA, 14_900), id);
        assert!(!later.is_replayed());
        assert_eq!(world.sent(Call::Process).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_saga_that_waits_for_a_retry_takes_no_permit() {
    let narrow = |world: WorldBuilder| {
        world.set(|config| {
            config.executor.concurrency = 1;
            config.retry.initial = std::time::Duration::from_hours(1);
            config.retry.max = config.retry.initial;
        })
    };
    on_both_with(narrow, async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        world.fault(Fault::once(Call::Process, FaultKind::ErrorBefore));
        let accepted = world.create_insistently(&cart, "a", "respond-async").await;
        let id = accepted.is_accepted(ASHA);
        world.until_sent(Call::Process, 1).await;
        world.until(async || world.service.executor.in_flight() == 0).await;
        world.create_insistently(&cart, "b", "wait=60").await.is_created(ASHA, 14_900);
        let path = format!("/sagas/{id}/retry");
        assert_eq!(world.intervene(&path, &json!({"reason": "now"})).await.status, 200);
        assert_eq!(world.decided(&cart, "a").await.is_created(ASHA, 14_900), id);
    })
    .await;
}

#[tokio::test]
async fn beyond_the_backlog_a_checkout_is_turned_away() {
    let short = |world: WorldBuilder| world.set(|config| config.checkout.backlog = 1);
    on_both_with(short, async |world| {
        world.fault(Fault::on(Call::GetUser, FaultKind::HangBefore));
        let headers = [("Idempotency-Key", "a"), ("Prefer", "respond-async")];
        let cart = cart(ASHA, &[(TEA, 1)]);
        let first = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        // Open sagas are counted only now and then, so one more may be accepted before the count is known.
        let mut more = 0;
        let answer = loop {
            let key = format!("more-{more}");
            let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
            let answer = world.create_with(&cart, &headers).await;
            if answer.status != 202 {
                break answer;
            }
            more += 1;
        };
        assert!(more <= 2, "{more} more than may be");
        is_shed(&answer, 503, "the backlog of open checkouts is full");
        world.sandbox.clear_faults();
        assert_eq!(world.decided(&cart, "a").await.is_created(ASHA, 14_900), first);
        for key in 0..more {
            world.decided(&cart, &format!("more-{key}")).await.is_created(ASHA, 14_900);
        }
        // Once they are at rest, new ones are accepted again.
        let later = world.create_insistently(&cart, "later", "wait=60").await;
        later.is_created(ASHA, 14_900);
    })
    .await;
}
