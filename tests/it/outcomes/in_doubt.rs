//! Neighbours that act again on every call: what may have happened is never sent again (promise 12),
//! and holds up nothing else (promise 24).

use std::time::Duration;

use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::json;
use uuid::Uuid;

use super::{TEA_AND_KETTLE, TROUBLES, is_stuck, refuse_the_kettle, tea_and_kettle, trouble};
use crate::harness::{World, cart, on_both_with};

fn looked_up(world: &World) -> u64 {
    world.sandbox.ledger().totals.reads.payment
}

/// An operator's retry sends nothing either, as nothing may be sent.
async fn may_not_be_tried(world: &World, id: Uuid, allowed: &[&str]) {
    let retry = world.intervene(&format!("/sagas/{id}/retry"), &json!({"reason": "try"})).await;
    assert_eq!((retry.status, retry.error()), (409, "Not allowed now"));
    assert_eq!(retry.body["allowed"], json!(allowed));
}

#[tokio::test]
async fn without_trouble_everything_is_sent_once_and_the_order_stands() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            world.create(&tea_and_kettle(MEENA)).await.is_created(MEENA, TEA_AND_KETTLE);
            refuse_the_kettle(world);
            let refused = world.create(&tea_and_kettle(MEENA)).await;
            assert_eq!((refused.status, refused.error()), (409, "Reservation failed"));
            assert_eq!(looked_up(world), 0);
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_of_unknown_outcome_that_was_made_goes_on() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            for (kind, _) in TROUBLES.into_iter().filter(|(_, acts)| *acts) {
                world.fault(trouble(Call::Process, kind));
                let id = world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
                assert_eq!(world.attempts(id, Call::Process, None).len(), 1, "{kind:?}");
            }
            assert!(looked_up(world) >= 5);
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_of_unknown_outcome_that_is_not_recorded_is_never_sent_again() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            for (kind, _) in TROUBLES.into_iter().filter(|(_, acts)| !*acts) {
                world.fault(trouble(Call::Process, kind));
                let key = format!("{kind:?}");
                let answer = world.create_keyed(&cart(MEENA, &[(TEA, 1)]), &key).await;
                let id = answer.is_accepted(MEENA);
                let saga = is_stuck(world, id, "Priced", "InDoubt", "charge_payment").await;
                let effects = json!({
                    "charged": "unknown",
                    "refunded": "no",
                    "lines": [{
                        "productId": TEA, "quantity": 1, "reserved": "no", "released": "no",
                    }],
                });
                assert_eq!(saga["effects"], effects);
                // The machine goes on looking it up, which settles nothing.
                let before = looked_up(world);
                world.until(async || looked_up(world) >= before + 3).await;
                is_stuck(world, id, "Priced", "InDoubt", "charge_payment").await;
                assert_eq!(world.attempts(id, Call::Process, None).len(), 1, "{kind:?}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_in_doubt_that_arrives_late_goes_on() {
    on_both_with(
        |world| {
            world.not_idempotent().set(|config| {
                config.services.payment.timeout = Duration::from_millis(200);
            })
        },
        async |world| {
            world.fault(Fault { millis: Some(700), ..Fault::once(Call::Process, FaultKind::Slow) });
            let cart = cart(ASHA, &[(TEA, 1)]);
            let id = world.create_keyed(&cart, "k").await.is_accepted(ASHA);
            is_stuck(world, id, "Priced", "InDoubt", "charge_payment").await;
            assert_eq!(world.decided(&cart, "k").await.is_created(ASHA, 14_900), id);
            assert_eq!(world.sent(Call::Process).len(), 1);
            assert_eq!(world.inspect(id).await["stuck"], json!(null));
        },
    )
    .await;
}

#[tokio::test]
async fn a_look_up_that_fails_is_repeated() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            world.fault(Fault::once(Call::Process, FaultKind::DropAfter));
            for kind in [FaultKind::ErrorBefore, FaultKind::Garbage, FaultKind::DropBefore] {
                world.fault(Fault::once(Call::PaymentStatus, kind));
            }
            let cart = cart(ASHA, &[(TEA, 1)]);
            assert_eq!(world.create_keyed(&cart, "k").await.status, 202);
            world.decided(&cart, "k").await.is_created(ASHA, 14_900);
            assert_eq!(world.sent(Call::Process).len(), 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_reservation_of_unknown_outcome_is_in_doubt_and_keeps_the_payment() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            for (kind, acts) in TROUBLES {
                world.fault(trouble(Call::Reserve, kind));
                let before = world.stock(TEA);
                let key = format!("{kind:?}");
                let answer = world.create_keyed(&tea_and_kettle(MEENA), &key).await;
                let id = answer.is_accepted(MEENA);
                let saga = is_stuck(world, id, "Paid", "InDoubt", "reserve_stock").await;
                let of = |at: usize| saga["effects"]["lines"][at]["reserved"].clone();
                assert_eq!((of(0), of(1)), (json!("unknown"), json!("yes")), "{kind:?}");
                assert_eq!(saga["effects"]["charged"], "yes");
                may_not_be_tried(world, id, &["compensate", "resolve", "hold"]).await;
                assert_eq!(world.attempts(id, Call::Reserve, None).len(), 2, "{kind:?}");
                assert_eq!(before - world.stock(TEA), i64::from(acts));
            }
            assert_eq!(world.sent(Call::Refund), []);
        },
    )
    .await;
}

