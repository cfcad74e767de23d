//! Events as messages of RabbitMQ: each of them, in order, whatever becomes of the server (promise 61).

use std::collections::BTreeSet;
use std::time::Duration;

use lapin::ExchangeKind;
use lapin::types::ShortString;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, CUP, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    BOTH, Books, Inbox, Queues, Rabbit, TOKEN, World, amqp_url, cart, text_header,
};

/// Within this time a service has stopped and started, on a busy machine too. A confirm is waited for longer.
const PROMPT: Duration = Duration::from_secs(8);

/// A name for one test's exchange and queues.
fn name(of: &str, books: Books) -> String {
    format!("{of}-{books:?}-{}", Clock::system().fresh_id().simple())
}

/// A world that tells this exchange.
async fn telling(books: Books, url: &str, exchange: &str) -> World {
    let (url, exchange) = (amqp_url(url), exchange.to_owned());
    let set = |world: &mut order_service::config::Config| {
        world.broker.url = url;
        world.broker.exchange = exchange;
    };
    World::build(books).set(set).start().await
}

/// The feed from the beginning, once it has this many events.
async fn feed(world: &World, count: usize) -> Vec<Value> {
    loop {
        let url = world.url("/api/events?limit=1000");
        let request = world.http.get(url).bearer_auth(TOKEN);
        let page: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        let events = page["events"].as_array().cloned().unwrap_or_default();
        if events.len() >= count {
            return events;
        }
    }
}

async fn sink(world: &World) -> Value {
    world.operator("/summary").await.body["sinks"][0].clone()
}

