//! Operators who act while replicas are killed: what is in a saga's log is in the audit trail, once, and
//! the other way round (promise 63). The audit at the end of every crash test compares the two.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use order_service::sandbox::Idempotency;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::world::{Books, World, setting};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Those who act on what the clients have ordered.
struct Operators {
    http: reqwest::Client,
    held: Mutex<BTreeSet<Uuid>>,
    /// How many actions were answered with 200.
    done: AtomicUsize,
}

impl Operators {
    fn new() -> Arc<Self> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let (held, done) = (Mutex::default(), AtomicUsize::new(0));
        Arc::new(Self { http, held, done })
    }

    /// Of the newest sagas that are not at rest, one that depends on the turn. Those of the clients' answers
    /// will not do: nearly all of them are at rest by then.
    async fn one_under_way(&self, door: SocketAddr, turn: usize) -> Option<Uuid> {
        let url = format!("http://{door}/api/operator/sagas?limit=100");
        let request = self.http.get(url).bearer_auth("t").timeout(PATIENCE);
        let page: Value = request.send().await.ok()?.json().await.ok()?;
        let sagas = page["items"].as_array()?.iter();
        let under_way: Vec<_> = sagas.filter(|saga| !saga["next"].is_null()).collect();
        under_way.get(turn.checked_rem(under_way.len())?)?["id"].as_str()?.parse().ok()
    }

    /// The status of the answer; `None` if none came.
    async fn act(&self, door: SocketAddr, id: Uuid, action: &str) -> Option<u16> {
        let url = format!("http://{door}/api/operator/sagas/{id}/{action}");
        let request = self.http.post(url).bearer_auth("t").header("x-operator", "asha");
        let request = request.json(&json!({"reason": "to see whether it is noted"}));
        let status = request.timeout(PATIENCE).send().await.ok()?.status().as_u16();
        self.done.fetch_add(usize::from(status == 200), Ordering::Relaxed);
        Some(status)
    }

    /// Holds, releases and retries until it is told to stop.
    fn at_work(self: &Arc<Self>, doors: &[SocketAddr], open: &Arc<AtomicBool>) -> JoinHandle<()> {
        let (this, doors, open) = (self.clone(), doors.to_owned(), open.clone());
        tokio::spawn(async move {
            for turn in 0.. {
                if !open.load(Ordering::Relaxed) {
                    return;
                }
                let Some(id) = this.one_under_way(doors[turn % doors.len()], turn).await else {
                    tokio::task::yield_now().await;
                    continue;
                };
                this.held.lock().expect("unpoisoned").insert(id);
                for (action, at) in [("hold", turn), ("release", turn + 1), ("retry", turn)] {
                    let _no_answer = this.act(doors[at % doors.len()], id, action).await;
                }
            }
        })
    }

    /// Nothing stays held.
    async fn release_all(&self, door: SocketAddr) {
        let held = std::mem::take(&mut *self.held.lock().expect("unpoisoned"));
        for id in held {
            while !matches!(self.act(door, id, "release").await, Some(200 | 404 | 409)) {
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn while_replicas_die(books: Books, replicas: usize) {
    let kinds = Idempotency::default();
    let mut world = World::start("operators act", books, kinds, replicas).await;
    world.sandbox.make_flaky().await;
    let (operators, open) = (Operators::new(), Arc::new(AtomicBool::new(true)));
    let storm = world.storm();
    let doors = world.doors();
    let at_work: Vec<_> = (0..4).map(|_| operators.at_work(&doors, &open)).collect();
    for round in 0..usize::try_from(setting("CRASH_ROUNDS", 3)).expect("few") {
        let (before, victim) = (operators.done.load(Ordering::Relaxed), round % replicas);
        let more = world.dice.between(1, 6);
        world
            .until("they act", async || operators.done.load(Ordering::Relaxed) >= before + more)
            .await;
        world.kill(victim);
        world.replicas[victim].revive();
        world.replicas[victim].ready().await;
    }
    open.store(false, Ordering::Relaxed);
    for worker in at_work {
        worker.await.expect("a worker");
    }
    world.mend().await;
    operators.release_all(doors[0]).await;
    storm.over().await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_do_is_in_the_trail_whoever_dies_on_sqlite() {
    while_replicas_die(Books::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_operators_do_is_in_the_trail_whoever_dies_on_postgresql() {
    while_replicas_die(Books::Postgres, 2).await;
}
