//! The file: a sandbox that was killed comes back as its callers knew it.

use serde_json::json;

use super::{
    super::{Call, Fault, FaultKind, sample},
    *,
};

fn on(file: &std::path::Path) -> Config {
    Config { file: Some(file.to_owned()), ..Config::on_free_ports() }
}

#[tokio::test]
async fn a_sandbox_comes_back_from_its_file_with_everything_but_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.db");
    let first = Sandbox::start(on(&file)).await.unwrap();
    let paid = process(order(1), 100).key("k").send(&first.payment_url()).await;
    let refused = reserve(sample::SAMOVAR, 1).key("r").send(&first.product_url()).await;
    let kettle = json!({"id": sample::KETTLE, "name": "Kettle", "price": 1, "stock": 4});
    Ask::post("/_sandbox/products").json(&kettle).send(&first.user_url()).await;
    let user = json!({"userId": order(7), "name": "New", "wallet": 5});
    Ask::post("/_sandbox/users").json(&user).send(&first.user_url()).await;
    first.inject(Fault::once(Call::Reserve, FaultKind::DropAfter)).unwrap();
    reserve(sample::KETTLE, 1).key("lost").bytes(&first.product_url()).await;
    first.inject(Fault::on(Call::Reserve, FaultKind::DropBefore)).unwrap();
    let before = first.ledger();
    drop(first);

    let second = Sandbox::start(on(&file)).await.unwrap();
    assert_eq!(second.ledger(), before);
    assert_eq!(process(order(1), 100).key("k").send(&second.payment_url()).await, paid);
    let url = second.product_url();
    assert_eq!(reserve(sample::SAMOVAR, 1).key("r").send(&url).await, refused);
    let late = reserve(sample::KETTLE, 1).key("lost").send(&url).await;
    assert_eq!(late.json()["remaining"], 3);
    assert_eq!(second.ledger().totals.replayed, 3);
    let status = Ask::get(format!("/api/payments/status/{}", order(1)));
    assert_eq!(status.send(&second.payment_url()).await.json()["status"], "Paid");
}

#[tokio::test]
async fn the_kinds_come_back_and_win_over_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.db");
    let first = Sandbox::start(on(&file)).await.unwrap();
    let kinds = Ask::new("PUT", "/_sandbox/kinds").json(&json!({"payment": false}));
    kinds.send(&first.user_url()).await;
    process(order(1), 100).key("k").send(&first.payment_url()).await;
    first.shutdown().await;

    let second = Sandbox::start(on(&file)).await.unwrap();
    process(order(1), 100).key("k").send(&second.payment_url()).await;
    assert_eq!(wallet(&second), 499_800);
    assert_eq!(second.ledger().repeated.len(), 1);
}

#[tokio::test]
async fn a_reset_empties_the_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.db");
    let first = Sandbox::start(on(&file)).await.unwrap();
    process(order(1), 100).key("k").send(&first.payment_url()).await;
    Ask::post("/_sandbox/reset").send(&first.user_url()).await;
    process(order(2), 50).key("k").send(&first.payment_url()).await;
    drop(first);

    let second = Sandbox::start(on(&file)).await.unwrap();
    assert_eq!(wallet(&second), 499_950);
    assert_eq!(second.ledger().records.len(), 1);
}
