//! Cancelling what has no order yet.

use order_service::sandbox::sample::{ASHA, CUP, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{cancel, cancel_with, events, is_cancelled, is_cancelling, preview, told};
use crate::harness::{World, cart, on_both, on_both_with};

/// A checkout that a call holds up for two seconds; its id, once the call is there.
async fn held_up(world: &World, call: Call) -> Uuid {
    world.fault(Fault { millis: Some(1_500), ..Fault::once(call, FaultKind::Slow) });
    let order = cart(ASHA, &[(TEA, 2), (CUP, 1)]);
    let answer =
        world.create_with(&order, &[("prefer", "respond-async"), ("idempotency-key", "k")]);
    let id = answer.await.is_accepted(ASHA);
    world.until_struck().await;
    id
}

#[tokio::test]
async fn before_anything_is_sent_it_is_rejected() {
    on_both(async |world| {
        let id = held_up(world, Call::GetUser).await;
        let allowed = json!({"allowed": true, "refund": 0, "release": []});
        assert_eq!(preview(world, id).await, allowed);
        is_cancelled(&cancel(world, id).await, (id, ASHA), 0, &json!([]));
        let again = cancel(world, id).await;
        is_cancelled(&again, (id, ASHA), 0, &json!([]));
        assert!(again.is_replayed());
        assert_eq!(world.sent(Call::Process), vec![]);
        is_told_of(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn after_the_charge_it_is_refunded() {
    on_both(async |world| {
        let wallet = world.wallet(ASHA);
        let id = held_up(world, Call::Process).await;
        let answer = cancel(world, id).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &json!("Cancelled")));
        assert_eq!(world.wallet(ASHA), wallet);
        is_told_of(world, id).await;
    })
    .await;
}

#[tokio::test]
async fn while_lines_are_reserved_they_are_released() {
    on_both(async |world| {
        let (wallet, stock) = (world.wallet(ASHA), world.stock(TEA));
        let id = held_up(world, Call::Reserve).await;
        let answer = cancel(world, id).await;
        assert_eq!((answer.status, &answer.body["refunded"]), (200, &json!(2 * 14_900 + 24_950)));
        assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet, stock));
        is_told_of(world, id).await;
    })
    .await;
}

/// A user's orders of this status, newest first.
async fn listed(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("/api/orders/user/{ASHA}?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.as_array().into_iter().flatten().map(|order| order["id"].clone()).collect()
}

#[tokio::test]
async fn it_is_listed_with_the_orders_that_are_cancelled() {
    on_both(async |world| {
        let order = cart(ASHA, &[(TEA, 1)]);
        let first = world.create(&order).await.is_created(ASHA, 14_900);
        assert_eq!(cancel(world, first).await.status, 200);
        let second = held_up(world, Call::GetUser).await;
        assert_eq!(cancel(world, second).await.status, 200);
        let third = world.create(&order).await.is_created(ASHA, 14_900);
        assert_eq!(cancel(world, third).await.status, 200);
        let all = listed(world, "status=Cancelled").await;
        assert_eq!(all, [json!(third), json!(second), json!(first)]);
        assert_eq!(listed(world, "status=Cancelled&limit=2").await, [json!(third), json!(second)]);
        assert_eq!(listed(world, "status=Cancelled&sort=createdAt&limit=1").await, [json!(first)]);
        for none in ["status=Rejected", "status=Pending", "status=Cancelling"] {
            assert_eq!(listed(world, none).await, Vec::<Value>::new(), "{none}");
        }
        assert_eq!(listed(world, "limit=9").await, [json!(third), json!(first)]);
        let path = format!("/api/orders/user/{ASHA}?status=Cancelled&limit=1");
        let page = world.get(&path).await;
        let next = page.header("link").and_then(|link| link.split(['<', '>']).nth(1));
        let next = world.get(next.expect("there are more")).await;
        assert_eq!(next.body[0]["id"], json!(second));
        assert_eq!(next.body[0]["problem"]["error"], "Order cancelled");
    })
    .await;
}

/// What a checkout cancelled in flight says wherever it is asked about.
async fn is_told_of(world: &World, id: Uuid) {
    let order = cart(ASHA, &[(TEA, 2), (CUP, 1)]);
    for _again in 0..2 {
        let repeat = world.create_keyed(&order, "k").await;
        repeat.is_refusal(409, "Order cancelled", json!({"undone": true}));
        assert_eq!(repeat.body["id"], json!(id));
    }
    let status = world.status(id).await;
    assert_eq!(status["status"], "Cancelled", "{status}");
    assert_eq!(status["problem"]["error"], "Order cancelled");
    assert_eq!(events(world, id).await, told(&["order.cancelling", "order.cancelled"]));
    let shown = world.get(&format!("/api/orders/{id}")).await;
    shown.is_problem(404, "Order not found", json!({}));
    let after = preview(world, id).await;
    assert_eq!((&after["allowed"], &after["status"]), (&json!(false), &json!("Cancelled")));
    assert_eq!(after["sagaId"], json!(id));
}

#[tokio::test]
async fn the_creator_who_waits_is_told_that_it_is_cancelled() {
    on_both(async |world| {
        world.fault(Fault { millis: Some(1_000), ..Fault::once(Call::Process, FaultKind::Slow) });
        let order = cart(ASHA, &[(TEA, 1)]);
        let create = world.create_keyed(&order, "k");
        let cancelled = async {
            world.until_struck().await;
            let listed = world.operator("/sagas").await.body;
            let id = listed["items"][0]["id"].as_str().and_then(|id| id.parse().ok());
            cancel(world, id.expect("the one saga")).await
        };
        let (created, cancelled) = tokio::join!(create, cancelled);
        created.is_about_a_checkout(
            409,
            "Order cancelled",
            json!({"undone": created.body["undone"]}),
        );
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
    })
    .await;
}

#[tokio::test]
async fn one_that_came_to_nothing_by_itself_stays_rejected() {
    on_both(async |world| {
        let refused = world.create(&cart(ASHA, &[(TEA, 999_999)])).await;
        let id = refused.is_refusal(
            409,
            "Insufficient stock",
            json!({"productId": TEA, "available": 1000}),
        );
        let answer = cancel(world, id).await;
        assert_eq!((answer.status, answer.error()), (409, "Order can not be cancelled"));
        assert_eq!(answer.body["orderStatus"], "Rejected");
        let preview = preview(world, id).await;
        assert_eq!((&preview["allowed"], &preview["status"]), (&json!(false), &json!("Rejected")));
        assert_eq!(events(world, id).await, told(&["order.rejected"]));
    })
    .await;
}

#[tokio::test]
async fn of_a_held_one_nothing_is_sent_until_it_is_released() {
    on_both(async |world| {
        world.fault(Fault { millis: Some(500), ..Fault::once(Call::Process, FaultKind::Slow) });
        let order = cart(ASHA, &[(TEA, 1)]);
        let answer = world.create_with(&order, &[("prefer", "respond-async")]).await;
        let id = answer.is_accepted(ASHA);
        world.until_struck().await;
        let held =
            world.intervene(&format!("/sagas/{id}/hold"), &json!({"reason": "by hand"})).await;
        assert_eq!(held.status, 200, "{held:?}");
        let answer = cancel(world, id).await;
        is_cancelling(&answer, (id, ASHA));
        assert!(!answer.is_replayed());
        assert_eq!(world.status(id).await["status"], "Cancelling");
        let path = format!("/sagas/{id}/release");
        let released = world.intervene(&path, &json!({"reason": "go on"})).await;
        assert_eq!(released.status, 200, "{released:?}");
        world.until(async || world.status(id).await["status"] == "Cancelled").await;
    })
    .await;
}

#[tokio::test]
async fn at_neighbours_that_act_again_on_every_call_it_goes_back_all_the_same() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let (wallet, stock) = (world.wallet(ASHA), world.stock(TEA));
            let id = held_up(world, Call::Reserve).await;
            let answer = cancel_with(world, id, &json!({"reason": "inventory"}), "wait=20").await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet, stock));
            is_told_of(world, id).await;
        },
    )
    .await;
}
