//! The controls: setting up, reading the ledger, resetting.

use serde_json::json;

use super::{
    super::{Call, Error, Fault, FaultKind, Seeding, sample},
    client::rest,
    *,
};

#[tokio::test]
async fn every_door_serves_the_controls_of_one_shared_world() {
    let sandbox = sandbox().await;
    process(order(1), 100).send(&sandbox.payment_url()).await;
    for url in [sandbox.user_url(), sandbox.product_url(), sandbox.payment_url()] {
        let told: Ledger =
            serde_json::from_value(Ask::get("/_sandbox/ledger").send(&url).await.json()).unwrap();
        assert_eq!(told, sandbox.ledger());
    }
}

#[tokio::test]
async fn the_ledger_tells_each_attempt_in_flat_json() {
    let sandbox = sandbox().await;
    reserve(sample::TEA, 2).key("k").send(&sandbox.product_url()).await;
    let told = Ask::get("/_sandbox/ledger").send(&sandbox.user_url()).await.json();
    let mut record = told["records"][0].clone();
    assert!(record["at"].take().as_str().unwrap().ends_with('Z'));
    let expected = json!({
        "seq": 1, "at": null, "service": "product", "call": "reserve", "productId": sample::TEA,
        "quantity": 2, "key": "k", "traceparent": false, "result": "acted", "status": 200,
        "left": 998, "fault": null, "sent": 200,
    });
    assert_eq!(record, expected);
    let ravi = json!({
        "profileId": sample::RAVI_PROFILE, "userId": sample::RAVI, "name": "Ravi",
        "email": "ravi@shop.example", "wallet": 1_200,
    });
    assert!(told["users"].as_array().unwrap().contains(&ravi));
}

#[tokio::test]
async fn since_leaves_out_the_records_that_are_known() {
    let sandbox = sandbox().await;
    for number in 1..=3 {
        process(order(number), 100).send(&sandbox.payment_url()).await;
    }
    let url = sandbox.user_url();
    let told = Ask::get("/_sandbox/ledger?since=2").send(&url).await.json();
    assert_eq!(
        (told["records"].as_array().unwrap().len(), &told["records"][0]["seq"]),
        (1, &json!(3))
    );
    assert_eq!(told["totals"]["acted"], 3);
    let told = Ask::get("/_sandbox/ledger?since=99").send(&url).await.json();
    assert_eq!(told["records"], json!([]));
    assert_eq!(Ask::get("/_sandbox/ledger?since=x").send(&url).await.status, 400);
}

#[tokio::test]
async fn a_reset_goes_back_to_the_start_and_drops_what_hangs() {
    let sandbox = sandbox().await;
    process(order(1), 100).key("k").send(&sandbox.payment_url()).await;
    let mut slow = Fault::once(Call::Process, FaultKind::Slow);
    slow.millis = Some(3_600_000);
    sandbox.inject(slow).unwrap();
    sandbox.inject(Fault::once(Call::Reserve, FaultKind::HangBefore)).unwrap();
    let late = process(order(2), 100).key("late").begin(&sandbox.payment_url()).await;
    let hung = reserve(sample::TEA, 1).key("h").begin(&sandbox.product_url()).await;
    until_faults_are_spent(&sandbox.user_url()).await;

    assert_eq!(Ask::post("/_sandbox/reset").send(&sandbox.user_url()).await.status, 200);
    assert_eq!(rest(hung).await, b"");
    assert_eq!(rest(late).await, b"");
    let ledger = sandbox.ledger();
    assert_eq!(ledger.records, []);
    assert_eq!(ledger.totals, super::super::Totals::default());
    assert_eq!((ledger.users.len(), wallet(&sandbox)), (3, 500_000));
    assert_eq!(process(order(2), 100).key("k").send(&sandbox.payment_url()).await.status, 200);
}

