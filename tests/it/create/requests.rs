//! Malformed requests: nothing is accepted.

use order_service::sandbox::Reads;
use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, World, all_sagas, cart, line, on_both};

const JSON: &str = "application/json";

async fn post(world: &World, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let request = world.http.post(world.url("/api/orders/create")).body(body);
    let request = match content_type {
        Some(content_type) => request.header("content-type", content_type),
        None => request,
    };
    Answer::of(request.send().await.expect("an answer")).await
}

async fn is_bad(world: &World, body: &Value, error: &str) {
    let answer = world.create(body).await;
    answer.is_problem(400, error, json!({}));
    assert_eq!(answer.body["instance"], "/api/orders/create");
}

async fn nothing_is_accepted(world: &World) {
    assert!(all_sagas(&world.service.store).await.is_empty());
    assert_eq!(world.sandbox.ledger().totals.reads, Reads::default());
}

#[tokio::test]
async fn a_cart_without_items_is_refused_in_the_words_that_web_clients_know() {
    on_both(async |world| {
        for body in [
            json!({"userId": ASHA, "items": []}),
            json!({"userId": ASHA, "items": null}),
            json!({"userId": ASHA}),
            json!({}),
        ] {
            is_bad(world, &body, "Order must contain items").await;
        }
        nothing_is_accepted(world).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_cart_is_told_with_the_name_of_the_field() {
    on_both(async |world| {
        let with = |line: Value| json!({"userId": ASHA, "items": [line]});
        let quantity = |quantity: Value| with(json!({"productId": TEA, "quantity": quantity}));
        let of_user = |user: Value| json!({"userId": user, "items": [line(TEA, 1)]});
        let range = "items[0].quantity must be a whole number from 1 to 1000000";
        for (body, error) in [
            (json!([]), "the body must be a JSON object"),
            (json!({"userId": ASHA, "items": 1}), "items must be an array"),
            (json!({"items": [line(TEA, 1)]}), "userId is required"),
            (of_user(json!(null)), "userId is required"),
            (of_user(json!("asha")), "userId is not a UUID"),
            (of_user(json!(Uuid::nil())), "userId must not be the nil UUID"),
            (with(json!({"quantity": 1})), "items[0].productId is required"),
            (with(json!({"productId": "t", "quantity": 1})), "items[0].productId is not a UUID"),
            (
                with(json!({"productId": Uuid::nil(), "quantity": 1})),
                "items[0].productId must not be the nil UUID",
            ),
            (with(json!({"productId": TEA})), range),
            (quantity(json!(0)), range),
            (quantity(json!(-1)), range),
            (quantity(json!(1_000_001)), range),
            (quantity(json!(1.5)), range),
            (quantity(json!("one")), range),
            (quantity(json!(null)), range),
            (quantity(json!(u64::MAX)), range),
            (cart(ASHA, &[(TEA, 1); 101]), "items must not have more than 100 lines"),
        ] {
            is_bad(world, &body, error).await;
        }
        let second = json!({"userId": ASHA, "items": [line(TEA, 1), line(TEA, 0)]});
        is_bad(world, &second, "items[1].quantity must be a whole number from 1 to 1000000").await;
        nothing_is_accepted(world).await;
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    on_both(async |world| {
        for text in ["", "{", "{\"userId\": }", "\u{0}", "{} {}", "\u{feff}"] {
            let answer = post(world, Some(JSON), text).await;
            let error = answer.error().to_owned();
            assert!(error.starts_with("the body is not valid JSON"), "{text:?}: {answer:?}");
            answer.is_problem(400, &error, json!({}));
        }
        let deep = "[".repeat(100_000);
        assert_eq!(post(world, Some(JSON), deep).await.status, 400);
        assert_eq!(post(world, Some(JSON), vec![0xff_u8, 0xfe]).await.status, 400);
        nothing_is_accepted(world).await;
    })
    .await;
}

#[tokio::test]
async fn a_body_of_another_media_type_is_refused() {
    on_both(async |world| {
        let body = cart(ASHA, &[(TEA, 1)]).to_string();
        for media_type in [None, Some("text/plain"), Some("application/xml")] {
            let answer = post(world, media_type, body.clone()).await;
            answer.is_problem(415, "Content-Type must be application/json", json!({}));
        }
        nothing_is_accepted(world).await;
        let utf8 = Some("Application/JSON; charset=utf-8");
        post(world, utf8, body).await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_body_over_256_kib_is_refused_and_one_byte_less_is_not() {
    on_both(async |world| {
        let body = cart(ASHA, &[(TEA, 1)]).to_string();
        let padded = |length: usize| format!("{}{body}", " ".repeat(length - body.len()));
        for length in [256 * 1024 + 1, 3 * 1024 * 1024] {
            let answer = post(world, Some(JSON), padded(length)).await;
            answer.is_problem(413, "the body must not be longer than 256 KiB", json!({}));
        }
        nothing_is_accepted(world).await;
        post(world, Some(JSON), padded(256 * 1024)).await.is_created(ASHA, 14_900);
    })
    .await;
}

#[tokio::test]
async fn a_malformed_idempotency_key_is_refused() {
    on_both(async |world| {
        let cart = cart(ASHA, &[(TEA, 1)]);
        let error = "Idempotency-Key must be 1 to 255 visible ASCII characters";
        let long = "k".repeat(256);
        for key in ["", "\"\"", "two words", "t\tab", &long, "k\u{e9}y"] {
            let answer = world.create_with(&cart, &[("Idempotency-Key", key)]).await;
            answer.is_problem(400, error, json!({}));
        }
        let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")];
        let error = "Idempotency-Key must be given once";
        world.create_with(&cart, &twice).await.is_problem(400, error, json!({}));
        nothing_is_accepted(world).await;
        let longest = "k".repeat(255);
        world.create_keyed(&cart, &longest).await.is_created(ASHA, 14_900);
        world.create_keyed(&cart, "~!*'();:@&=+$,/?#[]\\").await.is_created(ASHA, 14_900);
    })
    .await;
}
