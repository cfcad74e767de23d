//! The deadline, at each stage (promise 26).

use order_service::sandbox::sample::{ASHA, CUP, RAVI, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;

use crate::harness::{cart, on_both_with};

const FAILED: &str = "Order creation failed";

#[tokio::test]
async fn a_read_that_is_not_answered_by_the_deadline_ends_in_a_502_with_nothing_sent() {
    on_both_with(
        |world| world.deadline(300),
        async |world| {
            for call in [Call::GetUser, Call::GetProduct] {
                for kind in [FaultKind::HangBefore, FaultKind::ErrorBefore, FaultKind::DropAfter] {
                    world.fault(Fault::on(call, kind));
                    let answer = world.create(&cart(ASHA, &[(TEA, 1)])).await;
                    let id = answer.is_refusal(502, FAILED, json!({}));
                    let detail = answer.body["detail"].as_str().expect("a sentence");
                    assert!(detail.contains("deadline"), "{detail}");
                    assert_eq!(world.status(id).await["state"], "Rejected");
                    world.sandbox.clear_faults();
                }
            }
            assert_eq!(world.sandbox.ledger().records, []);
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_still_unknown_at_the_deadline_is_settled_and_then_refunded() {
    on_both_with(
        |world| world.deadline(300).timeouts(200),
        async |world| {
            for kind in [FaultKind::ErrorBefore, FaultKind::ErrorAfter, FaultKind::HangBefore] {
                world.fault(Fault::on(Call::Process, kind));
                let cart = cart(ASHA, &[(TEA, 1)]);
                let key = format!("{kind:?}");
                let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
                let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
                // It goes back, and keeps trying to settle the charge.
                let goes_back = async || world.status(id).await["state"] == "Compensating";
                world.until(goes_back).await;
                let sent = world.attempts(id, Call::Process, None).len();
                world.until(async || world.attempts(id, Call::Process, None).len() > sent).await;
                assert_eq!(world.attempts(id, Call::Refund, None), []);
                world.sandbox.clear_faults();
                let answer = world.decided(&cart, &key).await;
                assert_eq!(answer.is_refusal(502, FAILED, json!({})), id);
                assert_eq!(world.status(id).await["state"], "Compensated");
                assert_eq!(world.attempts(id, Call::Reserve, None), []);
            }
            assert_eq!(world.wallet(ASHA), 500_000);
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_that_turns_out_refused_after_the_deadline_leaves_nothing_to_undo() {
    on_both_with(
        |world| world.deadline(300),
        async |world| {
            world.fault(Fault::on(Call::Process, FaultKind::ErrorBefore));
            let cart = cart(RAVI, &[(TEA, 1)]);
            let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
            let id = world.create_with(&cart, &headers).await.is_accepted(RAVI);
            world.until(async || world.status(id).await["state"] == "Compensating").await;
            world.sandbox.clear_faults();
            world.decided(&cart, "k").await.is_refusal(502, FAILED, json!({}));
            assert_eq!(world.status(id).await["state"], "Rejected");
            assert_eq!(world.sandbox.ledger().totals.acted, 0);
        },
    )
    .await;
}

#[tokio::test]
async fn reservations_still_unknown_at_the_deadline_are_settled_and_then_released() {
    on_both_with(
        |world| world.deadline(300).timeouts(200),
        async |world| {
            for kind in [FaultKind::ErrorBefore, FaultKind::DropAfter, FaultKind::HangAfter] {
                world.fault(Fault { product_id: Some(TEA), ..Fault::on(Call::Reserve, kind) });
                let cart = cart(ASHA, &[(CUP, 1), (TEA, 1)]);
                let key = format!("{kind:?}");
                let headers = [("Idempotency-Key", key.as_str()), ("Prefer", "respond-async")];
                let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
                world.until(async || world.status(id).await["state"] == "Compensating").await;
                // What is settled as done is undone in the meantime.
                world.until(async || world.attempts(id, Call::Refund, None).len() == 1).await;
                let released = async || world.attempts(id, Call::Release, Some(CUP)).len() == 1;
                world.until(released).await;
                assert_eq!(world.attempts(id, Call::Release, Some(TEA)), []);
                world.sandbox.clear_faults();
                let answer = world.decided(&cart, &key).await;
                assert_eq!(answer.is_refusal(502, FAILED, json!({})), id);
                assert_eq!(world.status(id).await["state"], "Compensated");
            }
            assert_eq!(
                (world.wallet(ASHA), world.stock(TEA), world.stock(CUP)),
                (500_000, 1_000, 200)
            );
        },
    )
    .await;
}
