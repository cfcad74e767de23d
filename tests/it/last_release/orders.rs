//! The database of 2026-11-27 (`2026-11-27/`), built from the commit "store: an order moves by one statement,
//! written once": orders in the middle of what comes after the checkout. They are cancelled, shipped and
//! taken back, at rest and under way, refused, and killed in a call.
//!
//! The one of 2026-11-28 (`2026-11-28/`), built from the commit "browser: six situations, 40 and more stuck sagas,
//! a cancelled order and its trail", has what people do at the desk besides: a checkout that is held, with a
//! note, and a bulk run that was prepared and not begun.
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

    /// What people do at the desk.
    async fn desk(&mut self) {
        let reserve = [cup(Call::Reserve, FaultKind::ErrorBefore)];
        self.release.leave("held", two_lines(), ASYNC, reserve, "Paid").await;
        let held = self.release.checkouts["held"].id;
        let operator = format!("{}/api/operator", self.release.url);
        for (path, body, status) in [
            (format!("/sagas/{held}/hold"), json!({"reason": "they count the cups"}), 200),
            (format!("/sagas/{held}/notes"), json!({"text": "until noon"}), 201),
            (
                "/bulk".to_owned(),
                json!({"action": "retry", "reason": "mended", "filter": {"stuck": "Refused"}}),
                201,
            ),
        ] {
            let request = self.release.http.post(format!("{operator}{path}")).json(&body);
            let request = request.bearer_auth(TOKEN).header("X-Operator", "asha");
            let answer = Answer::of(request.send().await.expect("an answer")).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            self.told.insert(path.rsplit('/').next().unwrap_or_default().to_owned(), answer.body);
        }
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
        self.desk().await;
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

fn left_behind(rows: &str, rest: &str) -> (Recorded, Past) {
    let left: Recorded = serde_json::from_str(rest).expect("what is beside the rows");
    let past = Past { books: rows.to_owned(), moved: left.moved.clone() };
    (left, past)
}

/// This version, with what a release has left.
async fn after(books: Books, past: Past) -> World {
    let world = World::build(books).after(past).set(|config| {
        let a_century = Duration::from_hours(100 * 365 * 24);
        config.services.product.key_memory = a_century;
        config.services.payment.key_memory = a_century;
    });
    world.start().await
}

#[tokio::test]
async fn orders_that_the_release_left_in_the_middle_come_to_their_end() {
    for books in BOTH {
        let (left, past) = match books {
            Books::Sqlite => left_behind(
                include_str!("2026-11-27/sqlite.sql"),
                include_str!("2026-11-27/sqlite.json"),
            ),
            Books::Postgres => left_behind(
                include_str!("2026-11-27/postgres.sql"),
                include_str!("2026-11-27/postgres.json"),
            ),
        };
        let world = after(books, past).await;
        let refused = left.orders["cancelling-refused"];
        let cancellation = world.inspect(refused).await["related"][0]["id"].clone();
        let retry = format!("/sagas/{}/retry", cancellation.as_str().expect("an id"));
        let body = json!({"reason": "their books are mended"});
        assert_eq!(world.intervene(&retry, &body).await.status, 200);
        come_to_their_ends(&world, &left).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn what_people_were_at_when_the_release_ended_goes_on() {
    for books in BOTH {
        let (left, past) = match books {
            Books::Sqlite => left_behind(
                include_str!("2026-11-28/sqlite.sql"),
                include_str!("2026-11-28/sqlite.json"),
            ),
            Books::Postgres => left_behind(
                include_str!("2026-11-28/postgres.sql"),
                include_str!("2026-11-28/postgres.json"),
            ),
        };
        let world = after(books, past).await;
        let trail = world.operator("/audit").await.body;
        let trail = trail["items"].as_array().expect("a list").iter();
        let by_asha = trail.filter(|entry| entry["who"] == "asha (shared token)");
        let actions: Vec<_> = by_asha.map(|entry| entry["action"].clone()).collect();
        assert_eq!(actions, ["bulk.prepare", "note", "hold"], "newest first");
        let held = left.orders["held"];
        let saga = world.inspect(held).await;
        assert_eq!(saga["held"]["reason"], "they count the cups");
        assert_eq!(saga["notes"][0]["text"], "until noon");
        let release = format!("/sagas/{held}/release");
        let body = json!({"reason": "counted"});
        assert_eq!(world.intervene(&release, &body).await.status, 200);
        let run = format!("/bulk/{}", left.told["bulk"]["id"].as_str().expect("an id"));
        assert_eq!(world.operator(&run).await.body["state"], "prepared");
        assert_eq!(world.intervene(&format!("{run}/start"), &json!({})).await.status, 200);
        world.until(async || world.operator(&run).await.body["state"] == "done").await;
        assert_eq!(world.operator(&run).await.body["results"]["done"], 1);
        come_to_their_ends(&world, &left).await;
        world.finish().await;
    }
}

async fn come_to_their_ends(world: &World, left: &Recorded) {
    for (name, id) in &left.orders {
        let come_to_its_end = async {
            match name.as_str() {
                "shipped" => assert_eq!(world.status(*id).await["status"], "Shipped"),
                "held" => {
                    world.until(async || world.status(*id).await["status"] == "Confirmed").await;
                }
                "returned" | "returning" => is_returned(world, *id, &left.told[name]).await,
                _cancelled => is_cancelled(world, *id, &left.told[name]).await,
            }
        };
        let ended = Clock::system().within(PATIENCE, Box::pin(come_to_its_end)).await;
        ended.unwrap_or_else(|| panic!("{name} does not come to its end"));
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