#[tokio::test]
async fn a_refund_of_unknown_outcome_is_in_doubt_and_the_stock_is_released_meanwhile() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            for (kind, _) in TROUBLES {
                world.fault(trouble(Call::Refund, kind));
                refuse_the_kettle(world);
                let key = format!("{kind:?}");
                let answer = world.create_keyed(&tea_and_kettle(MEENA), &key).await;
                let id = answer.is_foretold(409, "Reservation failed");
                let saga = is_stuck(world, id, "Compensating", "InDoubt", "refund_payment").await;
                assert_eq!(saga["effects"]["refunded"], "unknown");
                assert_eq!(saga["effects"]["lines"][0]["released"], "yes");
                may_not_be_tried(world, id, &["resolve", "hold"]).await;
                assert_eq!(world.attempts(id, Call::Refund, None).len(), 1, "{kind:?}");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_release_of_unknown_outcome_is_in_doubt_and_the_payment_is_refunded_meanwhile() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            for (kind, _) in TROUBLES {
                world.fault(trouble(Call::Release, kind));
                refuse_the_kettle(world);
                let key = format!("{kind:?}");
                let answer = world.create_keyed(&tea_and_kettle(MEENA), &key).await;
                let id = answer.is_foretold(409, "Reservation failed");
                let saga = is_stuck(world, id, "Compensating", "InDoubt", "release_stock").await;
                assert_eq!(saga["effects"]["refunded"], "yes");
                assert_eq!(saga["effects"]["lines"][0]["released"], "unknown");
                may_not_be_tried(world, id, &["resolve", "hold"]).await;
                assert_eq!(world.attempts(id, Call::Release, None).len(), 1, "{kind:?}");
            }
            assert_eq!(world.wallet(MEENA), 10_000_000);
        },
    )
    .await;
}

#[tokio::test]
async fn the_refund_does_not_wait_for_a_line_in_doubt() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            world.fault(trouble(Call::Reserve, FaultKind::DropAfter));
            refuse_the_kettle(world);
            let answer = world.create_keyed(&tea_and_kettle(MEENA), "k").await;
            let id = answer.is_foretold(409, "Reservation failed");
            world.until_sent(Call::Refund, 1).await;
            let stuck = async || world.inspect(id).await["effects"]["refunded"] == "yes";
            world.until(stuck).await;
            world.until(async || world.inspect(id).await["stuck"] != json!(null)).await;
            let saga = is_stuck(world, id, "Compensating", "InDoubt", "reserve_stock").await;
            assert_eq!(saga["effects"]["lines"][0]["reserved"], "unknown");
            assert_eq!(saga["effects"]["lines"][1]["reserved"], "no");
            assert_eq!(world.wallet(MEENA), 10_000_000);
            assert_eq!(world.sent(Call::Release), []);
            assert_eq!(world.stock(KETTLE), 10);
        },
    )
    .await;
}

#[tokio::test]
async fn the_deadline_does_not_run_while_a_payment_is_in_doubt() {
    on_both_with(
        |world| world.not_idempotent().deadline(1_000),
        async |world| {
            world.fault(trouble(Call::Process, FaultKind::DropBefore));
            let answer = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
            let id = answer.is_accepted(ASHA);
            // Each look-up changes the row's `updatedAt`.
            let late = async || {
                let status = world.status(id).await;
                let time = |name: &str| {
                    let text = status[name].as_str().expect("text");
                    chrono::DateTime::parse_from_rfc3339(text).expect("a time")
                };
                (time("updatedAt") - time("createdAt")).num_milliseconds() > 1_500
            };
            world.until(late).await;
            is_stuck(world, id, "Priced", "InDoubt", "charge_payment").await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_effect_still_unknown_when_its_key_may_be_forgotten_is_in_doubt() {
    on_both_with(
        |world| {
            world.set(|config| {
                config.services.payment.key_memory = Duration::from_millis(800);
            })
        },
        async |world| {
            world.fault(Fault::on(Call::Process, FaultKind::ErrorBefore));
            let answer = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), "k").await;
            let id = answer.is_accepted(ASHA);
            is_stuck(world, id, "Priced", "InDoubt", "charge_payment").await;
            let sent = world.sent(Call::Process).len();
            assert!(sent > 1);
            world.sandbox.clear_faults();
            let before = looked_up(world);
            world.until(async || looked_up(world) >= before + 3).await;
            assert_eq!(world.sent(Call::Process).len(), sent);
        },
    )
    .await;
}
