//! Refunds and releases that fail or are refused: they are never given up (promise 25).

use std::time::Duration;

use order_service::sandbox::sample::{ASHA, CUP, KETTLE, MEENA, STICKER, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;

use super::{is_stuck, refuse_the_kettle, tea_and_kettle};
use crate::harness::{cart, on_both, on_both_with};

#[tokio::test]
async fn an_undoing_that_keeps_failing_is_shown_and_still_finishes_once_it_can() {
    on_both_with(
        |world| world.set(|config| config.retry.stuck_after = Duration::from_millis(100)),
        async |world| {
            for (call, step) in [(Call::Refund, "refund_payment"), (Call::Release, "release_stock")]
            {
                world.fault(Fault::on(call, FaultKind::ErrorBefore));
                refuse_the_kettle(world);
                let cart = tea_and_kettle(MEENA);
                let key = call.to_string();
                let id = world.create_keyed(&cart, &key).await;
                let id = id.is_foretold(409, "Reservation failed");
                is_stuck(world, id, "Compensating", "Exhausted", step).await;
                // The machine does not give up on it.
                let tried = world.attempts(id, call, None).len();
                world.until(async || world.attempts(id, call, None).len() > tried + 1).await;
                world.sandbox.clear_faults();
                let answer = world.decided(&cart, &key).await;
                assert_eq!((answer.status, answer.error()), (409, "Reservation failed"));
                assert_eq!(answer.body["productId"], json!(KETTLE));
                let saga = world.inspect(id).await;
                assert_eq!((&saga["state"], &saga["stuck"]), (&json!("Compensated"), &json!(null)));
            }
            assert_eq!(world.wallet(MEENA), 10_000_000);
        },
    )
    .await;
}

#[tokio::test]
async fn trouble_on_the_way_forward_is_not_shown_as_stuck() {
    on_both_with(
        |world| world.set(|config| config.retry.stuck_after = Duration::from_millis(1)),
        async |world| {
            world
                .fault(Fault { times: Some(5), ..Fault::on(Call::Process, FaultKind::ErrorAfter) });
            let answer = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
            answer.is_created(ASHA, 14_900);
        },
    )
    .await;
}

#[tokio::test]
async fn an_undoing_that_is_refused_waits_until_a_person_has_it_sent_anew() {
    on_both(async |world| {
        for (call, step) in [(Call::Refund, "refund_payment"), (Call::Release, "release_stock")] {
            world.fault(Fault { status: Some(404), ..Fault::once(call, FaultKind::Refuse) });
            refuse_the_kettle(world);
            let cart = tea_and_kettle(MEENA);
            let key = call.to_string();
            let id = world.create_keyed(&cart, &key).await;
            let id = id.is_foretold(409, "Reservation failed");
            is_stuck(world, id, "Compensating", "Refused", step).await;
            assert_eq!(world.attempts(id, call, None).len(), 1);
            let path = format!("/sagas/{id}/retry");
            let retry = world.intervene(&path, &json!({"reason": "asked"})).await;
            assert_eq!(retry.status, 200, "{retry:?}");
            let answer = world.decided(&cart, &key).await;
            assert_eq!((answer.status, answer.error()), (409, "Reservation failed"));
            let attempts = world.attempts(id, call, None);
            assert_eq!(attempts.len(), 2);
            assert_ne!(attempts[0].key, attempts[1].key, "a new effect under a new key");
        }
        assert_eq!(world.wallet(MEENA), 10_000_000);
    })
    .await;
}

#[tokio::test]
async fn when_one_of_many_lines_is_refused_all_others_are_released() {
    on_both(async |world| {
        refuse_the_kettle(world);
        let lines = [(TEA, 3), (CUP, 2), (KETTLE, 1), (STICKER, 7), (TEA, 4)];
        let answer = world.create(&cart(MEENA, &lines)).await;
        assert_eq!((answer.status, answer.error()), (409, "Reservation failed"));
        let left = [TEA, CUP, KETTLE, STICKER].map(|product| world.stock(product));
        assert_eq!(left, [1_000, 200, 10, 5_000]);
        assert_eq!(world.wallet(MEENA), 10_000_000);
        let sent = [Call::Reserve, Call::Release, Call::Refund].map(|call| world.sent(call).len());
        assert_eq!(sent, [5, 4, 1]);
        let saga = world.inspect(answer.id()).await;
        for (line, at) in saga["effects"]["lines"].as_array().expect("lines").iter().zip(0..) {
            let expected = if at == 2 { "no" } else { "yes" };
            assert_eq!(
                (&line["reserved"], &line["released"]),
                (&json!(expected), &json!(expected))
            );
        }
    })
    .await;
}