/// The events of these ids in the order in which they come into a queue, without repeats, and without those
/// that are none of these: an acknowledgement of ours may have been lost with the server.
async fn told(inbox: &mut Inbox, of: &[Value]) -> Vec<Value> {
    let mut missing: BTreeSet<&str> = of.iter().filter_map(|event| event["id"].as_str()).collect();
    let mut told: Vec<Value> = Vec::new();
    while !missing.is_empty() {
        let event: Value = serde_json::from_slice(&inbox.next().await.data).expect("JSON");
        if missing.remove(event["id"].as_str().expect("an id")) {
            told.push(event);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_published_once_and_in_order() {
    for books in BOTH {
        let (url, exchange) = (Rabbit::shared(), name("events", books));
        let queues = Queues::at(url).await;
        queues.bound_to(&exchange, &exchange, ExchangeKind::Topic).await;
        let mut inbox = queues.read(&exchange).await;
        let world = telling(books, url, &exchange).await;
        let created = world.create(&cart(ASHA, &[(TEA, 1)])).await;
        let order = created.is_created(ASHA, 14_900);
        let refused = world.create(&cart(ASHA, &[(TEA, 1), (CUP, 1_000_000)])).await;
        assert_eq!(refused.status, 409, "{refused:?}");
        let cancelled = world.http.post(world.url(&format!("/api/orders/{order}/cancel")));
        assert_eq!(cancelled.send().await.expect("an answer").status(), 200);
        let events = feed(&world, 4).await;
        for event in &events {
            let message = inbox.next().await;
            let properties = &message.properties;
            let text = |text: &Option<ShortString>| text.as_ref().map(ToString::to_string);
            let body: Value = serde_json::from_slice(&message.data).expect("JSON");
            assert_eq!(&body, event, "the order of the feed, and the same document");
            assert_eq!(message.routing_key.as_str(), event["type"]);
            assert_eq!(json!(text(properties.message_id())), event["id"]);
            assert_eq!(json!(text(properties.kind())), event["type"]);
            let media_type = text(properties.content_type());
            assert_eq!(media_type.as_deref(), Some("application/cloudevents+json"));
            assert_eq!(*properties.delivery_mode(), Some(2));
            assert_eq!(json!(text_header(properties, "traceparent")), event["traceparent"]);
            let time = chrono::DateTime::parse_from_rfc3339(event["time"].as_str().expect("one"));
            let seconds = time.expect("a time").timestamp();
            assert_eq!(*properties.timestamp(), Some(seconds.try_into().expect("since 1970")));
        }
        assert!(inbox.is_silent_for(Duration::from_millis(300)).await, "no event twice");
        let standing = sink(&world).await;
        assert_eq!((&standing["name"], &standing["state"]), (&json!("broker"), &json!("running")));
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_can_be_bound_before_the_first_event() {
    let exchange = name("early", Books::Sqlite);
    let world = telling(Books::Sqlite, Rabbit::shared(), &exchange).await;
    let is_there = async || Queues::at(Rabbit::shared()).await.has_exchange(&exchange).await;
    world.until(is_there).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_no_queue_takes_counts_as_told() {
    let exchange = name("nobody", Books::Sqlite);
    let world = telling(Books::Sqlite, Rabbit::shared(), &exchange).await;
    world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
    feed(&world, 1).await;
    let told = async || sink(&world).await["position"] == json!(1);
    world.until(told).await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_while_the_broker_is_down() {
    for books in BOTH {
        let mut rabbit = Rabbit::to_stop().await;
        let exchange = name("outage", books);
        let queues = Queues::at(&rabbit.url).await;
        queues.bound_to(&exchange, &exchange, ExchangeKind::Topic).await;
        let world = telling(books, &rabbit.url, &exchange).await;
        let buy = async |key: Uuid| {
            let created = world.create_keyed(&cart(ASHA, &[(TEA, 1)]), &key.to_string()).await;
            created.is_created(ASHA, 14_900);
            assert_eq!(world.get("/health/ready").await.status, 200, "ready without the broker");
        };
        buy(Uuid::from_u128(1)).await;
        let first = feed(&world, 1).await;
        told(&mut queues.read(&exchange).await, &first).await;
        drop(queues);
        tokio::task::block_in_place(|| rabbit.stop());
        for nth in 2..6 {
            buy(Uuid::from_u128(nth)).await;
        }
        let failing = async || sink(&world).await["state"] == json!("failing");
        world.until(failing).await;
        assert!(sink(&world).await["lastError"].as_str().expect("a text").contains("RabbitMQ"));
        buy(Uuid::from_u128(6)).await;
        tokio::task::block_in_place(|| rabbit.start());
        buy(Uuid::from_u128(7)).await;
        let events = feed(&world, 7).await;
        let queues = Queues::at(&rabbit.url).await;
        let came = told(&mut queues.read(&exchange).await, &events[1..]).await;
        assert_eq!(came, events[1..], "all, in the order of the feed");
        world.until(async || sink(&world).await["state"] == json!("running")).await;
        world.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_holds_up_no_shutdown_and_is_told_everything_later() {
    for books in BOTH {
        let mut rabbit = Rabbit::to_stop().await;
        let exchange = name("frozen", books);
        let queues = Queues::at(&rabbit.url).await;
        queues.bound_to(&exchange, &exchange, ExchangeKind::Topic).await;
        let world = telling(books, &rabbit.url, &exchange).await;
        world.create(&cart(ASHA, &[(TEA, 1)])).await.is_created(ASHA, 14_900);
        let first = feed(&world, 1).await;
        told(&mut queues.read(&exchange).await, &first).await;
        drop(queues);
        tokio::task::block_in_place(|| rabbit.pause());
        world.create(&cart(ASHA, &[(TEA, 2)])).await.is_created(ASHA, 29_800);
        let events = feed(&world, 2).await;
        // The second event is on its way, and nobody confirms it.
        let restarted = Clock::system().within(PROMPT, Box::pin(world.restart())).await;
        let world = restarted.expect("the confirm is not waited for");
        tokio::task::block_in_place(|| rabbit.resume());
        let queues = Queues::at(&rabbit.url).await;
        told(&mut queues.read(&exchange).await, &events[1..]).await;
        world.until(async || sink(&world).await["position"] == json!(2)).await;
        world.finish().await;
    }
}
