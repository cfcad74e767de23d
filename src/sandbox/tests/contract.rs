//! Every call of the three neighbours, with every answer that it can have.

use serde_json::json;

use super::{super::sample, *};

#[tokio::test]
async fn a_user_is_found_by_user_id_with_the_balance_in_the_unit_of_prices() {
    let sandbox = sandbox().await;
    let path = format!("/api/users/by-userid/{}", sample::RAVI);
    let answer = Ask::get(path).send(&sandbox.user_url()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["id"], json!(sample::RAVI_PROFILE));
    assert_eq!(answer.json()["userId"], json!(sample::RAVI));
    assert!(answer.body.contains(r#""walletBalance":1200.00"#), "{}", answer.body);
}

#[tokio::test]
async fn a_large_balance_is_not_rounded() {
    let sandbox = sandbox().await;
    let user = json!({"userId": order(7), "name": "Rich", "wallet": 9_007_199_254_740_993_i64});
    Ask::post("/_sandbox/users").json(&user).send(&sandbox.user_url()).await;
    let path = format!("/api/users/by-userid/{}", order(7));
    let answer = Ask::get(path).send(&sandbox.user_url()).await;
    assert!(answer.body.contains(r#""walletBalance":9007199254740993.00"#), "{}", answer.body);
}

#[tokio::test]
async fn who_or_what_is_unknown_is_not_found() {
    let sandbox = sandbox().await;
    for path in [format!("/api/users/by-userid/{}", order(9)), "/api/users/by-userid/x".into()] {
        assert_eq!(Ask::get(path).send(&sandbox.user_url()).await.status, 404);
    }
    for path in [format!("/api/products/{}", order(9)), "/api/products/x".into()] {
        let answer = Ask::get(path).send(&sandbox.product_url()).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, "Product not found"));
    }
    let status = Ask::get(format!("/api/payments/status/{}", order(9)));
    assert_eq!(status.send(&sandbox.payment_url()).await.status, 404);
    let reads = sandbox.ledger().totals.reads;
    assert_eq!((reads.user, reads.product, reads.payment), (2, 2, 1));
}

#[tokio::test]
async fn a_product_is_told_with_price_and_stock() {
    let sandbox = sandbox().await;
    let ask = Ask::get(format!("/api/products/{}", sample::CUP));
    let answer = ask.send(&sandbox.product_url()).await;
    let cup = json!({"id": sample::CUP, "name": "Cup", "price": 24_950, "stock": 200});
    assert_eq!(answer.json(), cup);
}

#[tokio::test]
async fn users_and_products_can_be_listed() {
    let sandbox = sandbox().await;
    let users = Ask::get("/api/users").send(&sandbox.user_url()).await.json();
    let products = Ask::get("/api/products").send(&sandbox.product_url()).await.json();
    assert_eq!((users.as_array().unwrap().len(), products.as_array().unwrap().len()), (3, 5));
}

#[tokio::test]
async fn a_reservation_takes_stock_and_a_release_puts_it_back() {
    let sandbox = sandbox().await;
    let taken = reserve(sample::KETTLE, 3).send(&sandbox.product_url()).await;
    assert_eq!((taken.status, taken.json()), (200, json!({"id": sample::KETTLE, "remaining": 7})));
    let back = release(sample::KETTLE, 2).send(&sandbox.product_url()).await;
    assert_eq!((back.status, back.json()), (200, json!({"id": sample::KETTLE, "remaining": 9})));
    assert_eq!(stock(&sandbox, sample::KETTLE), 9);
    let totals = sandbox.ledger().totals;
    assert_eq!((totals.acted, totals.reserved, totals.released), (2, 3, 2));
}

#[tokio::test]
async fn stock_calls_are_refused_as_the_table_says() {
    let sandbox = sandbox().await;
    let url = sandbox.product_url();
    let much = reserve(sample::KETTLE, 11).send(&url).await;
    assert_eq!(much.status, 409);
    assert_eq!(much.json(), json!({"error": "Insufficient stock", "available": 10}));
    for (ask, status) in [
        (reserve(sample::KETTLE, 0), 400),
        (reserve(order(9), 1), 404),
        (release(sample::KETTLE, -1), 400),
        (release(sample::KETTLE, i64::MAX), 400),
        (release(order(9), 1), 404),
    ] {
        assert_eq!(ask.send(&url).await.status, status);
    }
    assert_eq!(results(&sandbox.ledger()), [RecordResult::Refused; 6]);
    assert_eq!(stock(&sandbox, sample::KETTLE), 10);
}

#[tokio::test]
async fn a_payment_debits_the_wallet_of_the_profile_and_a_refund_credits_it() {
    let sandbox = sandbox().await;
    let paid = process(order(1), 40_000).send(&sandbox.payment_url()).await;
    assert_eq!(paid.status, 200);
    let body = paid.json();
    assert_eq!((&body["amount"], &body["status"]), (&json!(40_000), &json!("Paid")));
    assert_eq!((&body["orderId"], &body["userId"]), (&json!(order(1)), &json!(sample::ASHA)));
    assert!(body["paymentId"].is_string() && body["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(wallet(&sandbox), 460_000);

    let body = refund(order(1), 40_000).send(&sandbox.payment_url()).await.json();
    assert_eq!((&body["amount"], &body["status"]), (&json!(-40_000), &json!("Refunded")));
    assert_eq!(wallet(&sandbox), 500_000);
    let totals = sandbox.ledger().totals;
    assert_eq!((totals.charged, totals.refunded), (40_000, 40_000));
}

#[tokio::test]
async fn payment_calls_are_refused_as_the_table_says() {
    let sandbox = sandbox().await;
    let url = sandbox.payment_url();
    let much = process(order(1), 500_001).send(&url).await;
    assert_eq!(much.status, 409);
    assert_eq!(much.json(), json!({"error": "Insufficient balance", "balance": 500_000}));
    let mut stranger = by_asha(order(1), 100);
    // A user's id is never a profile's id: mixing them up must not work by chance.
    stranger["userProfileId"] = json!(sample::ASHA);
    for (ask, status) in [
        (process(order(1), 0), 400),
        (process(order(1), -5), 400),
        (refund(order(1), 0), 400),
        (refund(order(1), i64::MAX), 400),
        (Ask::post("/api/payments/process").json(&stranger), 404),
        (Ask::post("/api/payments/refund").json(&stranger), 404),
    ] {
        assert_eq!(ask.send(&url).await.status, status);
    }
    assert_eq!(results(&sandbox.ledger()), [RecordResult::Refused; 7]);
    assert_eq!(wallet(&sandbox), 500_000);
}

#[tokio::test]
async fn the_status_is_the_first_record_of_the_order_even_after_a_refund() {
    let sandbox = sandbox().await;
    let url = sandbox.payment_url();
    let status = Ask::get(format!("/api/payments/status/{}", order(1)));
    process(order(1), 500_001).send(&url).await;
    assert_eq!(status.send(&url).await.status, 404, "a refusal is no record");
    let paid = process(order(1), 100).send(&url).await.json();
    refund(order(1), 100).send(&url).await;
    let told = status.send(&url).await.json();
    assert_eq!((&told["orderId"], &told["status"]), (&json!(order(1)), &json!("Paid")));
    assert_eq!(told["timestamp"], paid["timestamp"]);
}

#[tokio::test]
async fn property_names_match_without_regard_to_case_and_unknown_ones_are_ignored() {
    let sandbox = sandbox().await;
    let body = json!({"Quantity": 1, "color": "red"});
    let path = format!("/api/products/{}/reserve", sample::TEA);
    let answer = Ask::post(path).json(&body).send(&sandbox.product_url()).await;
    assert_eq!(answer.status, 200);
    let body = json!({
        "ORDERID": order(1), "UserId": sample::ASHA, "userprofileid": sample::ASHA_PROFILE, "AMOUNT": 5,
    });
    let ask = Ask::post("/api/payments/process").json(&body);
    assert_eq!(ask.send(&sandbox.payment_url()).await.status, 200);
}

#[tokio::test]
async fn a_body_that_can_not_be_read_is_refused_by_name_and_only_counted() {
    let sandbox = sandbox().await;
    let ask = Ask::post("/api/payments/process");
    let url = sandbox.payment_url();
    for (body, error) in [
        ("{", "Invalid body"),
        ("{}", "orderId must be a UUID"),
        (&by_asha(order(1), 1).to_string().replace(":1,", ":1.5,"), "amount must be an integer"),
    ] {
        let answer = ask.clone().body(body).send(&url).await;
        assert_eq!(answer.status, 400);
        assert!(answer.error().starts_with(error), "{}", answer.error());
    }
    let ledger = sandbox.ledger();
    assert_eq!((ledger.totals.unreadable, ledger.records.len()), (3, 0));
    assert_eq!(ask.body(&" ".repeat(70_000)).send(&url).await.status, 413);
}
