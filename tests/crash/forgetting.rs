//! Three replicas that archive and forget what is over as fast as it comes, and are killed ten times meanwhile:
//! every saga is in the database or in the archive, none that is not over is gone, and the archive is what it
//! promises (promises 69 and 70).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order_service::clock::Clock;
use order_service::retention;
use order_service::sandbox::Idempotency;
use order_service::sandbox::sample::{ASHA, CUP, MEENA, TEA};
use order_service::store::{Forgotten, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::all_sagas;
use super::process::BINARY;
use super::world::{Books, World, say, setting};

/// Customers that order all the time.
const CUSTOMERS: usize = 6;

/// What one customer asks for; `None` where no answer came.
async fn post(
    http: &reqwest::Client,
    door: SocketAddr,
    path: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let request = http.post(format!("http://{door}/api/{path}")).json(body);
    let request = request.bearer_auth("t").timeout(Duration::from_secs(8));
    let answer = request.header("prefer", "wait=5").send().await.ok()?;
    Some((answer.status().as_u16(), answer.json().await.ok()?))
}

/// Orders, and takes each order to another end: refused, cancelled, arrived, or none.
async fn customer(number: usize, doors: Vec<SocketAddr>, open: Arc<AtomicBool>) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    for turn in number.. {
        if !open.load(Ordering::Relaxed) {
            return;
        }
        let door = doors[turn % doors.len()];
        let quantity = if turn % 2 == 0 { 1_000_000 } else { 1 };
        let cart = json!({
            "userId": if turn % 3 == 0 { ASHA } else { MEENA },
            "items": [{"productId": TEA, "quantity": quantity}, {"productId": CUP, "quantity": 1}],
        });
        let key = Clock::system().fresh_id().to_string();
        let request = http.post(format!("http://{door}/api/orders/create")).json(&cart);
        let request = request.header("idempotency-key", key).header("prefer", "wait=5");
        let Ok(answer) = request.timeout(Duration::from_secs(8)).send().await else {
            tokio::task::yield_now().await;
            continue;
        };
        if answer.status() != 201 {
            continue;
        }
        let Ok(order) = answer.json::<Value>().await else { continue };
        let id = order["id"].as_str().expect("an id").to_owned();
        match turn % 5 {
            0 | 1 => drop(post(&http, door, &format!("orders/{id}/cancel"), &json!({})).await),
            2 | 3 => {
                let parcel = json!({"carrier": "post", "trackingNumber": "1"});
                let path = format!("orders/{id}/shipments");
                let Some((201, parcel)) = post(&http, door, &path, &parcel).await else {
                    continue;
                };
                let path =
                    format!("shipments/{}/events", parcel["id"].as_str().unwrap_or_default());
                let events = json!([{"status": "delivered", "at": "2026-05-01T10:00:00Z"}]);
                drop(post(&http, door, &path, &events).await);
            }
            _stays => {}
        }
    }
}

async fn forgotten(books: &Store) -> Forgotten {
    books.forgotten().await.unwrap_or_default()
}

/// Whether anything that is over is left.
async fn is_any_over(books: &Store) -> bool {
    let mut over = false;
    for saga in all_sagas(books).await {
        let order = books.order(saga.order_id).await.expect("the books");
        let is_final = match order {
            Some(order) => matches!(order.status.as_str(), "Cancelled" | "Delivered"),
            None => saga.is_at_rest(),
        };
        over |= is_final;
    }
    over
}

/// The lines of the archive, by saga.
fn archived(directory: &Path) -> BTreeMap<Uuid, Vec<Value>> {
    let mut lines: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
    for entry in std::fs::read_dir(directory).expect("the archive") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        let manifest: Value =
            serde_json::from_slice(&std::fs::read(&path).expect("it")).expect("a manifest");
        let file = path.with_file_name(manifest["file"].as_str().expect("a name"));
        let bytes = std::fs::read(file).expect("the file");
        let promised = usize::try_from(manifest["bytes"].as_u64().expect("a number"));
        let text = zstd::stream::decode_all(&bytes[..promised.expect("few")]).expect("zstd");
        for line in String::from_utf8(text).expect("UTF-8").lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            let id = line["saga"]["id"].as_str().expect("an id").parse().expect("one");
            lines.entry(id).or_default().push(line);
        }
    }
    lines
}

