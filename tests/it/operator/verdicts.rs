//! `compensate` and `resolve`: what a person decides where the machine may not (promise 45).

use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{REASON, parked, patient};
use crate::harness::{Answer, World, cart, on_both, on_both_with};

const FAILED: &str = "Order creation failed";

async fn compensate(world: &World, id: Uuid) -> Answer {
    world.intervene(&format!("/sagas/{id}/compensate"), &json!({"reason": REASON})).await
}

async fn resolve(world: &World, id: Uuid, effect: Value, happened: bool) -> Answer {
    let mut body = effect;
    body["happened"] = json!(happened);
    body["reason"] = json!(REASON);
    world.intervene(&format!("/sagas/{id}/resolve"), &body).await
}

fn charge() -> Value {
    json!({"step": "charge_payment"})
}

fn reservation(line: usize) -> Value {
    json!({"step": "reserve_stock", "line": line})
}

/// A checkout of tea and a kettle that is in doubt about this call.
async fn in_doubt(world: &World, call: Call, kind: FaultKind) -> (Value, Uuid) {
    let product_id = (call == Call::Reserve).then_some(TEA);
    world.fault(Fault { product_id, ..Fault::once(call, kind) });
    let cart = cart(MEENA, &[(TEA, 1), (KETTLE, 1)]);
    let id = world.create_keyed(&cart, "k").await.is_accepted(MEENA);
    (cart, id)
}

#[tokio::test]
async fn a_checkout_that_a_person_stops_before_anything_was_sent_is_rejected_with_a_500() {
    on_both_with(patient, async |world| {
        let id = parked(world, Call::GetProduct, "k").await;
        let done = compensate(world, id).await;
        assert_eq!((done.status, &done.body["saga"]["state"]), (200, &json!("Rejected")));
        let answer = world.decided(&cart(ASHA, &[(TEA, 1)]), "k").await;
        assert_eq!(answer.is_refusal(500, FAILED, json!({})), id);
        assert_eq!(world.sandbox.ledger().records, []);
        assert_eq!(world.status(id).await["problem"]["status"], 500);
    })
    .await;
}

#[tokio::test]
async fn a_checkout_that_a_person_stops_is_settled_and_undone_and_ends_with_a_500() {
    on_both_with(patient, async |world| {
        for call in [Call::Process, Call::Reserve] {
            let key = call.to_string();
            let id = parked(world, call, &key).await;
            assert_eq!(compensate(world, id).await.status, 200);
            let answer = world.decided(&cart(ASHA, &[(TEA, 1)]), &key).await;
            assert_eq!(answer.is_refusal(500, FAILED, json!({})), id);
            assert_eq!(world.status(id).await["state"], "Compensated");
            let again = compensate(world, id).await;
            again.is_problem(409, "Not allowed now", json!({"allowed": []}));
        }
        assert_eq!((world.wallet(ASHA), world.stock(TEA)), (500_000, 1_000));
    })
    .await;
}

/// The driver drops a call whose key settles it later, so the operator need not wait for it.
#[tokio::test]
async fn a_checkout_whose_call_hangs_is_stopped_at_once() {
    on_both(async |world| {
        world.fault(Fault::once(Call::Process, FaultKind::HangAfter));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
        let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
        world.until_sent(Call::Process, 1).await;
        let (one, other) = tokio::join!(compensate(world, id), compensate(world, id));
        assert_eq!((one.status, other.status), (200, 200), "{one:?} {other:?}");
        let answer = world.decided(&cart, "k").await;
        assert_eq!(answer.is_refusal(500, FAILED, json!({})), id);
        assert_eq!(world.wallet(ASHA), 500_000);
        let log = world.inspect(id).await["steps"].clone();
        let events = log.as_array().expect("a log").iter();
        assert_eq!(events.filter(|entry| entry["phase"] == "operator").count(), 1, "{log}");
    })
    .await;
}

/// If a call must not be made twice, cutting it off would make doubt, so the operator waits.
#[tokio::test]
async fn a_checkout_whose_call_must_not_be_cut_off_is_stopped_when_it_is_answered() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let slow = Fault { millis: Some(300), ..Fault::once(Call::Process, FaultKind::Slow) };
            world.fault(slow);
            let cart = cart(ASHA, &[(TEA, 1)]);
            let headers = [("Idempotency-Key", "k"), ("Prefer", "respond-async")];
            let id = world.create_with(&cart, &headers).await.is_accepted(ASHA);
            world.until_struck().await;
            assert_eq!(compensate(world, id).await.status, 200);
            let answer = world.decided(&cart, "k").await;
            assert_eq!(answer.is_refusal(500, FAILED, json!({})), id);
            let sent = [Call::Process, Call::Reserve, Call::Refund];
            assert_eq!(sent.map(|call| world.sent(call).len()), [1, 0, 1]);
        },
    )
    .await;
}

#[tokio::test]
async fn a_completed_checkout_can_not_be_stopped() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let answer = compensate(world, id).await;
        answer.is_problem(409, "Not allowed now", json!({"allowed": []}));
        let answer = resolve(world, id, charge(), false).await;
        answer.is_problem(409, "Not allowed now", json!({"allowed": []}));
        assert_eq!(world.status(id).await["status"], "Confirmed");
    })
    .await;
}

