//! Goods that come back, over HTTP.

use std::time::Duration;

use futures::future::join_all;
use order_service::sandbox::sample::{ASHA, CUP, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cancel::{cancel, events, told};
use crate::fulfilment::ship;
use crate::harness::{Answer, TOKEN, World, cart, on_both, on_both_with};

/// An order of Asha's, two cups and three teas, of which so many of each are shipped.
async fn shipped(world: &World, cups: u32, teas: u32) -> Uuid {
    let order = cart(ASHA, &[(CUP, 2), (TEA, 3)]);
    let id = world.create(&order).await.is_created(ASHA, 2 * 24_950 + 3 * 14_900);
    let lines = [json!({"line": 0, "quantity": cups}), json!({"line": 1, "quantity": teas})];
    let lines: Vec<_> = lines.into_iter().filter(|line| line["quantity"] != 0).collect();
    let body = json!({"carrier": "post", "trackingNumber": "1", "lines": lines});
    let answer = ship(world, id, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    id
}

pub async fn take_back(world: &World, id: Uuid, key: Option<&str>, body: &Value) -> Answer {
    let request = world.http.post(world.url(&format!("/api/orders/{id}/returns")));
    let request = request.bearer_auth(TOKEN).header("prefer", "wait=20").json(body);
    let request = key.into_iter().fold(request, |it, key| it.header("idempotency-key", key));
    let request = request.timeout(Duration::from_secs(30));
    Answer::of(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn what_was_shipped_is_refunded_and_restocked_once() {
    on_both(async |world| {
        let id = shipped(world, 2, 3).await;
        let (wallet, stock) = (world.wallet(ASHA), world.stock(TEA));
        let body = json!({
            "lines": [{"line": 1, "quantity": 1}, {"LINE": "1", "quantity": 1}],
            "reason": "too bitter",
        });
        let answer = take_back(world, id, Some("r1"), &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let lines = json!([{"line": 1, "productId": TEA, "quantity": 2, "amount": 2 * 14_900}]);
        let returned = answer.body["id"].clone();
        let done = json!({
            "id": returned, "orderId": id, "status": "Returned", "refunded": 29_800, "lines": lines,
        });
        assert_eq!(answer.body, done);
        let path = format!("/api/returns/{}", returned.as_str().unwrap_or_default());
        assert_eq!(answer.header("location"), Some(path.as_str()));
        assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet + 29_800, stock + 2));
        let again = take_back(world, id, Some("r1"), &body).await;
        assert_eq!((again.status, &again.body), (201, &done));
        assert!(again.is_replayed() && !answer.is_replayed());
        let other = json!({"lines": [{"line": 1, "quantity": 1}]});
        let reused = take_back(world, id, Some("r1"), &other).await;
        let error = "Idempotency key reused with a different request";
        assert_eq!(reused.is_about_a_checkout(422, error, json!({})), id);
        assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet + 29_800, stock + 2));
        let shown = world.get(&path).await.body;
        assert_eq!((&shown["reason"], &shown["restock"]), (&json!("too bitter"), &json!(true)));
        assert!(shown["returnedAt"].is_string());
        let order = world.get(&format!("/api/orders/{id}")).await.body;
        assert_eq!(order["status"], "Shipped", "it does not change");
        assert_eq!(order["returns"], json!([shown]));
        assert_eq!(
            events(world, id).await,
            told(&["order.confirmed", "order.shipped", "order.returned"])
        );
    })
    .await;
}

#[tokio::test]
async fn goods_that_can_not_be_sold_again_are_refunded_only() {
    on_both(async |world| {
        let id = shipped(world, 2, 3).await;
        let (wallet, stock) = (world.wallet(ASHA), world.stock(CUP));
        let body = json!({"lines": [{"line": 0, "quantity": 1}], "restock": false});
        let answer = take_back(world, id, Some("r1"), &body).await;
        assert_eq!((answer.status, &answer.body["refunded"]), (201, &json!(24_950)));
        assert_eq!((world.wallet(ASHA), world.stock(CUP)), (wallet + 24_950, stock));
    })
    .await;
}

#[tokio::test]
async fn no_race_takes_back_more_than_was_shipped() {
    on_both(async |world| {
        let id = shipped(world, 2, 2).await;
        let wallet = world.wallet(ASHA);
        let one = json!({"lines": [{"line": 0, "quantity": 1}, {"line": 1, "quantity": 1}]});
        let keys: Vec<String> = (0..12).map(|key| format!("r{key}")).collect();
        let answers = join_all(keys.iter().map(|key| take_back(world, id, Some(key), &one))).await;
        let done = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(done, 2, "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status != 201) {
            refused.is_about_a_checkout(
                409,
                "More than was shipped",
                json!({"line": 0, "orderStatus": "Shipped"}),
            );
        }
        assert_eq!(world.wallet(ASHA), wallet + 2 * (24_950 + 14_900));
        // A refusal is not remembered: under its key something else may come back.
        let refused = answers.iter().position(|answer| answer.status == 409).expect("ten of them");
        let other = json!({"lines": [{"line": 1, "quantity": 1}]});
        let none = take_back(world, id, Some(&keys[refused]), &other);
        none.await.is_about_a_checkout(
            409,
            "More than was shipped",
            json!({"line": 1, "orderStatus": "Shipped"}),
        );
        // The same request many times is one return.
        let id = shipped(world, 2, 3).await;
        let wallet = world.wallet(ASHA);
        let answers = join_all((0..12).map(|_| take_back(world, id, Some("same"), &one))).await;
        assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| !answer.is_replayed()).count(), 1);
        assert_eq!(world.wallet(ASHA), wallet + 24_950 + 14_900);
    })
    .await;
}

