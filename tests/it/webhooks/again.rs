//! Secrets that change, and what a person asks for: a test, one again, all that failed again.

use serde_json::json;

use super::receiver::{Receiver, Reply};
use super::{add, deliveries, nearby, order, patient, post, until};
use crate::events::feed;
use crate::harness::on_both_with;

#[tokio::test]
async fn after_a_rotation_both_secrets_sign() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        let (id, old) = add(world, &receiver.url("/"), &json!({})).await;
        let rotated = post(world, &format!("/{id}/rotate"), &json!(null)).await;
        assert_eq!((rotated.status, &rotated.body["id"]), (200, &json!(id)));
        let new = rotated.body["secret"].as_str().expect("a secret").to_owned();
        assert_ne!(new, old);
        order(world).await;
        until(world, &id, "delivered", 1).await;
        let seen = receiver.seen("/").remove(0);
        assert_eq!(seen.header("webhook-signature").split(' ').count(), 2);
        assert!(seen.is_signed_by(&old) && seen.is_signed_by(&new));
    })
    .await;
}

#[tokio::test]
async fn a_test_is_sent_once_and_is_in_no_feed() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500)]);
        let (id, secret) = add(world, &receiver.url("/"), &json!({"types": ["saga.*"]})).await;
        let asked = post(world, &format!("/{id}/test"), &json!(null)).await;
        assert_eq!(asked.status, 202);
        let failed = until(world, &id, "failed", 1).await;
        assert_eq!(failed[0]["eventId"], asked.body["eventId"]);
        assert_eq!(failed[0]["type"], "webhook.test");
        let seen = receiver.seen("/");
        assert_eq!(seen.len(), 1);
        let event = seen[0].event();
        assert!(seen[0].is_signed_by(&secret));
        assert_eq!(
            (&event["type"], &event["id"]),
            (&json!("webhook.test"), &asked.body["eventId"])
        );
        assert!(event.get("sequence").is_none(), "{event}");
        order(world).await;
        let events = feed::all(world, 1, 100).await;
        assert_eq!(events[0]["type"], "order.confirmed");
    })
    .await;
}

#[tokio::test]
async fn one_is_sent_again_at_once_whatever_became_of_it() {
    on_both_with(patient, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [500, 500, 200, 200, 500].map(Reply::Status));
        let (id, _) = add(world, &receiver.url("/"), &json!({})).await;
        order(world).await;
        let attempts = async |count: usize| {
            let made = async || {
                let all = deliveries(world, &id, "").await;
                all.first().map(|one| one["attempts"].as_array().expect("a list").len())
            };
            world.until(async || made().await == Some(count)).await;
            deliveries(world, &id, "").await.remove(0)
        };
        let first = attempts(1).await;
        let event = first["eventId"].as_str().expect("an id");
        let resend = format!("/{id}/deliveries/{event}/resend");
        for (count, state) in [(2, "pending"), (3, "delivered"), (4, "delivered"), (5, "delivered")]
        {
            assert_eq!(post(world, &resend, &json!(null)).await.status, 202);
            let now = attempts(count).await;
            assert_eq!(now["state"], state, "{now}");
            if state == "pending" {
                assert_eq!(now["nextAttemptAt"], first["nextAttemptAt"], "the schedule stays");
            }
        }
        let seen = receiver.seen("/");
        assert!(
            seen.iter().all(|one| one.header("webhook-id") == event && one.body == seen[0].body)
        );
    })
    .await;
}

#[tokio::test]
async fn what_failed_since_a_moment_is_sent_again() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({})).await;
        for count in 1..=3 {
            order(world).await;
            until(world, &id, "failed", count).await;
        }
        let events = feed::all(world, 3, 100).await;
        receiver.answers("/", [Reply::Status(200)]);
        let since = json!({"since": events[1]["time"]});
        let recovered = post(world, &format!("/{id}/recover"), &since).await;
        assert_eq!((recovered.status, recovered.body), (202, json!({"count": 2})), "inclusive");
        until(world, &id, "delivered", 2).await;
        let left = deliveries(world, &id, "?state=failed").await;
        assert_eq!((left.len(), &left[0]["eventId"]), (1, &events[0]["id"]));
    })
    .await;
}
