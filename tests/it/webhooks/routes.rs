//! The routes: what they answer, and what is wrong with what they are asked.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::receiver::Receiver;
use super::{add, ask, deliveries, nearby, order, patch, post, until};
use crate::harness::{on_both, on_both_with};

const URL: &str = "https://shop.example/hook";

#[tokio::test]
async fn an_endpoint_is_added_shown_changed_and_removed() {
    on_both(async |world| {
        let body = json!({
            "URL": URL, "types": ["order.confirmed", "saga.*"], "description": " the warehouse ",
            "ordered": true,
        });
        let added = post(world, "", &body).await;
        assert_eq!(added.status, 201, "{added:?}");
        let id = added.id();
        assert_eq!(added.header("location"), Some(format!("/api/operator/webhooks/{id}").as_str()));
        let mut shown = added.body.clone();
        let secret = shown.as_object_mut().and_then(|shown| shown.remove("secret")).expect("it");
        assert!(secret.as_str().is_some_and(|text| text.starts_with("whsec_") && text.len() == 50));
        let wanted = json!({
            "id": id, "url": URL, "types": ["order.confirmed", "saga.*"], "state": "enabled",
            "description": "the warehouse", "ordered": true, "createdAt": shown["createdAt"],
        });
        assert_eq!(shown, wanted);
        assert_eq!(world.operator(&format!("/webhooks/{id}")).await.body, shown);
        let list = world.operator("/webhooks").await;
        assert_eq!((list.status, &list.body), (200, &json!({"items": [shown]})));
        let nothing = patch(world, &id.to_string(), &json!({"url": null})).await;
        assert_eq!((nothing.status, nothing.body), (200, shown));
        let other = json!({"url": "https://a.example", "types": ["*"], "description": ""});
        let changed = patch(world, &id.to_string(), &other).await;
        assert_eq!(changed.body["url"], "https://a.example/");
        assert_eq!(
            (&changed.body["types"], &changed.body["description"]),
            (&json!(["*"]), &json!(null))
        );
        let plain = post(world, "", &json!({"url": URL})).await;
        assert_eq!(
            (&plain.body["types"], &plain.body["ordered"]),
            (&json!(["order.*"]), &json!(false))
        );
        let removed = ask(world, Method::DELETE, &format!("/{id}"), &json!(null)).await;
        assert_eq!((removed.status, removed.body), (204, json!("")));
        let again = ask(world, Method::DELETE, &format!("/{id}"), &json!(null)).await;
        again.is_problem(404, "Webhook not found", json!({}));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_named() {
    on_both(async |world| {
        let (id, _) = add(world, URL, &json!({})).await;
        let types = "types must be 1 to 50 of order.confirmed, order.*, * and the like";
        let description = "description must not be longer than 500 characters";
        let both = [
            (json!({"types": []}), types),
            (json!({"types": "*"}), types),
            (json!({"types": ["order."]}), types),
            (json!({"types": ["a,b"]}), types),
            (json!({"types": ["a", " b"]}), types),
            (json!({"types": [7]}), types),
            (json!({"types": vec!["a"; 51]}), types),
            (json!({"description": 7}), "description must be text"),
            (json!({"description": "a\u{0}"}), "description must be text"),
            (json!({"description": "₹".repeat(501)}), description),
        ];
        for (body, error) in both {
            patch(world, &id, &body).await.is_problem(400, error, json!({}));
            let mut body = body;
            body["url"] = json!(URL);
            post(world, "", &body).await.is_problem(400, error, json!({}));
        }
        for body in [json!({}), json!({"url": null}), json!({"url": 7}), json!([])] {
            post(world, "", &body).await.is_problem(400, "url is required", json!({}));
        }
        let ordered = post(world, "", &json!({"url": URL, "ordered": "yes"})).await;
        ordered.is_problem(400, "ordered must be true or false", json!({}));
        let state = patch(world, &id, &json!({"state": "gone"})).await;
        state.is_problem(400, "state must be one of enabled, disabled", json!({}));
        let list = patch(world, &id, &json!([])).await;
        list.is_problem(400, "the body must be a JSON object", json!({}));
        let recover = format!("/{id}/recover");
        for (body, error) in [
            (json!({}), "since is required"),
            (json!({"since": "yesterday"}), "since must be a time as in RFC 3339"),
        ] {
            post(world, &recover, &body).await.is_problem(400, error, json!({}));
        }
        let none = post(world, &recover, &json!({"since": "2020-01-01T00:00:00Z"})).await;
        assert_eq!(none.body, json!({"count": 0}));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_endpoint_is_not_found_and_a_bad_id_is_named() {
    on_both(async |world| {
        let (known, _) = add(world, URL, &json!({})).await;
        let event = Uuid::from_u128(2);
        let all = |id: &str| {
            [
                (Method::GET, format!("/{id}"), json!(null)),
                (Method::PATCH, format!("/{id}"), json!({})),
                (Method::DELETE, format!("/{id}"), json!(null)),
                (Method::POST, format!("/{id}/rotate"), json!(null)),
                (Method::POST, format!("/{id}/test"), json!(null)),
                (Method::GET, format!("/{id}/deliveries"), json!(null)),
                (Method::POST, format!("/{id}/deliveries/{event}/resend"), json!(null)),
                (Method::POST, format!("/{id}/recover"), json!({"since": "2020-01-01T00:00:00Z"})),
            ]
        };
        for (method, path, body) in all(&Uuid::from_u128(1).to_string()) {
            let answer = ask(world, method, &path, &body).await;
            answer.is_problem(404, "Webhook not found", json!({}));
        }
        for (method, path, body) in all("x") {
            ask(world, method, &path, &body).await.is_problem(400, "id is not a UUID", json!({}));
        }
        let unknown =
            post(world, &format!("/{known}/deliveries/{event}/resend"), &json!(null)).await;
        unknown.is_problem(404, "Delivery not found", json!({}));
        let bad = post(world, &format!("/{known}/deliveries/x/resend"), &json!(null)).await;
        bad.is_problem(400, "eventId is not a UUID", json!({}));
    })
    .await;
}

#[tokio::test]
async fn lists_have_pages() {
    on_both_with(nearby, async |world| {
        let receiver = Receiver::start().await;
        let mut ids = Vec::new();
        for path in ["/1", "/2", "/3"] {
            ids.insert(0, json!(add(world, &receiver.url(path), &json!({})).await.0));
        }
        let webhooks = pages(world, "/webhooks?limit=2").await;
        assert_eq!(webhooks.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), ids);
        for _one in 0..5 {
            order(world).await;
        }
        let id = ids[0].as_str().expect("an id");
        until(world, id, "delivered", 5).await;
        for query in ["?limit=2", "?limit=2&state=delivered"] {
            let paged = pages(world, &format!("/webhooks/{id}/deliveries{query}")).await;
            assert_eq!(paged, deliveries(world, id, "").await);
        }
        for (query, error) in [
            ("?limit=0", "limit must be a whole number from 1 to 500"),
            ("?cursor=x", "cursor must be `next` of another page"),
            ("?state=gone", "state must be one of pending, delivered, failed"),
        ] {
            let answer = world.operator(&format!("/webhooks/{id}/deliveries{query}")).await;
            answer.is_problem(400, error, json!({}));
        }
    })
    .await;
}

/// The items of all pages.
async fn pages(world: &crate::harness::World, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.operator(&format!("{path}{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let found = page.body["items"].as_array().expect("a list");
        assert!(found.len() <= 2);
        items.extend(found.iter().cloned());
        let Some(next) = page.body["next"].as_str() else { return items };
        cursor = format!("&cursor={next}");
    }
}