#[tokio::test]
async fn what_can_not_come_back_is_told_and_changes_nothing() {
    on_both(async |world| {
        let fine = json!({"lines": [{"line": 0, "quantity": 1}]});
        let confirmed = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let answer = take_back(world, confirmed, Some("r"), &fine).await;
        assert_eq!((answer.status, answer.error()), (409, "Order can not be returned"));
        assert_eq!(answer.body["orderStatus"], "Confirmed");
        assert_eq!(cancel(world, confirmed).await.status, 200);
        let answer = take_back(world, confirmed, Some("r"), &fine).await;
        assert_eq!(answer.body["orderStatus"], "Cancelled");
        let refused = world.create(&cart(ASHA, &[(TEA, 9999)])).await.body["id"].clone();
        let refused: Uuid = refused.as_str().and_then(|id| id.parse().ok()).expect("an id");
        let answer = take_back(world, refused, Some("r"), &fine).await;
        assert_eq!((answer.status, &answer.body["orderStatus"]), (409, &json!("Rejected")));
        let unknown = world.clock.fresh_id();
        take_back(world, unknown, Some("r"), &fine).await.is_problem(
            404,
            "Order not found",
            json!({}),
        );
        let id = shipped(world, 1, 0).await;
        take_back(world, id, None, &fine).await.is_problem(
            400,
            "Idempotency-Key is required",
            json!({}),
        );
        let quantity = "lines[0].quantity must be a whole number from 1 to 1000000";
        let long = "reason must not be longer than 500 characters";
        for (body, error) in [
            (json!({"lines": []}), "lines must not be empty"),
            (json!({}), "lines must not be empty"),
            (json!({"lines": [{"line": 0, "quantity": 0}]}), quantity),
            (json!({"lines": [{"line": 2, "quantity": 1}]}), "lines: the order has no line 2"),
            (json!({"lines": [{"line": 0, "quantity": 1}], "reason": "x".repeat(501)}), long),
        ] {
            take_back(world, id, Some("r"), &body).await.is_problem(400, error, json!({}));
        }
        let more = json!({"lines": [{"line": 0, "quantity": 2}]});
        let answer = take_back(world, id, Some("r"), &more).await;
        answer.is_about_a_checkout(
            409,
            "More than was shipped",
            json!({"line": 0, "orderStatus": "Shipped"}),
        );
        let nobody = world.get(&format!("/api/returns/{}", world.clock.fresh_id())).await;
        nobody.is_problem(404, "Return not found", json!({}));
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_fails_is_tried_until_it_is_done_and_what_is_under_way_counts() {
    on_both_with(
        |world| world,
        async |world| {
            let id = shipped(world, 2, 3).await;
            world.fault(Fault::once(Call::Refund, FaultKind::Refuse));
            let two = json!({"lines": [{"line": 0, "quantity": 2}]});
            let answer = take_back(world, id, Some("r"), &two).await;
            assert_eq!((answer.status, &answer.body["status"]), (202, &json!("Returning")));
            let path = format!("/api/returns/{}", answer.body["id"].as_str().unwrap_or_default());
            assert_eq!(world.get(&path).await.body["refunded"], 0, "nothing yet");
            let more = json!({"lines": [{"line": 0, "quantity": 1}]});
            let more = take_back(world, id, Some("r2"), &more);
            more.await.is_about_a_checkout(
                409,
                "More than was shipped",
                json!({"line": 0, "orderStatus": "Shipped"}),
            );
            let saga = answer.body["id"].as_str().unwrap_or_default().to_owned();
            let inspected = world.operator(&format!("/sagas/{saga}")).await.body;
            assert_eq!(inspected["stuck"]["kind"], "Refused", "{inspected}");
            let reason = json!({"reason": "they mended it"});
            let retried = world.intervene(&format!("/sagas/{saga}/retry"), &reason).await;
            assert_eq!(retried.status, 200, "{retried:?}");
            let path = format!("/api/returns/{saga}");
            world.until(async || world.get(&path).await.body["status"] == "Returned").await;
            let again = take_back(world, id, Some("r"), &two).await;
            assert_eq!((again.status, again.is_replayed()), (201, true));
        },
    )
    .await;
}
