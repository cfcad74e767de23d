//! `expectedTotal`: the customer pays the total that was on the screen, or nothing (promise 5).

use order_service::sandbox::sample::{ASHA, KETTLE, MEENA, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{cart, on_both};

fn expecting(mut cart: Value, total: impl Into<Value>) -> Value {
    cart["expectedTotal"] = total.into();
    cart
}

#[tokio::test]
async fn another_total_than_the_customer_saw_is_refused_before_any_money_moves() {
    on_both(async |world| {
        let plain = cart(ASHA, &[(TEA, 2)]);
        for seen in [json!(0), json!(29_799), json!("29801")] {
            let answer = world.create(&expecting(plain.clone(), seen)).await;
            let id = answer.is_refusal(409, "Price changed", json!({"total": 29_800}));
            let status = world.status(id).await;
            assert_eq!(
                (&status["state"], &status["problem"]["total"]),
                (&json!("Rejected"), &json!(29_800))
            );
        }
        assert_eq!(world.sandbox.ledger().records, []);
        for seen in [json!(29_800), json!("29800"), json!(null)] {
            world.create(&expecting(plain.clone(), seen)).await.is_created(ASHA, 29_800);
        }
    })
    .await;
}

#[tokio::test]
async fn a_missing_product_is_told_before_a_changed_price() {
    on_both(async |world| {
        let nothing = Uuid::from_u128(405);
        let absent = expecting(cart(ASHA, &[(TEA, 1), (nothing, 1)]), 1);
        let answer = world.create(&absent).await;
        answer.is_refusal(404, "Product not found", json!({"productId": nothing}));
        let scarce = expecting(cart(MEENA, &[(TEA, 1), (KETTLE, 11)]), 1);
        let members = json!({"productId": KETTLE, "available": 10});
        world.create(&scarce).await.is_refusal(409, "Insufficient stock", members);
    })
    .await;
}

#[tokio::test]
async fn the_total_that_the_customer_saw_is_part_of_the_request() {
    on_both(async |world| {
        let plain = cart(ASHA, &[(TEA, 1)]);
        let seen = expecting(plain.clone(), 14_900);
        let id = world.create_keyed(&seen, "k").await.is_created(ASHA, 14_900);
        assert_eq!(world.create_keyed(&expecting(plain.clone(), "14900"), "k").await.id(), id);
        let reused = "Idempotency key reused with a different request";
        for other in [plain.clone(), expecting(plain.clone(), 14_901)] {
            let answer = world.create_keyed(&other, "k").await;
            assert_eq!(answer.is_about_a_checkout(422, reused, json!({})), id);
        }
        // An absent member and null are the same request.
        let id = world.create_keyed(&plain, "l").await.id();
        assert_eq!(world.create_keyed(&expecting(plain, Value::Null), "l").await.id(), id);
    })
    .await;
}

#[tokio::test]
async fn an_expected_total_that_is_no_amount_is_named() {
    on_both(async |world| {
        let error = "expectedTotal must be a whole number of paise, 0 or more";
        for bad in
            [json!(-1), json!(1.5), json!("1.0"), json!(" 1"), json!("+1"), json!(""), json!([])]
        {
            let answer = world.create(&expecting(cart(ASHA, &[(TEA, 1)]), bad)).await;
            answer.is_problem(400, error, json!({}));
        }
    })
    .await;
}
