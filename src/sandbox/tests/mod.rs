//! The sandbox from the outside, over real sockets: what tests may rely on.

mod client;
mod contract;
mod control;
mod fault;
mod key;
mod restart;
mod web;

use serde_json::{Value, json};
use uuid::Uuid;

use self::client::{Answer, Ask};
use super::{Config, Ledger, RecordResult, Sandbox, sample};

/// A sandbox on free ports with the samples.
async fn sandbox() -> Sandbox {
    Sandbox::start(Config::on_free_ports()).await.unwrap()
}

/// A request to reserve, without a key.
fn reserve(product: Uuid, quantity: i64) -> Ask {
    Ask::post(format!("/api/products/{product}/reserve")).json(&json!({"quantity": quantity}))
}

/// A request to release, without a key.
fn release(product: Uuid, quantity: i64) -> Ask {
    Ask::post(format!("/api/products/{product}/release")).json(&json!({"quantity": quantity}))
}

/// The body of a payment or a refund by Asha.
fn by_asha(order: Uuid, amount: i64) -> Value {
    json!({
        "orderId": order,
        "userId": sample::ASHA,
        "userProfileId": sample::ASHA_PROFILE,
        "amount": amount,
    })
}

/// A request to charge Asha, without a key.
fn process(order: Uuid, amount: i64) -> Ask {
    Ask::post("/api/payments/process").json(&by_asha(order, amount))
}

/// A request to refund Asha, without a key.
fn refund(order: Uuid, amount: i64) -> Ask {
    Ask::post("/api/payments/refund").json(&by_asha(order, amount))
}

/// Asha's wallet, according to the ledger.
fn wallet(sandbox: &Sandbox) -> i64 {
    let ledger = sandbox.ledger();
    ledger.users.iter().find(|user| user.user_id == sample::ASHA).unwrap().wallet
}

/// The stock of a product, according to the ledger.
fn stock(sandbox: &Sandbox, id: Uuid) -> i64 {
    sandbox.ledger().products.iter().find(|product| product.id == id).unwrap().stock
}

/// The result of each attempt, in order.
fn results(ledger: &Ledger) -> Vec<RecordResult> {
    ledger.records.iter().map(|record| record.result).collect()
}

/// Waits until the ledger has this many records: for calls whose answer never comes.
async fn until_recorded(sandbox: &Sandbox, count: usize) {
    while sandbox.ledger().records.len() < count {
        tokio::task::yield_now().await;
    }
}

/// Waits until every fault has struck: for calls that are held and not recorded yet.
async fn until_faults_are_spent(url: &str) {
    while Ask::get("/_sandbox/faults").send(url).await.json()["faults"] != json!([]) {}
}

/// An order id that is easy to tell from others.
fn order(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

impl Answer {
    /// The `error` of the body.
    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}
