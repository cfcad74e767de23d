//! A client that waits hears the decision: a refusal that is certain is told before everything is
//! undone (promise 38), and a client that takes any 2xx for a success gets no 202 (promise 37).

use std::time::Duration;

use order_service::config::Undecided;
use order_service::sandbox::sample::{ASHA, CUP, MEENA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;

use crate::harness::{Answer, World, WorldBuilder, cart, on_both, on_both_with};

const REFUSED: &str = "Reservation failed";

/// A reservation is refused for good, and refunds fail until the faults are cleared.
fn goes_back_slowly(world: &World) {
    world.fault(Fault::once(Call::Reserve, FaultKind::Refuse));
    world.fault(Fault::on(Call::Refund, FaultKind::ErrorBefore));
}

/// The members of a refusal that must never change.
fn lasting(answer: &Answer) -> serde_json::Value {
    let mut body = answer.body.clone();
    for changes in ["undone", "traceId"] {
        body.as_object_mut().expect("an object").remove(changes);
    }
    body
}

#[tokio::test]
async fn a_wait_that_ends_while_the_saga_goes_back_ends_with_the_final_refusal() {
    on_both(async |world| {
        goes_back_slowly(world);
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "wait=1")];
        let foretold = world.create_with(&cart, &headers).await;
        let id = foretold.is_foretold(409, REFUSED);
        // A repeat that does not wait gets the same answer, and so does the status.
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let repeated = world.create_with(&cart, &headers).await;
        assert_eq!(repeated.is_foretold(409, REFUSED), id);
        assert!(repeated.is_replayed());
        assert_eq!(lasting(&repeated), lasting(&foretold));
        let status = world.get(&format!("/api/orders/{id}/status")).await;
        assert!(status.header("retry-after").is_some());
        let status = status.body;
        assert_eq!(
            (&status["status"], &status["state"]),
            (&json!("Pending"), &json!("Compensating"))
        );
        assert_eq!(status["problem"]["undone"], json!(false));
        assert_eq!(status["problem"]["error"], json!(REFUSED));
        // Once everything is undone it is still the same refusal.
        world.sandbox.clear_faults();
        let last = world.decided(&cart, "k").await;
        assert_eq!((last.id(), last.body["undone"].clone()), (id, json!(true)));
        assert_eq!(lasting(&last), lasting(&foretold));
        let status = world.status(id).await;
        assert_eq!(
            (&status["status"], &status["problem"]["undone"]),
            (&json!("Rejected"), &json!(true))
        );
        assert_eq!(world.wallet(ASHA), 500_000);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_before_any_effect_counts_as_undone_at_once() {
    on_both(async |world| {
        let members = json!({"productId": TEA, "available": 1_000});
        world.create(&cart(ASHA, &[(TEA, 1_001)])).await.is_refusal(
            409,
            "Insufficient stock",
            members,
        );
    })
    .await;
}

#[tokio::test]
async fn a_client_that_waits_for_an_idempotent_neighbour_has_a_decision_at_its_own_deadline() {
    let soon = |world: WorldBuilder| {
        world.set(|config| config.checkout.deadline_attended = Duration::from_millis(300))
    };
    on_both_with(soon, async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        world.fault(Fault::once(Call::Process, FaultKind::HangAfter));
        // The call would take another 30 s. The charge happened, and is refunded.
        let answer = world.create(&cart).await;
        let id = answer.is_refusal(502, "Order creation failed", json!({}));
        assert_eq!(world.status(id).await["state"], "Compensated");
        assert_eq!(world.wallet(ASHA), 500_000);
        // A client that does not wait gets the longer deadline.
        world.fault(Fault { millis: Some(600), ..Fault::once(Call::Process, FaultKind::Slow) });
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        // Asking for it later does not change that.
        assert_eq!(world.decided(&cart, "k").await.is_created(ASHA, 14_900), id);
    })
    .await;
}

#[tokio::test]
async fn a_call_at_a_neighbour_that_keeps_no_keys_runs_to_its_own_end() {
    let soon = |world: WorldBuilder| {
        world
            .not_idempotent()
            .set(|config| config.checkout.deadline_attended = Duration::from_millis(300))
    };
    on_both_with(soon, async |world| {
        world.fault(Fault { millis: Some(700), ..Fault::once(Call::Process, FaultKind::Slow) });
        let answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
        let id = answer.is_refusal(502, "Order creation failed", json!({}));
        let saga = world.inspect(id).await;
        assert_eq!(
            (&saga["effects"]["charged"], &saga["effects"]["refunded"]),
            (&json!("yes"), &json!("yes"))
        );
        assert_eq!(world.attempts(id, Call::Process, None).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_takes_any_2xx_for_an_order_gets_a_503_if_so_configured() {
    let strict = |world: WorldBuilder| {
        world.set(|config| {
            config.checkout.undecided = Undecided::Error;
            config.checkout.wait = Duration::from_millis(100);
        })
    };
    on_both_with(strict, async |world| {
        world.fault(Fault::on(Call::Process, FaultKind::HangBefore));
        let plain = cart(MEENA, &[(TEA, 1)]);
        let answer = world.create(&plain).await;
        let id = answer.is_about_a_checkout(503, "Order is still being processed", json!({}));
        assert!(answer.header("retry-after").is_some());
        let status = format!("/api/orders/{id}/status");
        assert_eq!(answer.header("location"), Some(status.as_str()));
        // A second click joins it, and gets the same answer.
        let double = world.create(&plain).await;
        assert_eq!(
            double.is_about_a_checkout(503, "Order is still being processed", json!({})),
            id
        );
        assert!(double.is_replayed());
        // A client that sends either header understands a 202.
        let other = cart(MEENA, &[(CUP, 1)]);
        let keyed = world.create_with(&other, &[("Idempotency-Key", "k")]).await.is_accepted(MEENA);
        world.create_with(&plain, &[("Prefer", "handling=lenient")]).await.is_accepted(MEENA);
        world.sandbox.clear_faults();
        assert_eq!(world.decided(&other, "k").await.id(), keyed);
        world.until(async || world.status(id).await["status"] == "Confirmed").await;
    })
    .await;
}

#[tokio::test]
async fn a_stuck_checkout_is_no_success_either_where_that_is_configured() {
    let strict = |world: WorldBuilder| {
        world.not_idempotent().set(|config| config.checkout.undecided = Undecided::Error)
    };
    on_both_with(strict, async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::DropBefore));
        let answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
        answer.is_about_a_checkout(503, "Order is still being processed", json!({}));
    })
    .await;
}
