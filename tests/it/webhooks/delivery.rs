//! Every event reaches every endpoint that wants it, whatever happens in between (promise 60).

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use order_service::clock::Clock;
use order_service::store::DeliveryLease;
use serde_json::{Value, json};
use uuid::Uuid;

use super::receiver::{Receiver, Reply};
use super::{add, deliveries, nearby, order, patient, until};
use crate::cancel::cancel;
use crate::events::feed;
use crate::harness::{BOTH, World, on_both_with};

fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn every_event_reaches_every_endpoint_that_wants_it_signed() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        order(world).await;
        let (all, secret) = add(world, &receiver.url("/all"), &json!({"types": ["*"]})).await;
        let (some, _) =
            add(world, &receiver.url("/some"), &json!({"types": ["order.cancelled"]})).await;
        let (none, _) = add(world, &receiver.url("/none"), &json!({"types": ["saga.*"]})).await;
        let id = order(world).await;
        cancel(world, id).await;
        let told = until(world, &all, "delivered", 3).await;
        until(world, &some, "delivered", 1).await;
        assert_eq!(deliveries(world, &none, "").await, Vec::<Value>::new());
        let events = feed::all(world, 4, 100).await;
        let seen = receiver.seen("/all");
        assert_eq!(seen.len(), 3, "not the one before it was added");
        for seen in &seen {
            let event = seen.event();
            assert!(events.contains(&event), "as in the feed: {event}");
            assert_eq!(seen.header("webhook-id"), event["id"].as_str().expect("an id"));
            assert_eq!(seen.header("content-type"), "application/cloudevents+json");
            assert!(seen.is_signed_by(&secret), "{seen:?}");
            let now = Clock::system().now().timestamp();
            let time: i64 = seen.header("webhook-timestamp").parse().expect("seconds");
            assert!((now - 60..=now + 1).contains(&time), "{time}");
        }
        assert_eq!(receiver.kinds("/some"), ["order.cancelled"]);
        let types: BTreeSet<_> = told.iter().map(|one| one["type"].clone().to_string()).collect();
        assert_eq!(types.len(), 3);
        for delivery in &told {
            assert!(delivery.get("nextAttemptAt").is_none() && delivery.get("cause").is_none());
            let attempts = delivery["attempts"].as_array().expect("a list");
            assert_eq!(attempts.len(), 1, "{delivery}");
            assert_eq!(
                (&attempts[0]["status"], &attempts[0]["response"]),
                (&json!(200), &json!(""))
            );
            assert!(attempts[0]["durationMs"].is_u64() && attempts[0]["at"].is_string());
            assert!(attempts[0].get("error").is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_tried_again_as_scheduled_under_the_same_id() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        let long = "₹".repeat(2000);
        receiver
            .answers("/late", [Reply::Saying(500, long), Reply::Status(503), Reply::Status(204)]);
        receiver.answers("/dead", [Reply::Status(404)]);
        let (late, _) = add(world, &receiver.url("/late"), &json!({})).await;
        let (dead, _) = add(world, &receiver.url("/dead"), &json!({})).await;
        order(world).await;
        let delivered = until(world, &late, "delivered", 1).await;
        let status = |at: usize| &delivered[0]["attempts"][at]["status"];
        assert_eq!([status(0), status(1), status(2)], [500, 503, 204]);
        let kept = delivered[0]["attempts"][0]["response"].as_str().expect("text");
        assert_eq!(kept.len(), 2046, "2 KiB without the letter that would be cut");
        let failed = until(world, &dead, "failed", 1).await;
        assert_eq!(failed[0]["attempts"].as_array().expect("a list").len(), 3, "{failed:?}");
        for path in ["/late", "/dead"] {
            let seen = receiver.seen(path);
            assert_eq!(seen.len(), 3);
            for again in &seen[1..] {
                assert_eq!(again.header("webhook-id"), seen[0].header("webhook-id"));
                assert_eq!(again.body, seen[0].body);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_an_endpoint_asks_for_is_honoured_up_to_twice_the_pause() {
    let hour = |world| patient(world);
    on_both_with(hour, async |world| {
        let receiver = Receiver::start().await;
        for (path, asked, least, most) in [
            ("/1", "5400", 89, 91),
            ("/2", "99999", 119, 121),
            ("/3", "1", 59, 61),
            ("/4", "x", 47, 73),
        ] {
            receiver.answers(path, [Reply::With(429, "retry-after", asked.to_owned())]);
            let (id, _) = add(world, &receiver.url(path), &json!({})).await;
            order(world).await;
            let tried = async || !deliveries(world, &id, "").await.is_empty();
            world.until(tried).await;
            let next = async || {
                let delivery = deliveries(world, &id, "").await.remove(0);
                let has_attempt =
                    delivery["attempts"].as_array().is_some_and(|all| !all.is_empty());
                has_attempt.then(|| delivery["nextAttemptAt"].as_str().expect("when").to_owned())
            };
            world.until(async || next().await.is_some()).await;
            let next = next().await.expect("it was tried");
            let next = next.parse::<chrono::DateTime<chrono::Utc>>().expect("a time");
            let minutes = (next - world.clock.now()).num_minutes();
            assert!((least..=most).contains(&minutes), "{asked}: {minutes}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    on_both_with(patient, async |world| {
        let receiver = Receiver::start().await;
        let to = receiver.url("/elsewhere");
        for (path, status) in [("/301", 301), ("/302", 302), ("/307", 307), ("/308", 308)] {
            receiver.answers(path, [Reply::With(status, "location", to.clone())]);
            let (id, _) = add(world, &receiver.url(path), &json!({})).await;
            order(world).await;
            world.until(async || !receiver.seen(path).is_empty()).await;
            let tried =
                async || deliveries(world, &id, "").await[0]["attempts"][0]["status"].clone();
            world.until(async || tried().await == status).await;
            assert_eq!(deliveries(world, &id, "?state=pending").await.len(), 1, "it failed");
        }
        assert!(receiver.seen("/elsewhere").is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_no_other() {
    on_both_with(nearby, async |world| {
        const ORDERS: usize = 20;
        let receiver = Receiver::start().await;
        receiver.answers("/hangs", [Reply::Never]);
        let (hangs, _) = add(world, &receiver.url("/hangs"), &json!({})).await;
        let nobody = Receiver::start().await.url("/");
        let (_dead, _) = add(world, &nobody.replace("127.0.0.1", "127.0.0.2"), &json!({})).await;
        let (well, _) = add(world, &receiver.url("/well"), &json!({})).await;
        for _one in 0..ORDERS {
            order(world).await;
        }
        until(world, &well, "delivered", ORDERS).await;
        assert_eq!(deliveries(world, &hangs, "?state=pending").await.len(), ORDERS);
        assert!(receiver.seen("/hangs").len() < ORDERS, "it has places of its own");
    })
    .await;
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_in_time_has_failed() {
    let brief =
        |world| nearby(world).set(|config| config.webhooks.timeout = Duration::from_millis(100));
    on_both_with(brief, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Never, Reply::Status(200)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({})).await;
        order(world).await;
        let delivered = until(world, &id, "delivered", 1).await;
        assert_eq!(delivered[0]["attempts"][0]["error"], "no answer in time");
    })
    .await;
}

#[tokio::test]
async fn what_was_not_delivered_is_after_a_restart() {
    for books in BOTH {
        println!("with books in {books:?}");
        let receiver = Receiver::start().await;
        receiver.answers("/hangs", [Reply::Never, Reply::Status(200)]);
        receiver.answers("/later", [Reply::Status(500), Reply::Status(200)]);
        let soon = |world| {
            nearby(world).set(|config| config.webhooks.schedule = vec![Duration::from_secs(1)])
        };
        let world = soon(World::build(books)).start().await;
        let (hangs, _) = add(&world, &receiver.url("/hangs"), &json!({})).await;
        let (later, _) = add(&world, &receiver.url("/later"), &json!({})).await;
        order(&world).await;
        world.until(async || !receiver.seen("/hangs").is_empty()).await;
        world.until(async || !receiver.seen("/later").is_empty()).await;
        // It stops at once, although an endpoint has not answered.
        let world = world.restart().await;
        for id in [&hangs, &later] {
            until(&world, id, "delivered", 1).await;
        }
        let seen = receiver.seen("/hangs");
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
        world.finish().await;
    }
}

#[tokio::test]
async fn an_attempt_of_a_process_that_died_is_made_again() {
    on_both_with(patient, async |world| {
        let receiver = Receiver::start().await;
        receiver.answers("/", [Reply::Status(500), Reply::Status(200)]);
        let (id, _) = add(world, &receiver.url("/"), &json!({})).await;
        order(world).await;
        let is_waiting = async || {
            deliveries(world, &id, "")
                .await
                .first()
                .is_some_and(|one| one["attempts"][0].is_object())
        };
        world.until(is_waiting).await;
        // Another process claims it as if the hour were over, and is heard of no more.
        let now = world.clock.now();
        let lease = DeliveryLease {
            owner: Uuid::from_u128(0xdead),
            now: now + TimeDelta::hours(2),
            until: now + TimeDelta::milliseconds(300),
        };
        let webhook = id.parse().expect("an id");
        let claimed = world.store().claim_deliveries(webhook, lease, 10).await.expect("the books");
        assert_eq!(claimed.len(), 1);
        let delivered = until(world, &id, "delivered", 1).await;
        assert_eq!(delivered[0]["eventId"], json!(claimed[0].event_id));
        assert_eq!(receiver.seen("/").len(), 2);
    })
    .await;
}

#[tokio::test]
async fn many_events_reach_many_endpoints_exactly_once_where_nothing_fails() {
    on_both_with(nearby, async |world| {
        const ORDERS: usize = 30;
        let receiver = Receiver::start().await;
        let mut endpoints = Vec::new();
        for path in ["/1", "/2", "/3"] {
            endpoints.push(add(world, &receiver.url(path), &json!({})).await.0);
        }
        let orders = (0..ORDERS).map(|_| order(world));
        futures::future::join_all(orders).await;
        for id in &endpoints {
            until(world, id, "delivered", ORDERS).await;
        }
        let events = ids(&feed::all(world, ORDERS, 1000).await);
        for path in ["/1", "/2", "/3"] {
            let seen = receiver.seen(path);
            let told: BTreeSet<_> =
                seen.iter().map(|seen| seen.header("webhook-id").to_owned()).collect();
            assert_eq!((seen.len(), told), (ORDERS, events.clone()));
        }
    })
    .await;
}
