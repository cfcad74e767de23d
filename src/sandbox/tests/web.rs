//! What the platform's web client calls besides the checkout, from a page of another origin.

use serde_json::json;

use super::{super::sample, *};

fn newcomer() -> Value {
    json!({
        "UserId": order(7), "FirstName": "Nila", "LastName": "Rao", "Address": "1 Main St",
        "PhoneNumber": "+919876543210",
    })
}

async fn balance(sandbox: &Sandbox, user: Uuid) -> String {
    let path = format!("/api/users/by-userid/{user}");
    let body = Ask::get(path).send(&sandbox.user_url()).await.body;
    let (_, rest) = body.split_once(r#""walletBalance":"#).expect("a balance");
    rest.split([',', '}']).next().unwrap_or_default().to_owned()
}

fn add(user: Uuid, amount: &str) -> Ask {
    let body = format!(r#"{{"userId":"{user}","amount":{amount}}}"#);
    Ask::post("/api/users/add-balance").body(&body)
}

#[tokio::test]
async fn a_profile_is_made_read_and_changed() {
    let sandbox = sandbox().await;
    let url = sandbox.user_url();
    let phone = Ask::get("/api/users/phone-exists/%2B919876543210");
    assert_eq!(phone.send(&url).await.json(), json!({"exists": false}));
    let made = Ask::post("/api/users").json(&newcomer()).send(&url).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(made.head.contains(&format!("location: /api/users/{id}")), "{}", made.head);
    assert!(made.body.contains(r#""walletBalance":0.00"#), "{}", made.body);
    assert_eq!(phone.send(&url).await.json(), json!({"exists": true}));

    for path in [format!("/api/users/{id}"), format!("/api/users/by-userid/{}", order(7))] {
        let read = Ask::get(path).send(&url).await;
        assert_eq!((read.status, &read.body), (200, &made.body));
        assert_eq!(read.json()["firstName"], "Nila");
        assert_eq!(read.json()["phoneNumber"], "+919876543210");
        assert!(read.json()["createdAt"].as_str().unwrap().ends_with('Z'));
    }
    let mut body = newcomer();
    body["LastName"] = json!("Iyer");
    let changed = Ask::new("PUT", format!("/api/users/{id}")).json(&body).send(&url).await;
    assert_eq!((changed.status, &changed.json()["lastName"]), (200, &json!("Iyer")));
    assert_eq!(changed.json()["userId"], json!(order(7)));
    let again = Ask::post("/api/users").json(&newcomer()).send(&url).await;
    assert_eq!((again.status, &again.json()["id"]), (201, &json!(id)), "one profile a user");
}

#[tokio::test]
async fn a_profile_that_cannot_be_is_refused() {
    let sandbox = sandbox().await;
    let url = sandbox.user_url();
    assert_eq!(Ask::post("/api/users").json(&newcomer()).send(&url).await.status, 201);
    let with = |name: &str, value: Value| {
        let mut body = newcomer();
        body[name] = value;
        Ask::post("/api/users").json(&body)
    };
    for (ask, error) in [
        (with("UserId", json!(null)), "UserId is required"),
        (with("UserId", json!(Uuid::nil())), "UserId is required"),
        (with("PhoneNumber", json!(" ")), "Phone number is required"),
        (with("PhoneNumber", json!("12-34")), "Invalid phone number format"),
        (with("UserId", json!(order(8))), "Phone number already registered"),
    ] {
        let answer = ask.send(&url).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, error));
    }
    let unknown = format!("/api/users/{}", order(9));
    assert_eq!(Ask::get(&unknown).send(&url).await.status, 404);
    assert_eq!(Ask::new("PUT", unknown).json(&newcomer()).send(&url).await.status, 404);
    assert_eq!(sandbox.ledger().totals.unreadable, 0, "it is no call of the order service");
}

#[tokio::test]
async fn money_is_added_to_a_wallet_and_a_payment_takes_its_amount_from_it() {
    let sandbox = sandbox().await;
    let url = sandbox.user_url();
    let added = add(sample::ASHA, "500.5").send(&url).await;
    assert_eq!(added.status, 200);
    let message = "Successfully added ₹500.50 to wallet. New balance: ₹500500.50";
    assert_eq!(added.json()["message"], message);
    assert!(added.body.contains(r#""balance":500500.50"#), "{}", added.body);
    assert_eq!(process(order(1), 500_500).send(&sandbox.payment_url()).await.status, 200);
    assert_eq!(balance(&sandbox, sample::ASHA).await, "0.50");
    assert_eq!(process(order(2), 1).send(&sandbox.payment_url()).await.status, 409);
    assert_eq!(add(sample::ASHA, "0.5").send(&url).await.status, 200);
    assert_eq!(process(order(3), 1).send(&sandbox.payment_url()).await.status, 200);
    for (ask, status) in [
        (add(sample::ASHA, "0"), 400),
        (add(sample::ASHA, "-1"), 400),
        (add(sample::ASHA, r#""much""#), 400),
        (add(sample::ASHA, "9223372036854775807"), 200),
        (add(sample::ASHA, "1"), 400),
        (add(Uuid::nil(), "1"), 400),
        (add(order(9), "1"), 404),
    ] {
        assert_eq!(ask.send(&url).await.status, status);
    }
}

#[tokio::test]
async fn a_wallet_is_debited_and_credited_by_the_id_of_its_profile() {
    let sandbox = sandbox().await;
    let ask = |way: &str, amount: &str| {
        let path = format!("/api/users/{}/wallet/{way}", sample::RAVI_PROFILE);
        Ask::post(path).body(&format!(r#"{{"Amount": {amount}}}"#))
    };
    let url = sandbox.user_url();
    for (ask, status) in [
        (ask("debit", "1200.01"), 409),
        (ask("debit", "1199.99"), 200),
        (ask("debit", "0.01"), 200),
        (ask("debit", "0.01"), 409),
        (ask("credit", "0"), 400),
        (ask("credit", "20"), 200),
    ] {
        assert_eq!(ask.send(&url).await.status, status);
    }
    assert_eq!(balance(&sandbox, sample::RAVI).await, "20.00");
}

#[tokio::test]
async fn each_service_says_that_it_is_healthy() {
    let sandbox = sandbox().await;
    for (url, service) in [
        (sandbox.user_url(), "user-service"),
        (sandbox.product_url(), "product-service"),
        (sandbox.payment_url(), "payment-service"),
    ] {
        let answer = Ask::get("/api/health").send(&url).await;
        assert_eq!(answer.json(), json!({"status": "Healthy", "service": service}));
    }
}

#[tokio::test]
async fn a_page_of_any_origin_may_call() {
    let sandbox = sandbox().await;
    let url = sandbox.user_url();
    let preflight = Ask::new("OPTIONS", "/api/users/add-balance")
        .header("Origin", "http://localhost:3000")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization,content-type");
    let answer = preflight.send(&url).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("access-control-allow-origin: *"), "{}", answer.head);
    assert!(answer.head.contains("access-control-allow-methods: POST"), "{}", answer.head);
    let headers = "access-control-allow-headers: authorization,content-type";
    assert!(answer.head.contains(headers), "{}", answer.head);
    for path in ["/api/users", "/api/users/by-userid/nobody"] {
        let answer = Ask::get(path).header("Origin", "http://localhost:3000").send(&url).await;
        assert!(answer.head.contains("access-control-allow-origin: *"), "{}", answer.head);
    }
}

#[tokio::test]
async fn profiles_and_wallets_come_back_from_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = Some(directory.path().join("sandbox.db"));
    let start = || Sandbox::start(Config { file: file.clone(), ..Config::on_free_ports() });
    let before = start().await.unwrap();
    let url = before.user_url();
    let made = Ask::post("/api/users").json(&newcomer()).send(&url).await;
    assert_eq!(add(order(7), "10.25").send(&url).await.status, 200);
    before.shutdown().await;
    let after = start().await.unwrap();
    assert_eq!(balance(&after, order(7)).await, "10.25");
    let path = format!("/api/users/by-userid/{}", order(7));
    let read = Ask::get(path).send(&after.user_url()).await.json();
    assert_eq!(read["createdAt"], made.json()["createdAt"]);
}