#[tokio::test]
async fn what_a_person_finds_to_have_happened_goes_on() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let (cart, id) = in_doubt(world, Call::Reserve, FaultKind::DropAfter).await;
            let done = resolve(world, id, reservation(0), true).await;
            assert_eq!(done.status, 200, "{done:?}");
            let answer = world.decided(&cart, "k").await;
            assert_eq!(answer.is_created(MEENA, 204_800), id);
            assert_eq!(world.sent(Call::Reserve).len(), 2);
        },
    )
    .await;
}

#[tokio::test]
async fn what_a_person_finds_not_to_have_happened_is_sent_once_more() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let (cart, id) = in_doubt(world, Call::Reserve, FaultKind::DropBefore).await;
            assert_eq!(resolve(world, id, reservation(0), false).await.status, 200);
            assert_eq!(world.decided(&cart, "k").await.is_created(MEENA, 204_800), id);
            let attempts = world.attempts(id, Call::Reserve, Some(TEA));
            assert_eq!(attempts.len(), 2);
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_that_is_not_recorded_is_sent_once_more_after_a_persons_verdict() {
    on_both_with(
        |world| patient(world.not_idempotent()),
        async |world| {
            let (cart, id) = in_doubt(world, Call::Process, FaultKind::DropBefore).await;
            assert_eq!(resolve(world, id, charge(), false).await.status, 200);
            assert_eq!(world.decided(&cart, "k").await.is_created(MEENA, 204_800), id);
            assert_eq!(world.sent(Call::Process).len(), 2);
        },
    )
    .await;
}

#[tokio::test]
async fn a_payment_that_is_recorded_can_not_be_resolved_as_not_happened() {
    on_both_with(
        |world| patient(world.not_idempotent()),
        async |world| {
            // It was looked up once without a result; the machine looks again only in an hour.
            world.fault(Fault::once(Call::PaymentStatus, FaultKind::ErrorBefore));
            let (cart, id) = in_doubt(world, Call::Process, FaultKind::DropAfter).await;
            let refused = resolve(world, id, charge(), false).await;
            assert_eq!(refused.status, 409, "{refused:?}");
            assert_eq!(resolve(world, id, charge(), true).await.status, 200);
            assert_eq!(world.decided(&cart, "k").await.is_created(MEENA, 204_800), id);
            assert_eq!(world.sent(Call::Process).len(), 1);
        },
    )
    .await;
}

#[tokio::test]
async fn a_checkout_in_doubt_that_a_person_stops_undoes_what_is_known_and_waits_for_the_rest() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let (cart, id) = in_doubt(world, Call::Reserve, FaultKind::DropAfter).await;
            assert_eq!(compensate(world, id).await.status, 200);
            let stuck = async || {
                let saga = world.inspect(id).await;
                saga["stuck"]["kind"] == "InDoubt" && saga["effects"]["refunded"] == "yes"
            };
            world.until(stuck).await;
            let saga = world.inspect(id).await;
            assert_eq!(saga["state"], "Compensating");
            assert_eq!(saga["effects"]["lines"][1]["released"], "yes");
            assert_eq!(saga["effects"]["lines"][0]["released"], "no");
            assert_eq!(saga["actions"], json!(["resolve", "hold"]));
            assert_eq!(resolve(world, id, reservation(0), true).await.status, 200);
            let answer = world.decided(&cart, "k").await;
            assert_eq!(answer.is_refusal(500, FAILED, json!({})), id);
            assert_eq!((world.wallet(MEENA), world.stock(TEA)), (10_000_000, 1_000));
        },
    )
    .await;
}

#[tokio::test]
async fn a_refused_refund_that_a_person_knows_not_to_have_happened_is_sent_anew() {
    on_both(async |world| {
        world.fault(Fault { status: Some(404), ..Fault::once(Call::Refund, FaultKind::Refuse) });
        world.fault(Fault::once(Call::Reserve, FaultKind::Refuse));
        let cart = cart(ASHA, &[(TEA, 1)]);
        let answer = world.create_keyed(&cart, "k").await;
        let id = answer.is_foretold(409, "Reservation failed");
        let done = resolve(world, id, json!({"step": "refund_payment"}), false).await;
        assert_eq!(done.status, 200, "{done:?}");
        let answer = world.decided(&cart, "k").await;
        assert_eq!((answer.status, answer.error()), (409, "Reservation failed"));
        let attempts = world.attempts(id, Call::Refund, None);
        assert_eq!(attempts.len(), 2);
        assert_ne!(attempts[0].key, attempts[1].key);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_in_doubt_can_not_be_resolved_and_a_bad_verdict_is_named() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let (_, id) = in_doubt(world, Call::Reserve, FaultKind::DropAfter).await;
            for settled in [charge(), reservation(1), reservation(7)] {
                let answer = resolve(world, id, settled, false).await;
                assert_eq!((answer.status, answer.error()), (409, "Not allowed now"), "{answer:?}");
            }
            let path = format!("/sagas/{id}/resolve");
            for (body, name) in [
                (json!({"reason": REASON, "happened": true}), "step"),
                (json!({"reason": REASON, "happened": true, "step": "price_cart"}), "step"),
                (json!({"reason": REASON, "happened": true, "step": "reserve_stock"}), "line"),
                (json!({"reason": REASON, "step": "charge_payment"}), "happened"),
                (json!({"happened": true, "step": "charge_payment"}), "reason"),
            ] {
                let answer = world.intervene(&path, &body).await;
                let error = answer.error().to_owned();
                assert!(error.starts_with(name), "{answer:?}");
                answer.is_problem(400, &error, json!({}));
            }
        },
    )
    .await;
}
