//! Which sagas are forgotten, and which are kept.

use order_service::clock::Clock;
use order_service::sandbox::sample::{CUP, MEENA};
use order_service::sandbox::{Call, Fault, FaultKind};
use serde_json::{Value, json};

use super::{Forgetter, Place, delivered, ordered, refused, settled};
use crate::books::run_with;
use crate::cancel::cancel;
use crate::fulfilment::ship;
use crate::harness::{BOTH, World, cart};
use crate::returns::take_back;

#[tokio::test]
async fn only_what_is_over_is_archived_and_forgotten() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let arrived = delivered(&world, "arrived").await;
        let cancelled = ordered(&world, "cancelled").await;
        assert_eq!(cancel(&world, cancelled).await.status, 200);
        let rejected = refused(&world).await;
        let confirmed = ordered(&world, "confirmed").await;
        let shipped = ordered(&world, "shipped").await;
        let parcel = json!({"carrier": "post", "trackingNumber": "1"});
        assert_eq!(ship(&world, shipped, &parcel).await.status, 201);
        // One whose refund is refused: it is stuck, and its order never final.
        world.fault(Fault::once(Call::Reserve, FaultKind::Refuse));
        world.fault(Fault::once(Call::Refund, FaultKind::Refuse));
        let stuck = world.create(&cart(MEENA, &[(CUP, 1)])).await;
        let stuck = stuck.id();
        world.until(async || world.inspect(stuck).await["stuck"].is_object()).await;
        settled(&world).await;

        let before = world.operator("/summary").await.body;
        let young = Forgetter::with(world.store().clone(), &place.path(), 1, |settings| {
            settings.sagas = Some((super::KEEP * 2, place.path()));
        });
        assert_eq!(young.look().await.sagas, 0, "nothing is old enough");
        young.retention.stop().await;
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 2);
        let looked = forgetter.look().await;
        // The cancelled order's are two: the checkout and the cancellation.
        assert!((looked.led, looked.sagas) == (true, 4), "{looked:?}");
        assert_eq!(forgetter.look().await.sagas, 0, "they are gone");

        for id in [confirmed, shipped, stuck] {
            assert_eq!(world.operator(&format!("/sagas/{id}")).await.status, 200, "{id} is kept");
            assert_eq!(place.found(id), Vec::<Value>::new());
        }
        for (id, sagas) in [(arrived, 1), (cancelled, 2), (rejected, 1)] {
            let found = place.found(id);
            assert_eq!(found.len(), sagas, "{found:?}");
            let gone = world.operator(&format!("/sagas/{id}")).await;
            let file = place.file();
            let file = file.file_name().expect("a name").to_str().expect("text");
            let at = gone.body["archivedAt"].clone();
            assert_eq!(at.as_str().map(|at| &at[..10]), Some(&file[6..16]), "{gone:?}");
            gone.is_problem(410, "Saga forgotten", json!({"archivedAt": at, "file": file}));
            let noted = world.intervene(&format!("/sagas/{id}/notes"), &json!({"text": "x"})).await;
            assert_eq!((noted.status, noted.error()), (410, "Saga forgotten"));
        }
        let after = world.operator("/summary").await.body;
        let count = |of: &Value, state: &str| of["byState"][state].as_u64().expect("a number");
        assert_eq!(count(&before, "Completed") - count(&after, "Completed"), 2);
        assert_eq!(count(&before, "Cancelled") - count(&after, "Cancelled"), 1);
        assert_eq!(count(&before, "Rejected") - count(&after, "Rejected"), 1);
        assert_eq!(after["retention"]["sagas"], 4, "{after}");
        // The audit knows what was forgotten.
        let audited = run_with(&world, &["audit", "--rate", "10000"], &[]).await;
        assert!(!audited.stdout.contains("DIFFERS"), "{audited:?}");
        assert!(audited.stdout.contains("the sagas of 2 orders are forgotten"), "{audited:?}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_line_has_all_that_the_books_had_and_no_address() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let id = delivered(&world, "one").await;
        let note = world.intervene(&format!("/sagas/{id}/notes"), &json!({"text": "called"})).await;
        assert_eq!(note.status, 201, "{note:?}");
        settled(&world).await;
        let shown = world.inspect(id).await;
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert_eq!(forgetter.look().await.sagas, 1);
        let lines = place.lines();
        let [line] = &lines[..] else { panic!("not one: {lines:?}") };
        assert_eq!(line["saga"]["id"], json!(id));
        assert_eq!(line["saga"]["orderId"], json!(id));
        assert_eq!(line["saga"]["idempotencyKey"], "one");
        let steps = line["steps"].as_array().expect("a list");
        assert_eq!(steps.len(), shown["steps"].as_array().expect("a list").len());
        let events = line["events"].as_array().expect("a list");
        let events: Vec<_> =
            events.iter().map(|event| event["type"].as_str().expect("it")).collect();
        assert_eq!(
            events,
            ["order.confirmed", "order.shipped", "order.tracking", "order.delivered"]
        );
        assert_eq!(line["notes"][0]["text"], "called");
        let audit = line["audit"].as_array().expect("a list");
        let audit: Vec<_> =
            audit.iter().map(|entry| entry["action"].as_str().expect("it")).collect();
        assert_eq!(audit, ["ship", "note"]);
        assert!(!line.to_string().contains("Lake Road"), "{line}");
        let manifests = place.manifests();
        assert_eq!(manifests[0]["sagas"], 1);
        assert_eq!(manifests[0]["entries"], steps.len());
        world.stop().await;
    }
}

