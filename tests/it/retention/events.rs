//! Forgetting events: from the first on, never beyond a sink, and without changing what is kept.

use std::time::Duration;

use order_service::store::Cursor;
use serde_json::json;
use uuid::Uuid;

use super::{Forgetter, Place, delivered, ordered, settled};
use crate::books::run_with;
use crate::cancel::{cancel, events};
use crate::harness::{Answer, BOTH, TOKEN, World};
use crate::returns::take_back;
use crate::webhooks::receiver::{Receiver, Reply};
use crate::webhooks::{self, deliveries, nearby, order, until};

async fn feed(world: &World, after: i64) -> Answer {
    let request = world.http.get(world.url(&format!("/api/events?after={after}")));
    Answer::of(request.bearer_auth(TOKEN).send().await.expect("an answer")).await
}

fn forgetter(world: &World, place: &Place, seed: u64) -> Forgetter {
    Forgetter::with(world.store().clone(), &place.path(), seed, |settings| {
        settings.sagas = None;
        settings.events = Some(Duration::from_hours(24));
        settings.deliveries = Some(Duration::from_hours(24));
    })
}

/// Waits until every sink was told of everything, and returns the last position.
async fn told(world: &World) -> i64 {
    settled(world).await;
    let last = world.store().last_position().await.expect("the books");
    let is_told = |cursor: &Cursor| cursor.position >= last;
    world
        .until(async || world.store().cursors().await.expect("the books").iter().all(is_told))
        .await;
    last
}

#[tokio::test]
async fn a_reader_of_what_is_forgotten_is_told_so() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        delivered(&world, "one").await;
        let last = told(&world).await;
        let looked = forgetter(&world, &place, 1).look().await;
        assert_eq!(i64::try_from(looked.events), Ok(last));
        let gone = feed(&world, 0).await;
        let error = format!("Events before {} are gone", last + 1);
        gone.is_problem(410, &error, json!({"first": last + 1}));
        assert_eq!(feed(&world, last).await.body, json!({"events": [], "next": last}));
        let audited = run_with(&world, &["audit", "--rate", "10000"], &[]).await;
        assert_eq!(audited.code, Some(0), "{audited:?}");
        // What comes then goes on behind.
        ordered(&world, "two").await;
        told(&world).await;
        let page = feed(&world, last).await.body;
        assert_eq!(page["next"], last + 1, "{page}");
        assert_eq!(page["events"][0]["type"], "order.confirmed");
        world.stop().await;
    }
}

#[tokio::test]
async fn versions_go_on_where_the_events_before_are_forgotten() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let (arrived, confirmed) = (delivered(&world, "one").await, ordered(&world, "two").await);
        let last = told(&world).await;
        let looked = forgetter(&world, &place, 1).look().await;
        assert_eq!(i64::try_from(looked.events), Ok(last));
        let body = json!({"lines": [{"line": 1, "quantity": 1}]});
        assert_eq!(take_back(&world, arrived, Some("r1"), &body).await.status, 201);
        assert_eq!(cancel(&world, confirmed).await.status, 200);
        told(&world).await;
        let page = feed(&world, last).await.body;
        let of = |id: Uuid| {
            let events = page["events"].as_array().expect("a list").iter();
            let own = events.filter(|event| event["subject"] == json!(id));
            own.map(|event| event["data"]["version"].as_i64().expect("one")).collect::<Vec<_>>()
        };
        // Confirmed, shipped, tracking, delivered came before; and confirmed.
        assert_eq!((of(arrived), of(confirmed)), (vec![5], vec![2, 3]), "{page}");
        assert_eq!(events(&world, arrived).await.len(), 1);
        let audited = run_with(&world, &["audit", "--rate", "10000"], &[]).await;
        assert_eq!(audited.code, Some(0), "{audited:?}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_sink_keeps_what_it_was_not_told() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        delivered(&world, "one").await;
        let last = told(&world).await;
        // A broker that was configured once, and is not any more.
        world.store().add_cursor("broker", 2).await.expect("the books");
        let forgetter = forgetter(&world, &place, 1);
        assert_eq!(forgetter.look().await.events, 2);
        let summary = world.operator("/summary").await.body;
        assert_eq!(summary["retention"]["eventsKeptFor"], "broker", "{summary}");
        assert_eq!(feed(&world, 2).await.body["next"], last);
        assert_eq!(forgetter.look().await.events, 0);
        let lead = world.store().lead(
            "broker",
            Uuid::from_u128(7),
            forgetter.clock.now(),
            Duration::from_secs(1),
        );
        let lead = lead.await.expect("the books").expect("nobody leads");
        assert!(world.store().move_cursor(&lead, last).await.expect("the books"));
        assert_eq!(i64::try_from(forgetter.look().await.events), Ok(last - 2));
        let summary = world.operator("/summary").await.body;
        assert_eq!(summary["retention"].get("eventsKeptFor"), None, "{summary}");
        world.stop().await;
    }
}

#[tokio::test]
async fn only_deliveries_that_are_dealt_with_are_forgotten() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (nearby(World::build(books)).start().await, Place::new());
        let receiver = Receiver::start().await;
        let (id, _) = webhooks::add(&world, &receiver.url("/all"), &json!({"types": ["*"]})).await;
        order(&world).await;
        until(&world, &id, "delivered", 1).await;
        receiver.answers("/all", [Reply::Status(500)]);
        order(&world).await;
        until(&world, &id, "failed", 1).await;
        // One that is being sent, and not answered.
        receiver.answers("/all", [Reply::Never]);
        order(&world).await;
        until(&world, &id, "pending", 1).await;
        told(&world).await;
        let looked = forgetter(&world, &place, 1).look().await;
        assert_eq!(looked.deliveries, 2, "{looked:?}");
        let left = deliveries(&world, &id, "").await;
        let [pending] = &left[..] else { panic!("not one: {left:?}") };
        assert_eq!(pending["state"], "pending");
        world.stop().await;
    }
}