#[tokio::test]
async fn a_reset_can_bring_its_own_world() {
    let sandbox = sandbox().await;
    let body = json!({
        "users": [{"userId": order(1), "name": "One", "wallet": 10}],
        "products": [],
        "kinds": {"payment": false},
    });
    let answer = Ask::post("/_sandbox/reset").json(&body).send(&sandbox.user_url()).await.json();
    let kinds = json!({"user": true, "product": true, "payment": false});
    assert_eq!(answer, json!({"users": 1, "products": 0, "kinds": kinds}));
    let ledger = sandbox.ledger();
    assert_eq!((ledger.users[0].wallet, ledger.products.len()), (10, 0));
    assert_ne!(ledger.users[0].profile_id, ledger.users[0].user_id);
}

#[tokio::test]
async fn a_user_put_again_is_replaced_by_either_id() {
    let config = Config { seeding: Seeding::Empty, ..Config::on_free_ports() };
    let sandbox = Sandbox::start(config).await.unwrap();
    for (profile, user) in [(1, 11), (2, 11), (2, 12)] {
        let body = json!({
            "profileId": order(profile), "userId": order(user), "name": "U", "wallet": 1,
        });
        Ask::post("/_sandbox/users").json(&body).send(&sandbox.user_url()).await;
    }
    let users = sandbox.ledger().users;
    assert_eq!((users.len(), users[0].profile_id, users[0].user_id), (1, order(2), order(12)));
    let gone = Ask::get(format!("/api/users/by-userid/{}", order(11)));
    assert_eq!(gone.send(&sandbox.user_url()).await.status, 404);
}

#[tokio::test]
async fn faults_are_injected_listed_and_cleared_over_http() {
    let sandbox = sandbox().await;
    let url = sandbox.user_url();
    let faults = "/_sandbox/faults";
    let fault = json!({"service": "*", "call": "reserve", "fault": "drop_after", "times": 2});
    assert_eq!(Ask::post(faults).json(&fault).send(&url).await.status, 200);
    reserve(sample::TEA, 1).bytes(&sandbox.product_url()).await;
    let left = json!({"faults": [{"call": "reserve", "fault": "drop_after", "times": 1}]});
    assert_eq!(Ask::get(faults).send(&url).await.json(), left);
    let none = json!({"faults": []});
    assert_eq!(Ask::new("DELETE", faults).send(&url).await.json(), none);
    assert_eq!(reserve(sample::TEA, 1).send(&sandbox.product_url()).await.status, 200);
}

#[tokio::test]
async fn a_fault_that_could_never_strike_as_meant_is_refused() {
    let sandbox = sandbox().await;
    for fault in [
        json!({"call": "reserve", "fault": "drop_after", "time": 2}),
        json!({"call": "reserve", "fault": "drop_after", "times": 0}),
        json!({"call": "reserve", "fault": "explode"}),
        json!({"call": "reserve", "fault": "slow", "chance": 1.5}),
        json!({"call": "reserve", "service": "payment", "fault": "slow"}),
        json!({"call": "reserve", "fault": "negative_price"}),
        json!({"call": "reserve", "fault": "refuse", "status": 500}),
        json!({"call": "reserve", "fault": "error_after", "status": 409}),
    ] {
        let answer = Ask::post("/_sandbox/faults").json(&fault).send(&sandbox.user_url()).await;
        assert_eq!(answer.status, 400, "{fault}");
        assert!(!answer.error().is_empty());
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let product = taken.local_addr().unwrap();
    let failed = Sandbox::start(Config { product, ..Config::on_free_ports() }).await.err().unwrap();
    assert!(matches!(failed, Error::Listen { address, .. } if address == product));
    assert!(failed.to_string().contains(&product.to_string()), "{failed}");
}

#[tokio::test]
async fn the_samples_hold_what_the_demo_promises() {
    let sample = sample::all();
    let stock = |id| sample.products.iter().find(|product| product.id == id).unwrap().stock;
    assert_eq!(stock(sample::SAMOVAR), 0);
    assert!(
        [sample::TEA, sample::KETTLE, sample::CUP, sample::STICKER]
            .map(stock)
            .iter()
            .all(|n| *n > 0)
    );
    let wallets: Vec<i64> = sample.users.iter().map(|user| user.wallet).collect();
    assert_eq!(wallets, [500_000, 1_200, 10_000_000]);
}
