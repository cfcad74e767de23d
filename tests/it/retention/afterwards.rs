//! What is left of what is forgotten.

use serde_json::{Value, json};

use super::{Forgetter, Place, delivered, ordered, refused, settled};
use crate::cancel::{cancel, preview};
use crate::harness::{BOTH, World};

#[tokio::test]
async fn an_order_answers_as_before_without_its_sagas() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let arrived = delivered(&world, "arrived").await;
        let cancelled = ordered(&world, "cancelled").await;
        let first = cancel(&world, cancelled).await;
        assert_eq!(first.status, 200, "{first:?}");
        settled(&world).await;
        let looks = async |id| {
            let (order, tracking) =
                (format!("/api/orders/{id}"), format!("/api/orders/{id}/tracking"));
            (world.get(&order).await.body, world.get(&tracking).await.body, world.status(id).await)
        };
        let of_preview = |mut preview: Value| {
            preview.as_object_mut().expect("an object").remove("sagaId");
            preview
        };
        let before = [looks(arrived).await, looks(cancelled).await];
        let previewed = of_preview(preview(&world, cancelled).await);
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert_eq!(forgetter.look().await.sagas, 3);
        let after = [looks(arrived).await, looks(cancelled).await];
        for (before, after) in before.into_iter().zip(after) {
            assert_eq!((&before.0, &before.1), (&after.0, &after.1));
            let mut status = before.2;
            status["state"] = Value::Null;
            assert_eq!(after.2, status);
        }
        assert_eq!(of_preview(preview(&world, cancelled).await), previewed);
        let again = cancel(&world, cancelled).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert!(again.is_replayed());
        let late = cancel(&world, arrived).await;
        assert_eq!((late.status, &late.body["orderStatus"]), (409, &json!("Delivered")));
        let page = world.get(&format!("/api/orders/{arrived}/stream")).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.body.as_str().is_some_and(|text| text.contains("event: end")), "{page:?}");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_checkout_that_never_became_an_order_is_found_nowhere() {
    for books in BOTH {
        println!("with books in {books:?}");
        let (world, place) = (World::build(books).start().await, Place::new());
        let id = refused(&world).await;
        settled(&world).await;
        assert_eq!(world.status(id).await["status"], "Rejected");
        let forgetter = Forgetter::new(world.store().clone(), &place.path(), 1);
        assert_eq!(forgetter.look().await.sagas, 1);
        for path in ["", "/status", "/tracking", "/stream", "/cancellation"] {
            let answer = world.get(&format!("/api/orders/{id}{path}")).await;
            assert_eq!((answer.status, answer.error()), (404, "Order not found"), "{path}");
        }
        let answer = cancel(&world, id).await;
        assert_eq!((answer.status, answer.error()), (404, "Order not found"));
        world.stop().await;
    }
}