#[tokio::test]
async fn a_return_keeps_all_sagas_of_its_order_until_it_is_over() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let id = delivered(&world, "one").await;
        world.fault(Fault::once(Call::Refund, FaultKind::Refuse));
        let body = json!({"lines": [{"line": 1, "quantity": 1}]});
        let back = take_back(&world, id, Some("r1"), &body).await;
        assert_eq!(back.status, 202, "{back:?}");
        settled(&world).await;
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert_eq!(forgetter.look().await.sagas, 0, "the return is stuck");
        let saga = back.id();
        let reason = json!({"reason": "they mended it"});
        let retried = world.intervene(&format!("/sagas/{saga}/retry"), &reason).await;
        assert_eq!(retried.status, 200, "{retried:?}");
        world.until(async || world.inspect(saga).await["state"] == "Returned").await;
        settled(&world).await;
        assert_eq!(forgetter.look().await.sagas, 2);
        assert_eq!(place.found(id).len(), 2);
        assert_eq!(place.found(saga).len(), 1);
        let forgotten = world.get(&format!("/api/returns/{saga}")).await;
        assert_eq!((forgotten.status, &forgotten.body["status"]), (200, &json!("Returned")));

        // What comes back later is forgotten later.
        let back = take_back(&world, id, Some("r2"), &body).await;
        assert_eq!(back.status, 201, "{back:?}");
        settled(&world).await;
        assert_eq!(forgetter.look().await.sagas, 1);
        assert_eq!(place.found(id).len(), 3);
        world.stop().await;
    }
}

#[tokio::test]
async fn many_are_forgotten_in_batches_and_each_is_archived_once() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).no_joining().start().await, Place::new());
        let mut all = Vec::new();
        for _each in 0..60 {
            all.push(refused(&world).await);
        }
        settled(&world).await;
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert_eq!(forgetter.look().await.sagas, 60);
        let mut archived: Vec<_> =
            place.lines().iter().map(|line| line["saga"]["id"].clone()).collect();
        assert_eq!(archived.len(), 60);
        archived.sort_by_key(|id| id.to_string());
        archived.dedup();
        assert_eq!(archived.len(), 60);
        // With the next day begins the next file.
        let late = refused(&world).await;
        settled(&world).await;
        forgetter.clock.advance(std::time::Duration::from_hours(24));
        assert_eq!(forgetter.look().await.sagas, 1);
        assert_eq!(place.found(late).len(), 1);
        assert_eq!(place.manifests().len(), 2);
        let again = Clock::system().now();
        assert!(again < forgetter.clock.now(), "the walk ahead of time is behind it");
        let left = world.operator("/sagas?limit=5").await.body;
        assert_eq!(left["items"], json!([]), "{left}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_forgotten_key_is_a_new_order() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let id = delivered(&world, "one").await;
        settled(&world).await;
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert_eq!(forgetter.look().await.sagas, 1);
        let again = ordered(&world, "one").await;
        assert_ne!(again, id);
        world.stop().await;
    }
}
