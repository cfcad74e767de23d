//! `GET /api/orders/{id}/stream`.

use std::time::Duration;

use order_service::app::Running;
use order_service::clock::Clock;
use order_service::sandbox::sample::{ASHA, RAVI, TEA};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cancel::cancel;
use crate::harness::{Books, World, cart, on_both, on_both_with};

/// A stream as a browser reads it.
struct Reader {
    response: reqwest::Response,
    read: String,
}

/// An event of a stream: its type, its id and its data.
type Told = (String, Option<u64>, Value);

impl Reader {
    async fn open(base: &str, id: Uuid, last: Option<u64>) -> reqwest::Response {
        let http = reqwest::Client::new();
        let request = http.get(format!("{base}/api/orders/{id}/stream"));
        let request = match last {
            Some(last) => request.header("last-event-id", last.to_string()),
            None => request,
        };
        request.send().await.expect("an answer")
    }

    async fn new(base: &str, id: Uuid, last: Option<u64>) -> Self {
        let response = Self::open(base, id, last).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, read: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim().to_owned())
                };
                if let Some(data) = field("data:") {
                    let id = field("id:").map(|id| id.parse().expect("a number"));
                    let data = serde_json::from_str(&data).expect("JSON");
                    return Some((field("event:").expect("a type"), id, data));
                }
                assert!(block.starts_with("retry: 2000") || block.starts_with(':'), "{block}");
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.read.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    async fn rest(mut self) -> Vec<Told> {
        let mut rest = Vec::new();
        while let Some(told) = self.next().await {
            rest.push(told);
        }
        rest
    }
}

fn base(world: &World) -> String {
    world.url("")
}

/// The status of each event, or its type.
fn statuses(told: &[Told]) -> Vec<String> {
    let word = |(kind, _, data): &Told| data["status"].as_str().unwrap_or(kind).to_owned();
    told.iter().map(word).collect()
}

#[tokio::test]
async fn a_client_is_told_each_status_once_and_then_the_end() {
    on_both(async |world| {
        let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
        let mut reader = Reader::new(&base(world), id, None).await;
        let (kind, first, data) = reader.next().await.expect("a snapshot");
        assert_eq!((kind.as_str(), &data["status"]), ("status", &json!("Confirmed")));
        assert_eq!(data, world.status(id).await, "as the status says");
        let (cancelled, told) = tokio::join!(cancel(world, id), reader.rest());
        assert_eq!(cancelled.status, 200);
        assert_eq!(statuses(&told), ["Cancelling", "Cancelled", "end"]);
        let ids: Vec<_> = told.iter().map(|(_, id, _)| *id).collect();
        assert!(first < ids[0] && ids[0] < ids[1] && ids[2].is_none(), "{first:?} {ids:?}");
        // Whoever comes again is told what they missed, and no more.
        let missed = Reader::new(&base(world), id, first).await.rest().await;
        assert_eq!(statuses(&missed), ["Cancelling", "Cancelled", "end"]);
        let missed = Reader::new(&base(world), id, ids[0]).await.rest().await;
        assert_eq!(statuses(&missed), ["Cancelled", "end"]);
        assert_eq!(Reader::open(&base(world), id, ids[1]).await.status(), 204);
        let fresh = Reader::new(&base(world), id, None).await.rest().await;
        assert_eq!(statuses(&fresh), ["Cancelled", "end"]);
        assert_eq!(fresh[0].1, ids[1]);
    })
    .await;
}

#[tokio::test]
async fn a_checkout_is_followed_from_its_acceptance_on() {
    on_both(async |world| {
        let prefer = [("prefer", "respond-async")];
        let id = world.create_with(&cart(RAVI, &[(TEA, 1)]), &prefer).await.id();
        let told = Reader::new(&base(world), id, None).await.rest().await;
        let words = statuses(&told);
        assert_eq!(words[words.len() - 2..], ["Rejected", "end"], "{words:?}");
        assert!(words[..words.len() - 2].iter().all(|word| *word == "Pending"), "{words:?}");
        let mut last = told[told.len() - 2].2.clone();
        assert_eq!(last["problem"]["undone"], true);
        // Each request has a trace of its own.
        let status = world.status(id).await;
        last["problem"]["traceId"] = status["problem"]["traceId"].clone();
        assert_eq!(last, status);
    })
    .await;
}

#[tokio::test]
async fn unknown_orders_and_too_many_streams_are_refused() {
    on_both_with(
        |world| world.set(|config| config.http.streams = 1),
        async |world| {
            let unknown = world.get(&format!("/api/orders/{}/stream", Uuid::from_u128(4))).await;
            assert_eq!((unknown.status, unknown.error()), (404, "Order not found"));
            let bad = world.get("/api/orders/x/stream").await;
            assert_eq!((bad.status, bad.error()), (400, "id is not a UUID"));
            let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
            let mut first = Reader::new(&base(world), id, None).await;
            first.next().await.expect("a snapshot");
            let second = world.get(&format!("/api/orders/{id}/stream")).await;
            second.is_problem(503, "Too many streams", json!({}));
            assert!(second.header("retry-after").is_some());
            drop(first);
            // The place is free once the server has noticed.
            let is_free = async || {
                Reader::open(&base(world), id, None).await.status() == reqwest::StatusCode::OK
            };
            world.until(is_free).await;
        },
    )
    .await;
}

#[tokio::test]
async fn changes_of_another_replica_are_told_and_a_stop_ends_streams() {
    let world = World::build(Books::Postgres).start().await;
    let other = Running::start(world.config.clone(), Clock::system()).await.expect("a replica");
    let id = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
    let elsewhere = format!("http://{}", other.address);
    let mut reader = Reader::new(&elsewhere, id, None).await;
    let (_, seen, _) = reader.next().await.expect("a snapshot");
    let mut idle = Reader::new(&elsewhere, id, seen).await;
    cancel(&world, id).await;
    assert_eq!(statuses(&reader.rest().await), ["Cancelling", "Cancelled", "end"]);
    let (_, seen, _) = idle.next().await.expect("a change");
    assert_eq!(statuses(&idle.rest().await), ["Cancelled", "end"]);
    // Another order, whose stream stays open.
    let open = world.create(&cart(ASHA, &[(TEA, 1)])).await.id();
    let mut open = Reader::new(&elsewhere, open, None).await;
    open.next().await.expect("a snapshot");
    let stopped = tokio::join!(other.stop(Duration::from_secs(20)), open.next());
    assert_eq!(stopped.1, None);
    // What was missed is told by whoever is left.
    let told = Reader::new(&base(&world), id, seen).await.rest().await;
    assert_eq!(statuses(&told), ["Cancelled", "end"]);
    world.finish().await;
}
