//! `shippingAddress`: part of the request, shown by the order and its tracking, and nowhere else.

use order_service::sandbox::sample::{ASHA, TEA};
use serde_json::{Value, json};

use crate::harness::{cart, on_both};

/// In no other test's data, so that it is found wherever it leaks to.
const STREET: &str = "4 Peepal Lane";

fn address() -> Value {
    json!({
        "name": "Asha Rao", "line1": STREET, "city": "Pune", "postalCode": "411001", "country": "IN",
    })
}

fn to(address: impl Into<Value>) -> Value {
    let mut cart = cart(ASHA, &[(TEA, 1)]);
    cart["shippingAddress"] = address.into();
    cart
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut address = address();
    address[name] = value.into();
    address
}

#[tokio::test]
async fn an_address_is_shown_by_the_order_and_its_tracking_only() {
    on_both(async |world| {
        let written = json!({
            "NAME": " Asha Rao ", "line1": STREET, "city": "Pune", "PostalCode": "411001",
            "country": "in", "line2": null,
        });
        let id = world.create(&to(written)).await.is_created(ASHA, 14_900);
        for path in [format!("/api/orders/{id}"), format!("/api/orders/{id}/tracking")] {
            let view = world.get(&path).await.body;
            assert_eq!(view["shippingAddress"], address(), "{path}");
        }
        for path in [
            format!("/api/orders/{id}/status"),
            format!("/api/orders/user/{ASHA}"),
            "/api/orders".to_owned(),
        ] {
            assert!(!world.get(&path).await.body.to_string().contains(STREET), "{path}");
        }
        for path in ["/sagas".to_owned(), format!("/sagas/{id}")] {
            let view = world.operator(&path).await;
            assert!(!view.body.to_string().contains(STREET), "{path}");
        }
        let plain = world.create(&to(Value::Null)).await.id();
        let plain = world.get(&format!("/api/orders/{plain}")).await.body;
        assert_eq!(plain.get("shippingAddress"), None);
    })
    .await;
}

#[tokio::test]
async fn an_address_is_part_of_the_request() {
    on_both(async |world| {
        let id = world.create_keyed(&to(address()), "k").await.is_created(ASHA, 14_900);
        for same in [with("country", "in"), with("city", " Pune "), with("line2", Value::Null)] {
            assert_eq!(world.create_keyed(&to(same), "k").await.id(), id);
        }
        let reused = "Idempotency key reused with a different request";
        for other in [to(with("line1", "5 Peepal Lane")), to(with("region", "MH")), to(Value::Null)]
        {
            let answer = world.create_keyed(&other, "k").await;
            assert_eq!(answer.is_about_a_checkout(422, reused, json!({})), id);
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    on_both(async |world| {
        let country = "shippingAddress.country must be a country's two letters (ISO 3166-1)";
        for (address, error) in [
            (json!("Pune"), "shippingAddress must be an object"),
            (json!({}), "shippingAddress.name is required"),
            (with("postalCode", Value::Null), "shippingAddress.postalCode is required"),
            (with("country", "XX"), country),
            (with("country", "India"), country),
            (
                with("phone", "9".repeat(201)),
                "shippingAddress.phone must not be longer than 200 characters",
            ),
        ] {
            world.create(&to(address)).await.is_problem(400, error, json!({}));
        }
        assert_eq!(world.sandbox.ledger().records, []);
    })
    .await;
}
