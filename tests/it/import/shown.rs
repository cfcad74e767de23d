//! An imported order is shown like any other, and nothing can be done with it.

use order_service::sandbox::sample::{CUP, MEENA, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ITEMS, ORDERS, Place};
use crate::books::run;
use crate::console::Browser;
use crate::harness::{Answer, BOTH, Books, TOKEN, World, cart};

const ID: Uuid = Uuid::from_u128(0xa1);

fn imported(url: &str, flags: &[&str]) {
    let place = Place::beside(url);
    let orders = format!("{ORDERS}{ID},{MEENA},450.00,2024-01-02T03:04:05.1234567\n");
    let items = format!(
        "{ITEMS}{},{ID},{TEA},3,149\n{},{ID},{CUP},1,3.00\n",
        Uuid::from_u128(0xb1),
        Uuid::from_u128(0xb2)
    );
    place.write(orders, items);
    let ran = place.import(flags);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// A world with an imported order: beside the service on PostgreSQL, while it is stopped on SQLite.
async fn with_import(books: Books, flags: &'static [&'static str]) -> World {
    let world = World::build(books).start().await;
    let url = world.config.database.url.reveal().to_owned();
    match books {
        Books::Postgres => {
            imported(&url, flags);
            world
        }
        Books::Sqlite => {
            let place = Place::beside(&url);
            place.write(ORDERS, ITEMS);
            let ran = place.import(&[]);
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.stderr.contains("is in use by another process"), "{ran:?}");
            let clock = world.clock.clone();
            world.restart_after(clock, |_config| imported(&url, flags)).await
        }
    }
}

async fn post(world: &World, path: &str, body: Value) -> Answer {
    let request = world.http.post(world.url(path)).bearer_auth(TOKEN).json(&body);
    let request = request.header("Idempotency-Key", "once").header("X-Operator", "asha");
    Answer::of(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn an_imported_order_is_shown_by_every_route_that_reads() {
    for books in BOTH {
        let world = with_import(books, &[]).await;
        let id = ID;
        let order = world.get(&format!("/api/orders/{id}")).await;
        assert_eq!(order.status, 200, "{order:?}");
        let at = "2024-01-02T03:04:05.123456Z";
        assert_eq!(order.body["createdAt"], at);
        assert_eq!(order.body["totalAmount"], 45_000);
        assert_eq!(order.body["status"], "Delivered");
        assert_eq!(order.body["items"][0]["unitPrice"], 14_900);
        assert_eq!(order.body["items"][1]["productId"], json!(CUP));
        let status = world.status(id).await;
        assert_eq!(
            status,
            json!({
                "id": id, "userId": MEENA, "status": "Delivered", "state": null, "totalAmount": 45_000,
                "createdAt": at, "updatedAt": at, "orderUrl": format!("/api/orders/{id}"),
            })
        );
        let tracking = world.get(&format!("/api/orders/{id}/tracking")).await.body;
        assert_eq!(tracking["status"], "Delivered");
        assert_eq!((&tracking["shipments"], &tracking["timeline"]), (&json!([]), &json!([])));
        let preview = world.get(&format!("/api/orders/{id}/cancellation")).await.body;
        assert_eq!((&preview["allowed"], &preview["status"]), (&json!(false), &json!("Delivered")));
        assert!(preview["why"].as_str().expect("a sentence").contains("imported"), "{preview}");
        // Among the orders of its user, before those that came later.
        let own = world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
        let history = world.get(&format!("/api/orders/user/{MEENA}?sort=createdAt")).await.body;
        let listed = history.as_array().expect("a list").iter();
        let ids: Vec<_> = listed.map(|order| order["id"].clone()).collect();
        assert_eq!(ids, [json!(id), json!(own)], "{history}");
        // One look, and it is over.
        let stream = world.http.get(world.url(&format!("/api/orders/{id}/stream")));
        let stream = stream.send().await.expect("an answer").text().await.expect("its end");
        let events: Vec<_> = stream.lines().filter(|line| line.starts_with("event:")).collect();
        assert_eq!(events, ["event: status", "event: end"], "{stream}");
        let again = world.http.get(world.url(&format!("/api/orders/{id}/stream")));
        let again = again.header("Last-Event-ID", "0").send().await.expect("an answer");
        assert_eq!(again.status(), 204);
        let page =
            Browser::signed_in(&world, TOKEN).await.get(&format!("/console/orders/{id}")).await;
        assert_eq!((page.status, page.text("order-status")), (200, "Delivered".to_owned()));
        assert!(page.text("order-imported").starts_with("imported from the old database"));
        assert!(page.tags("action-cancel").is_empty() && page.tags("order-saga").is_empty());
        // Nobody was told.
        let events = world.operator_events().await;
        assert!(events.iter().all(|event| event["subject"] != json!(id)), "{events:?}");
        world.finish().await;
    }
}

#[tokio::test]
async fn nothing_can_be_done_with_an_imported_order() {
    for books in BOTH {
        for status in ["Delivered", "Confirmed"] {
            let flags: &[&str] =
                if status == "Confirmed" { &["--status", "confirmed"] } else { &[] };
            let world = with_import(books, flags).await;
            let ship = json!({"carrier": "Post", "trackingNumber": "1"});
            let back = json!({"lines": [{"line": 0, "quantity": 1}]});
            for (path, body, error) in [
                ("cancel", json!({}), "Order can not be cancelled"),
                ("shipments", ship, "Order can not be shipped"),
                ("returns", back, "Order can not be returned"),
            ] {
                let answer = post(&world, &format!("/api/orders/{ID}/{path}"), body).await;
                assert_eq!(answer.status, 409, "{path}: {answer:?}");
                assert_eq!(answer.body["error"], error);
                assert_eq!(answer.body["orderStatus"], status);
                let detail = answer.body["detail"].as_str().expect("a sentence");
                assert!(detail.contains("imported from the old database"), "{detail}");
            }
            let by_staff = json!({"reason": "fraud"});
            let path = format!("/api/operator/orders/{ID}/cancel");
            assert_eq!(post(&world, &path, by_staff).await.status, 409);
            assert_eq!(world.status(ID).await["status"], status);
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn an_audit_passes_over_imported_orders_and_still_finds_one_that_lost_its_saga() {
    for books in BOTH {
        let world = with_import(books, &[]).await;
        let lost = world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
        let ran = run(&world, &["audit"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("1 saga and 2 orders looked at, 1 payment"), "{ran:?}");
        world.lose_saga(lost).await;
        let ran = run(&world, &["audit"]).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains("an order, and no saga"), "{ran:?}");
        assert!(!ran.stdout.contains(&ID.to_string()), "{ran:?}");
        world.stop().await;
    }
}

impl World {
    async fn operator_events(&self) -> Vec<Value> {
        let request = self.http.get(self.url("/api/events?limit=1000")).bearer_auth(TOKEN);
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        answer.body["events"].as_array().expect("a list").clone()
    }

    /// Deletes the row and the log of a saga behind the service's back.
    async fn lose_saga(&self, id: Uuid) {
        use entity::{saga_instance, step_log};
        use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
        let place = Place::beside(self.config.database.url.reveal());
        let books = place.books().await;
        saga_instance::Entity::delete_by_id(id).exec(&books).await.expect("a row");
        let log = step_log::Entity::delete_many().filter(step_log::Column::SagaId.eq(id));
        log.exec(&books).await.expect("rows");
        books.close().await.expect("closing");
    }
}
