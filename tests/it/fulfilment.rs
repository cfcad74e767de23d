//! Shipments, what carriers report, and tracking, over HTTP.

use futures::future::{join_all, select_all};
use order_service::sandbox::sample::{ASHA, CUP, MEENA, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cancel::{cancel, events, moved, moves, told};
use crate::harness::{Answer, TOKEN, World, cart, on_both};

/// An order of two cups and three teas.
async fn ordered(world: &World) -> Uuid {
    let order = cart(ASHA, &[(CUP, 2), (TEA, 3)]);
    world.create(&order).await.is_created(ASHA, 2 * 24_950 + 3 * 14_900)
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    let request = world.http.post(world.url(path)).bearer_auth(TOKEN).json(body);
    Answer::of(request.send().await.expect("an answer")).await
}

pub async fn ship(world: &World, id: Uuid, body: &Value) -> Answer {
    post(world, &format!("/api/orders/{id}/shipments"), body).await
}

/// What a carrier reports of a shipment.
pub async fn reported(world: &World, shipment: &str, reports: &Value) {
    let answer = post(world, &format!("/api/shipments/{shipment}/events"), reports).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Ships, and returns the path of the shipment's events.
async fn shipped(world: &World, id: Uuid, number: &str, lines: &Value) -> String {
    let body = json!({"carrier": "post", "trackingNumber": number, "lines": lines});
    let answer = ship(world, id, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    format!("/api/shipments/{}/events", answer.body["id"].as_str().unwrap_or_default())
}

pub fn report(status: &str, minute: u32) -> Value {
    json!({"status": status, "at": format!("2026-05-01T10:{minute:02}:00Z")})
}

async fn status(world: &World, id: Uuid) -> Value {
    world.status(id).await["status"].clone()
}

#[tokio::test]
async fn a_parcel_makes_the_order_shipped_and_its_arrival_delivered() {
    on_both(async |world| {
        let id = ordered(world).await;
        let body = json!({
            "Carrier": " post ",
            "trackingNumber": "P1",
            "trackingUrl": "https://post.example/P1",
            "lines": [{"line": 0, "quantity": 1}, {"line": 0, "quantity": 1}],
            "shippedAt": "2026-05-01T15:00:00+05:30",
            "estimatedDelivery": "2026-05-03T00:00:00Z",
        });
        let answer = ship(world, id, &body).await;
        let shipment = answer.body["id"].clone();
        let parcel = json!({
            "id": shipment, "orderId": id, "carrier": "post", "trackingNumber": "P1",
            "trackingUrl": "https://post.example/P1", "lines": [{"line": 0, "quantity": 2}],
            "state": "label_created", "shippedAt": "2026-05-01T09:30:00Z",
            "estimatedDelivery": "2026-05-03T00:00:00Z", "deliveredAt": null, "events": [],
        });
        assert_eq!((answer.status, &answer.body), (201, &parcel), "{answer:?}");
        let path = format!("/api/shipments/{}", shipment.as_str().unwrap_or_default());
        assert_eq!(answer.header("location"), Some(path.as_str()));
        assert_eq!(status(world, id).await, "Shipped");
        // The same number again is the first one, whatever else it says.
        let other = json!({"carrier": "post", "trackingNumber": "P1", "lines": [{"line": 1, "quantity": 3}]});
        let odd = json!({"carrier": "post", "trackingNumber": "P1", "trackingUrl": "ftp://x", "lines": []});
        for other in [other, odd] {
            let again = ship(world, id, &other).await;
            assert_eq!((again.status, &again.body), (200, &parcel));
        }
        // The rest leaves with another.
        let rest = ship(world, id, &json!({"carrier": "post", "trackingNumber": "P2"})).await;
        assert_eq!(rest.body["lines"], json!([{"line": 1, "quantity": 3}]), "{rest:?}");
        let nothing = ship(world, id, &json!({"carrier": "post", "trackingNumber": "P3"})).await;
        assert_eq!((nothing.status, nothing.error()), (409, "Nothing left to ship"));
        let reports = format!("{path}/events");
        let both = json!([report("in_transit", 1), report("delivered", 9)]);
        let arrived = post(world, &reports, &both).await;
        assert_eq!((arrived.status, &arrived.body["state"]), (200, &json!("delivered")));
        assert_eq!(arrived.body["deliveredAt"], "2026-05-01T10:09:00Z");
        assert_eq!(status(world, id).await, "Shipped", "the rest is on its way");
        let rest = format!("/api/shipments/{}/events", rest.body["id"].as_str().unwrap_or_default());
        post(world, &rest, &report("delivered", 20)).await;
        assert_eq!(status(world, id).await, "Delivered");
        let expected = [
            "order.confirmed",
            "order.shipped",
            "order.shipped",
            "order.tracking",
            "order.tracking",
            "order.tracking",
            "order.delivered",
        ];
        assert_eq!(events(world, id).await, told(&expected));
        let shown = world.get(&path).await;
        assert_eq!(shown.status, 401, "who reads it has a token");
        let tracking = world.get(&format!("/api/orders/{id}/tracking")).await.body;
        assert_eq!((&tracking["status"], &tracking["shipments"][0]), (&json!("Delivered"), &arrived.body));
        let kinds: Vec<_> = tracking["timeline"].as_array().into_iter().flatten().collect();
        assert_eq!(kinds.len(), 7, "{tracking}");
        let shown = world.get(&format!("/api/orders/{id}")).await.body;
        assert!(shown["shippedAt"].is_string() && shown["deliveredAt"].is_string(), "{shown}");
        assert!(shown["cancelledAt"].is_null(), "{shown}");
        let refused = cancel(world, id).await;
        assert_eq!((refused.status, &refused.body["orderStatus"]), (409, &json!("Delivered")));
    })
    .await;
}

#[tokio::test]
async fn reports_are_a_set_and_what_arrived_stays() {
    on_both(async |world| {
        let id = ordered(world).await;
        let reports = shipped(world, id, "P1", &json!(null)).await;
        let first = post(
            world,
            &reports,
            &json!({"status": "picked_up", "at": "2026-05-01T10:00:00Z", "eventId": "e1"}),
        )
        .await;
        assert_eq!(first.body["events"][0]["id"], "e1");
        // The same again, by its id; with other content the greater stays.
        for (word, at, state) in [
            ("picked_up", "2026-05-01T10:00:00Z", "picked_up"),
            ("in_transit", "2026-05-01T09:00:00Z", "picked_up"),
            ("in_transit", "2026-05-01T11:00:00Z", "in_transit"),
        ] {
            let again = json!({"status": word, "at": at, "eventId": "e1"});
            let answer = post(world, &reports, &again).await;
            let seen = (answer.status, &answer.body["state"], answer.body["events"].as_array());
            assert_eq!((seen.0, seen.1), (200, &json!(state)), "{answer:?}");
            assert_eq!(seen.2.map(Vec::len), Some(1));
        }
        post(world, &reports, &report("delivered", 30)).await;
        assert_eq!(status(world, id).await, "Delivered");
        for late in
            [report("out_for_delivery", 25), report("exception", 59), report("delivered", 40)]
        {
            let answer = post(world, &reports, &late).await;
            assert_eq!(answer.body["state"], "delivered", "{answer:?}");
            assert_eq!(answer.body["deliveredAt"], "2026-05-01T10:30:00Z");
        }
        assert_eq!(status(world, id).await, "Delivered");
        let answer = post(
            world,
            &reports,
            &json!({"status": "CUSTOMS", "at": "2026-05-01T08:00:00Z", "description": "held"}),
        )
        .await;
        assert_eq!(answer.body["events"][0]["status"], "other");
        assert_eq!(answer.body["events"][0]["description"], "CUSTOMS: held");
        let told_of =
            events(world, id).await.into_iter().filter(|(kind, _)| kind == "order.delivered");
        assert_eq!(told_of.count(), 1);
        let tracked =
            events(world, id).await.into_iter().filter(|(kind, _)| kind == "order.tracking");
        assert_eq!(tracked.count(), 6, "one for each that was new");
    })
    .await;
}

#[tokio::test]
async fn no_race_ships_more_than_was_ordered() {
    on_both(async |world| {
        let id = ordered(world).await;
        let one = |number: usize| {
            json!({"carrier": "post", "trackingNumber": number.to_string(), "lines": [{"line": 1, "quantity": 1}]})
        };
        let bodies: Vec<_> = (0..12).map(one).collect();
        let answers = join_all(bodies.iter().map(|body| ship(world, id, body))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3, "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status != 201) {
            refused.is_about_a_checkout(409, "More than was ordered", json!({"line": 1, "orderStatus": "Shipped"}));
        }
        let same = json!({"carrier": "post", "trackingNumber": "same", "lines": [{"line": 0, "quantity": 1}]});
        let answers = join_all((0..8).map(|_| ship(world, id, &same))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)));
    })
    .await;
}

#[tokio::test]
async fn of_a_cancel_and_a_shipment_exactly_one_wins() {
    on_both(async |world| {
        for round in 0..10 {
            let id = world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
            let body = json!({"carrier": "post", "trackingNumber": "1"});
            let (cancelled, shipped) = tokio::join!(cancel(world, id), ship(world, id, &body));
            match (cancelled.status, shipped.status) {
                (200, 409) => assert_eq!(status(world, id).await, "Cancelled"),
                (409, 201) => {
                    assert_eq!(cancelled.body["orderStatus"], "Shipped");
                    assert_eq!(status(world, id).await, "Shipped");
                }
                both => panic!("round {round}: {both:?}, {cancelled:?}, {shipped:?}"),
            }
        }
        let id = world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900);
        assert_eq!(cancel(world, id).await.status, 200);
        let late = ship(world, id, &json!({"carrier": "post", "trackingNumber": "1"})).await;
        assert_eq!((late.status, late.error()), (409, "Order can not be shipped"));
        assert_eq!(late.body["orderStatus"], "Cancelled");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    on_both(async |world| {
        let id = ordered(world).await;
        let with = |member: &str, value: Value| {
            let mut body = json!({"carrier": "post", "trackingNumber": "1"});
            body[member] = value;
            body
        };
        let quantity = "lines[0].quantity must be a whole number from 1 to 1000000";
        for (body, error) in [
            (with("carrier", json!(" ")), "carrier is required"),
            (with("trackingNumber", json!(null)), "trackingNumber is required"),
            (with("carrier", json!("a\nb")), "carrier must not have control characters"),
            (
                with("trackingUrl", json!("javascript:x")),
                "trackingUrl must be an http or https address",
            ),
            (with("lines", json!([])), "lines must not be empty"),
            (with("lines", json!([{"line": 0, "quantity": 0}])), quantity),
            (with("lines", json!([{"line": 2, "quantity": 1}])), "lines: the order has no line 2"),
            (with("shippedAt", json!("yesterday")), "shippedAt must be a time as in RFC 3339"),
        ] {
            ship(world, id, &body).await.is_problem(400, error, json!({}));
        }
        let fine = json!({"carrier": "post", "trackingNumber": "1"});
        let unknown = world.clock.fresh_id();
        ship(world, unknown, &fine).await.is_problem(404, "Order not found", json!({}));
        let refused = world.create(&cart(ASHA, &[(TEA, 9999)])).await.body["id"].clone();
        let refused: Uuid = refused.as_str().and_then(|id| id.parse().ok()).expect("an id");
        let answer = ship(world, refused, &fine).await;
        assert_eq!((answer.status, &answer.body["orderStatus"]), (409, &json!("Rejected")));
        let tracking = world.get(&format!("/api/orders/{refused}/tracking")).await.body;
        assert_eq!((&tracking["status"], &tracking["shipments"]), (&json!("Rejected"), &json!([])));
        assert_eq!(tracking["timeline"][0]["type"], "order.rejected");
        world.get(&format!("/api/orders/{unknown}/tracking")).await.is_problem(
            404,
            "Order not found",
            json!({}),
        );
        assert_eq!(status(world, id).await, "Confirmed");
        let reports = shipped(world, id, "1", &json!(null)).await;
        for (body, error) in [
            (json!({"status": "picked_up"}), "at is required"),
            (json!({"at": "2026-05-01T10:00:00Z"}), "status is required"),
            (
                json!([report("picked_up", 1), {"status": "delivered", "at": "x"}]),
                "[1].at must be a time as in RFC 3339",
            ),
            (json!([]), "an array must have 1 to 100 events"),
        ] {
            post(world, &reports, &body).await.is_problem(400, error, json!({}));
        }
        let nobodys = format!("/api/shipments/{unknown}/events");
        post(world, &nobodys, &report("delivered", 1)).await.is_problem(
            404,
            "Shipment not found",
            json!({}),
        );
        assert_eq!(status(world, id).await, "Shipped", "all of an array or nothing");
    })
    .await;
}

#[tokio::test]
async fn an_order_is_delivered_once_however_its_reports_race() {
    on_both(async |world| {
        let id = ordered(world).await;
        let cups = shipped(world, id, "1", &json!([{"line": 0, "quantity": 2}])).await;
        let teas = shipped(world, id, "2", &json!([{"line": 1, "quantity": 3}])).await;
        let arrived = report("delivered", 7);
        let all =
            (0..6).flat_map(|_| [&cups, &teas]).map(|path| Box::pin(post(world, path, &arrived)));
        let mut all: Vec<_> = all.collect();
        while !all.is_empty() {
            let (answer, _, rest) = select_all(all).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            all = rest;
        }
        assert_eq!(status(world, id).await, "Delivered");
        let expected = [
            "order.confirmed",
            "order.shipped",
            "order.shipped",
            "order.tracking",
            "order.tracking",
            "order.delivered",
        ];
        assert_eq!(events(world, id).await, told(&expected));
        let expected = [
            ("order.confirmed", "Confirmed"),
            ("order.shipped", "Shipped"),
            ("order.delivered", "Delivered"),
        ];
        assert_eq!(moves(world, id).await, moved(&expected), "no report tells of the move");
    })
    .await;
}