/// Checks that every saga is in the archive or in the books. Returns how many are in each.
async fn nothing_is_lost(books: &Store, directory: &Path) -> (usize, usize) {
    let verified = Command::new(BINARY)
        .args(["archive", "verify", "--archive", directory.to_str().expect("text")])
        .output()
        .expect("the binary");
    let said = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(verified.status.code(), Some(0), "{said}");
    let archived = archived(directory);
    let kept: BTreeSet<Uuid> = all_sagas(books).await.iter().map(|saga| saga.id.0).collect();
    for (id, lines) in &archived {
        assert_eq!(lines.len(), 1, "{id} was archived {} times", lines.len());
        assert!(!kept.contains(id), "{id} is in both");
    }
    for id in archived.keys().take(5) {
        let found = retention::find(directory, *id, |_name| {}).expect("the archive");
        assert!(found.iter().any(|line| line["saga"]["id"] == json!(id)));
    }
    // Every order and every checkout that came to nothing has events, and those are kept.
    let last = books.last_position().await.expect("the books");
    let events = books.events_between(0, last, None, 1_000_000).await.expect("the books");
    let ids: BTreeSet<Uuid> = events.iter().map(|event| event.order_id.0).collect();
    for id in &ids {
        assert!(kept.contains(id) || archived.contains_key(id), "{id} is lost");
        let order = books.order(order_service::order::OrderId(*id)).await.expect("the books");
        let status = order.map(|order| order.status);
        if matches!(status.as_deref(), Some("Confirmed" | "Shipped" | "Cancelling")) {
            assert!(kept.contains(id), "{id} is {status:?}, and its saga is gone");
        }
    }
    let count = forgotten(books).await;
    assert_eq!(count.sagas, archived.len() as u64);
    (archived.len(), kept.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_whoever_dies_while_it_archives() {
    let place = tempfile::tempdir().expect("a directory");
    let directory = place.path().join("archive");
    let forgetful = |orders: super::replica::Orders| {
        orders
            .with("ORDER_SERVICE__RETENTION__SAGAS", &"200ms")
            .with("ORDER_SERVICE__RETENTION__ARCHIVE", &directory.display())
            .with("ORDER_SERVICE__RETENTION__EVERY", &"100ms")
            .with("ORDER_SERVICE__EXECUTOR__LEASE", &"1s")
    };
    let kinds = Idempotency::default();
    let mut world = World::start_with("forgetting", Books::Postgres, kinds, 3, forgetful).await;
    let (books, open) = (world.books().await, Arc::new(AtomicBool::new(true)));
    let customers: Vec<_> = (0..CUSTOMERS)
        .map(|number| tokio::spawn(customer(number, world.doors(), open.clone())))
        .collect();
    for _round in 0..setting("CRASH_ROUNDS", 10) {
        let before = forgotten(&books).await.sagas;
        let more = world.dice.between(1, 30) as u64;
        world.until("it forgets", async || forgotten(&books).await.sagas >= before + more).await;
        // All, so that whoever writes to the archive is among them.
        for victim in 0..3 {
            world.kill(victim);
        }
        for victim in 0..3 {
            world.comes_back(victim);
        }
    }
    open.store(false, Ordering::Relaxed);
    for customer in customers {
        customer.await.expect("a customer");
    }
    world.mend().await;
    let all_rest = async || all_sagas(&books).await.iter().all(|saga| saga.is_at_rest());
    world.until("all come to rest", all_rest).await;
    world.until("what is over is forgotten", async || !is_any_over(&books).await).await;
    for replica in &mut world.replicas {
        replica.terminate().await;
    }

    let (archived, kept) = nothing_is_lost(&books, &directory).await;
    let audited = world.orders().run("audit").await;
    let said = String::from_utf8_lossy(&audited.stdout);
    assert_eq!(audited.status.code(), Some(0), "{said}");
    say(&format!(
        "forgetting: {} sagas in the archive, {} in the books, {} failures",
        archived,
        kept,
        forgotten(&books).await.failures
    ));
    books.close().await;
}
