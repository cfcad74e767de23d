//! Endpoints that want the events of an order one after the other.

use serde_json::{Value, json};

use super::receiver::{Receiver, Reply};
use super::{add, deliveries, nearby, order, patient, post, until};
use crate::cancel::cancel;
use crate::harness::on_both_with;

#[tokio::test]
async fn the_next_event_of_an_order_waits_for_the_one_before() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [500, 500, 200, 500, 500, 500, 200].map(Reply::Status));
        let (id, _) = add(world, &receiver.url("/"), &json!({"ordered": true})).await;
        let of = order(world).await;
        cancel(world, of).await;
        // The first is delivered, the second given up, the third delivered.
        until(world, &id, "delivered", 2).await;
        let (first, second, third) = ("order.confirmed", "order.cancelling", "order.cancelled");
        assert_eq!(receiver.kinds("/"), [first, first, first, second, second, second, third]);
        assert_eq!(deliveries(world, &id, "?state=failed").await[0]["type"], second);
    })
    .await;
}

#[tokio::test]
async fn one_that_waits_has_no_next_attempt_and_other_orders_do_not_wait() {
    on_both_with(patient, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500), Reply::Status(200)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({"ordered": true})).await;
        let of = order(world).await;
        world.until(async || !receiver.seen("/").is_empty()).await;
        cancel(world, of).await;
        order(world).await;
        until(world, &id, "delivered", 1).await;
        let waiting = until(world, &id, "pending", 3).await;
        let next = |kind: &str| -> Value {
            let found = waiting.iter().find(|one| one["type"] == kind).expect("one of the kind");
            found.get("nextAttemptAt").expect("it is pending").clone()
        };
        assert!(next("order.confirmed").is_string());
        assert_eq!((next("order.cancelling"), next("order.cancelled")), (json!(null), json!(null)));
        // A resend of the first lets the others follow.
        let first = waiting.iter().find(|one| one["type"] == "order.confirmed").expect("the first");
        let event = first["eventId"].as_str().expect("an id");
        post(world, &format!("/{id}/deliveries/{event}/resend"), &json!(null)).await;
        until(world, &id, "delivered", 4).await;
        let kinds = receiver.kinds("/");
        assert_eq!(kinds[2..], ["order.confirmed", "order.cancelling", "order.cancelled"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_recovered_follows_in_order() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({"ordered": true})).await;
        for _one in 0..3 {
            let of = order(world).await;
            cancel(world, of).await;
        }
        until(world, &id, "failed", 9).await;
        let before = receiver.seen("/").len();
        receiver.answers("/", [Reply::Status(200)]);
        let since = json!({"since": "2020-01-01T00:00:00Z"});
        let recovered = post(world, &format!("/{id}/recover"), &since).await;
        assert_eq!(recovered.body, json!({"count": 9}));
        until(world, &id, "delivered", 9).await;
        let seen = receiver.seen("/").split_off(before);
        let mut versions = std::collections::BTreeMap::<String, Vec<Value>>::new();
        for event in seen.iter().map(super::receiver::Seen::event) {
            let of = event["subject"].as_str().expect("an order").to_owned();
            versions.entry(of).or_default().push(event["data"]["version"].clone());
        }
        assert_eq!(versions.len(), 3);
        assert!(versions.values().all(|all| *all == [1, 2, 3]), "{versions:?}");
    })
    .await;
}
