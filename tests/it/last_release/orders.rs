//! The database of 2026-11-27 (`2026-11-27/`), built from the commit "store: an order moves by one statement,
//! written once": orders in the middle of what comes after the checkout. They are cancelled, shipped and
//! taken back, at rest and under way, refused, and killed in a call.
//!
//! Recorded as [`super::record`] says, by `record_orders_that_a_release_leaves_behind`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use order_service::clock::Clock;
use order_service::sandbox::{Call, Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::record::scene::{ASYNC, WAIT, cup, two_lines};
use super::record::{dump, variable};
use super::release::Release;
use crate::harness::{Answer, BOTH, Books, Past, TOKEN, World};

/// What is not done by then never will be.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a release has left behind, beside the rows.
#[derive(Serialize, Deserialize)]
struct Recorded {
    orders: BTreeMap<String, Uuid>,
    /// What was answered to the request that is named, by the order's name.
    told: BTreeMap<String, Value>,
    /// Calls that the neighbours carried out, oldest first.
    moved: Vec<Value>,
}

/// A release and what it answered.
struct Recording {
    release: Release,
    told: BTreeMap<String, Value>,
}

impl Recording {
    /// An order that stands.
    async fn order(&mut self, name: &str) {
        self.release.leave(name, two_lines(), WAIT, [], "Completed").await;
    }

    /// Asks for something of an order, and remembers the answer.
    async fn post(&mut self, name: &str, what: &str, body: Value, status: u16) -> Value {
        let id = self.release.checkouts[name].id;
        let url = format!("{}/api/orders/{id}/{what}", self.release.url);
        let request = self.release.http.post(url).bearer_auth(TOKEN).json(&body);
        let prefer = if status == 202 { ASYNC } else { WAIT };
        let request = request.header("Prefer", prefer).header("Idempotency-Key", name);
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        self.told.insert(name.to_owned(), answer.body.clone());
        answer.body
    }

    /// Returns when the order's other saga has failed once, or is stuck.
    async fn has_failed(&self, name: &str) {
        let id = self.release.checkouts[name].id;
        let url = format!("{}/api/operator/sagas", self.release.url);
        let ask = async |of: Uuid| {
            let request = self.release.http.get(format!("{url}/{of}")).bearer_auth(TOKEN);
            Answer::of(request.send().await.expect("an answer")).await.body
        };
        let other = ask(id).await["related"][0]["id"].clone();
        let other: Uuid = other.as_str().expect("an id").parse().expect("a UUID");
        let failed = async {
            loop {
                let saga = ask(other).await;
                if saga["owner"].is_null() && saga["attempts"] != 0 || !saga["stuck"].is_null() {
                    return;
                }
            }
        };
        Clock::system().within(PATIENCE, failed).await.expect("it fails");
    }

    async fn make(&mut self) {
        let fails = |call, kind| Fault::once(call, kind);
        self.release.serve(&[]).await;
        self.order("cancelled").await;
        self.post("cancelled", "cancel", json!({"reason": "fraud", "note": "n"}), 200).await;
        self.order("cancelling").await;
        self.release.fault(fails(Call::Refund, FaultKind::ErrorAfter));
        self.post("cancelling", "cancel", json!({}), 202).await;
        self.has_failed("cancelling").await;
        self.order("cancelling-refused").await;
        self.release.fault(fails(Call::Refund, FaultKind::Refuse));
        self.post("cancelling-refused", "cancel", json!({}), 202).await;
        self.has_failed("cancelling-refused").await;
        let reserve = [cup(Call::Reserve, FaultKind::ErrorBefore)];
        self.release.leave("cancelled-in-flight", two_lines(), ASYNC, reserve, "Paid").await;
        self.post("cancelled-in-flight", "cancel", json!({}), 200).await;
        let reserve = [cup(Call::Reserve, FaultKind::ErrorBefore)];
        self.release.leave("cancelling-in-flight", two_lines(), ASYNC, reserve, "Paid").await;
        self.release.fault(fails(Call::Refund, FaultKind::DropAfter));
        self.post("cancelling-in-flight", "cancel", json!({}), 202).await;
        self.release.until("cancelling-in-flight", "Compensating").await;
        for name in ["shipped", "returned", "returning"] {
            self.order(name).await;
            let parcel = json!({"carrier": "post", "trackingNumber": name});
            self.post(name, "shipments", parcel, 201).await;
        }
        let goods = json!({"lines": [{"line": 0, "quantity": 1}]});
        self.post("returned", "returns", goods.clone(), 201).await;
        self.release.fault(fails(Call::Release, FaultKind::ErrorBefore));
        self.post("returning", "returns", goods, 202).await;
        self.has_failed("returning").await;
        self.order("cancelling-killed").await;
        self.release.fault(fails(Call::Refund, FaultKind::HangAfter));
        self.post("cancelling-killed", "cancel", json!({}), 202).await;
        self.release.until_struck().await;
        self.release.kill();
    }
}

#[tokio::test]
#[ignore = "it records a release: see the words of record.rs"]
async fn record_orders_that_a_release_leaves_behind() {
    let (binary, to) = (PathBuf::from(variable("RELEASE")), PathBuf::from(variable("RECORD_TO")));
    std::fs::create_dir_all(&to).expect("the directory");
    for books in BOTH {
        let release = Release::new(binary.clone(), books).await;
        let mut recording = Recording { release, told: BTreeMap::new() };
        recording.make().await;
        let Recording { release, told } = recording;
        let (dump, name) = dump(&release);
        std::fs::write(to.join(format!("{name}.sql")), dump).expect("the file");
        let orders = release.checkouts.iter().map(|(name, of)| (name.clone(), of.id)).collect();
        let left = Recorded { orders, told, moved: release.moved() };
        let json = serde_json::to_string(&left).expect("JSON");
        let json = json.replace("},\"", "},\n\"").replace("},{\"service\"", "},\n{\"service\"");
        std::fs::write(to.join(format!("{name}.json")), json + "\n").expect("the file");
    }
}

fn left_behind(books: Books) -> (Recorded, Past) {
    let (rows, rest) = match books {
        Books::Sqlite => {
            (include_str!("2026-11-27/sqlite.sql"), include_str!("2026-11-27/sqlite.json"))
        }
        Books::Postgres => {
            (include_str!("2026-11-27/postgres.sql"), include_str!("2026-11-27/postgres.json"))
        }
    };
    let left: Recorded = serde_json::from_str(rest).expect("what is beside the rows");
    let past = Past { books: rows.to_owned(), moved: left.moved.clone() };
    (left, past)
}

#[tokio::test]
async fn orders_that_the_release_left_in_the_middle_come_to_their_end() {
    for books in BOTH {
        let (left, past) = left_behind(books);
        let world = World::build(books).after(past).set(|config| {
            let a_century = Duration::from_hours(100 * 365 * 24);
            config.services.product.key_memory = a_century;
            config.services.payment.key_memory = a_century;
        });
        let world = world.start().await;
        let refused = left.orders["cancelling-refused"];
        let cancellation = world.inspect(refused).await["related"][0]["id"].clone();
        let retry = format!("/sagas/{}/retry", cancellation.as_str().expect("an id"));
        let body = json!({"reason": "their books are mended"});
        assert_eq!(world.intervene(&retry, &body).await.status, 200);
        for (name, id) in &left.orders {
            let come_to_its_end = async {
                match name.as_str() {
                    "shipped" => assert_eq!(world.status(*id).await["status"], "Shipped"),
                    "returned" | "returning" => is_returned(&world, *id, &left.told[name]).await,
                    _cancelled => is_cancelled(&world, *id, &left.told[name]).await,
                }
            };
            let ended = Clock::system().within(PATIENCE, Box::pin(come_to_its_end)).await;
            ended.unwrap_or_else(|| panic!("{name} does not come to its end"));
        }
        world.finish().await;
    }
}

/// Everything is given back, and whoever asks again is told so in the words of before.
async fn is_cancelled(world: &World, id: Uuid, told: &Value) {
    let url = world.url(&format!("/api/orders/{id}/cancel"));
    let ask = async || {
        let again = world.http.post(&url).header("Prefer", "wait=50").send().await;
        Answer::of(again.expect("an answer")).await
    };
    let mut again = ask().await;
    // One that is stuck is not waited for, until the operator's word has got through.
    while again.status == 202 {
        again = ask().await;
    }
    assert_eq!((again.status, again.is_replayed()), (200, true), "{again:?}");
    assert_eq!(
        (again.body["id"].clone(), again.body["status"].clone()),
        (json!(id), json!("Cancelled"))
    );
    if told["status"] == "Cancelled" {
        assert_eq!(again.body, *told);
    }
}

/// The goods are back, and the same key gets the same answer.
async fn is_returned(world: &World, id: Uuid, told: &Value) {
    let path = format!("/api/returns/{}", told["id"].as_str().expect("an id"));
    world.until(async || world.get(&path).await.body["status"] == "Returned").await;
    let order = world.get(&format!("/api/orders/{id}")).await.body;
    assert_eq!((&order["status"], &order["returns"][0]["id"]), (&json!("Shipped"), &told["id"]));
}
