//! Cancelling what stands.

use futures::future::join_all;
use order_service::sandbox::Call;
use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{cancel, cancel_with, events, is_cancelled, is_cancelling, preview, told};
use crate::harness::{Answer, cart, on_both, on_both_with};

#[tokio::test]
async fn a_confirmed_order_is_given_back_and_every_repeat_is_told_the_same() {
    on_both(async |world| {
        let (wallet, stock) = (world.wallet(ASHA), world.stock(TEA));
        let order = cart(ASHA, &[(TEA, 2), (TEA, 1)]);
        let created = world.create_keyed(&order, "k").await;
        let id = created.is_created(ASHA, 3 * 14_900);
        let released =
            json!([{"productId": TEA, "quantity": 2}, {"productId": TEA, "quantity": 1}]);
        let allowed = json!({"allowed": true, "refund": 3 * 14_900, "release": released});
        assert_eq!(preview(world, id).await, allowed);
        let body = json!({"reason": "fraud", "note": "a stolen card"});
        let answer = cancel_with(world, id, &body, "wait=20").await;
        is_cancelled(&answer, (id, ASHA), 3 * 14_900, &released);
        assert!(!answer.is_replayed());
        assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet, stock));
        for body in [json!({}), json!({"reason": "other"})] {
            let again = cancel_with(world, id, &body, "respond-async").await;
            is_cancelled(&again, (id, ASHA), 3 * 14_900, &released);
            assert!(again.is_replayed(), "{again:?}");
        }
        assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet, stock));
        // The answer of create never turns.
        let repeat = world.create_keyed(&order, "k").await;
        assert_eq!((repeat.status, &repeat.body), (201, &created.body));
        let status = world.status(id).await;
        assert_eq!(status["status"], "Cancelled");
        assert_eq!(status["state"], "Completed");
        let shown = world.get(&format!("/api/orders/{id}")).await.body;
        assert_eq!(shown["status"], "Cancelled");
        assert!(shown["cancelledAt"].is_string(), "{shown}");
        let told_of = ["order.confirmed", "order.cancelling", "order.cancelled"];
        assert_eq!(events(world, id).await, told(&told_of));
        let after = preview(world, id).await;
        assert_eq!(after["allowed"], false);
        assert_eq!((&after["status"], &after["refunded"]), (&json!("Cancelled"), &json!(44_700)));
        let saga = world.inspect(after["sagaId"].as_str().and_then(|id| id.parse().ok()).unwrap());
        let saga = saga.await;
        assert_eq!((&saga["kind"], &saga["state"]), (&json!("cancellation"), &json!("Cancelled")));
        assert_eq!(saga["orderId"], json!(id));
        let of_order = |kind: &str, state: &str, id: &Value| {
            json!([{"id": id, "kind": kind, "state": state, "stuck": null}])
        };
        assert_eq!(saga["related"], of_order("checkout", "Completed", &json!(id)));
        let checkout = world.inspect(id).await;
        assert_eq!(checkout["related"], of_order("cancellation", "Cancelled", &saga["id"]));
    })
    .await;
}

#[tokio::test]
async fn many_cancels_at_once_are_one() {
    on_both(async |world| {
        let wallet = world.wallet(ASHA);
        let id = world.create(&cart(ASHA, &[(TEA, 3)])).await.is_created(ASHA, 3 * 14_900);
        let answers = join_all((0..24).map(|_| cancel(world, id))).await;
        for answer in &answers {
            is_cancelled(
                answer,
                (id, ASHA),
                3 * 14_900,
                &json!([{"productId": TEA, "quantity": 3}]),
            );
        }
        let first = answers.iter().filter(|answer| !answer.is_replayed()).count();
        assert_eq!(first, 1, "one of them cancelled it");
        assert_eq!(world.wallet(ASHA), wallet);
        assert_eq!(world.sent(Call::Refund).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_free_order_has_nothing_to_refund() {
    on_both(async |world| {
        let free = Uuid::from_u128(0xf);
        world.put_product(free, 0, 5).await;
        let id = world.create(&cart(ASHA, &[(free, 2)])).await.is_created(ASHA, 0);
        let answer = cancel(world, id).await;
        is_cancelled(&answer, (id, ASHA), 0, &json!([{"productId": free, "quantity": 2}]));
        assert_eq!(world.stock(free), 5);
        assert_eq!(world.sent(Call::Refund), vec![]);
    })
    .await;
}

#[tokio::test]
async fn who_does_not_wait_is_told_where_to_ask() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let answer = cancel_with(world, id, &json!(null), "respond-async").await;
        is_cancelling(&answer, (id, ASHA));
        assert_eq!(answer.header("preference-applied"), Some("respond-async"));
        world.until(async || world.status(id).await["status"] == "Cancelled").await;
    })
    .await;
}

#[tokio::test]
async fn a_bad_request_changes_nothing() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let rule = "reason must be one of customer, declined, fraud, inventory, staff, other";
        for (body, error) in [
            (json!({"reason": "boredom"}), rule),
            (json!({"note": "x".repeat(501)}), "note must not be longer than 500 characters"),
        ] {
            cancel_with(world, id, &body, "wait=1").await.is_problem(400, error, json!({}));
        }
        let path = "/api/orders/x/cancel";
        let answer = world.http.post(world.url(path)).send().await.expect("an answer");
        Answer::of(answer).await.is_problem(400, "id is not a UUID", json!({}));
        let unknown = world.clock.fresh_id();
        cancel(world, unknown).await.is_problem(404, "Order not found", json!({}));
        let answer = world.get(&format!("/api/orders/{unknown}/cancellation")).await;
        answer.is_problem(404, "Order not found", json!({}));
        assert_eq!(world.status(id).await["status"], "Confirmed");
        // An empty body says nothing, whatever its type.
        let url = world.url(&format!("/api/orders/{id}/cancel"));
        let empty = world.http.post(url).header("content-type", "text/plain").body("");
        assert_eq!(empty.send().await.expect("an answer").status(), 200);
    })
    .await;
}

#[tokio::test]
async fn an_operator_cancels_for_a_customer_and_is_named() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let path = format!("/orders/{id}/cancel");
        let answer = world.intervene(&path, &json!({"note": "as asked"})).await;
        answer.is_problem(400, "reason is required", json!({}));
        let answer = world.intervene(&path, &json!({"reason": "staff"})).await;
        is_cancelled(&answer, (id, ASHA), 14_900, &json!([{"productId": TEA, "quantity": 1}]));
        let saga = preview(world, id).await["sagaId"].as_str().unwrap_or_default().to_owned();
        let saga = world.operator(&format!("/sagas/{saga}")).await.body;
        let begun = &saga["steps"][0];
        assert_eq!(
            (&begun["step"], &begun["request"]["reason"]),
            (&json!("begin"), &json!("staff"))
        );
        assert_eq!(begun["executor"], "operator");
    })
    .await;
}

#[tokio::test]
async fn at_neighbours_that_act_again_on_every_call_nothing_goes_back_twice() {
    on_both_with(
        |world| world.not_idempotent(),
        async |world| {
            let (wallet, stock) = (world.wallet(ASHA), world.stock(TEA));
            let id = world.create(&cart(ASHA, &[(TEA, 1), (TEA, 2)])).await;
            let id = id.is_created(ASHA, 3 * 14_900);
            let answers = join_all((0..8).map(|_| cancel(world, id))).await;
            assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
            assert_eq!((world.wallet(ASHA), world.stock(TEA)), (wallet, stock));
        },
    )
    .await;
}
