//! A database that is out of reach, to begin with or for a while.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use chrono::DateTime;
use order_service::app::Running;
use order_service::checkout::DEFINITIONS;
use order_service::clock::Clock;
use order_service::config::{Config, DatabaseUrl};
use order_service::saga::Catalogue;
use order_service::sandbox::sample::{ASHA, TEA};
use order_service::sandbox::{Call, Fault, FaultKind};
use order_service::store;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Answer, Books, Gate, Postgres, World, cart};

const UNAVAILABLE: &str = "The database is unavailable";

/// The same database, reached through a gate; and where it really is.
pub fn behind(url: &str, gate: &Gate) -> (DatabaseUrl, String) {
    let (address, name) = url.rsplit_once('/').expect("a name");
    let (user, address) = address.rsplit_once('@').expect("a user");
    let here = gate.url().replace("http://", "");
    let through = DatabaseUrl::parse(&format!("{user}@{here}/{name}")).expect("a URL");
    (through, format!("http://{address}"))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port")
}

#[tokio::test]
async fn a_service_that_starts_before_its_database_says_so_and_waits_for_it() {
    let mut gate = Gate::shut();
    let (url, real) = behind(&Postgres::shared().database().await, &gate);
    let address = free_address();
    let mut config = Config::defaults();
    config.http.listen = address;
    config.database.url = url;
    let starting = tokio::spawn(Running::start(config, Clock::system()));
    let http = reqwest::Client::new();
    let get = async |path: &str| loop {
        if let Ok(answer) = http.get(format!("http://{address}{path}")).send().await {
            break Answer::of(answer).await;
        }
    };
    assert_eq!(get("/health/live").await.status, 200);
    let ready = loop {
        let ready = get("/health/ready").await;
        if ready.body["reason"] != "starting" {
            break ready;
        }
    };
    let out_of_reach = json!({"status": "unavailable", "reason": "the database is out of reach"});
    assert_eq!((ready.status, ready.body), (503, out_of_reach));
    let order = get(&format!("/api/orders/{}", Uuid::nil())).await;
    order.is_problem(503, UNAVAILABLE, json!({}));
    assert!(order.header("retry-after").is_some());
    gate.open(&real);
    let service = starting.await.expect("no panic").expect("a service");
    assert_eq!(get("/health/ready").await.body, json!({"status": "ready"}));
    service.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn while_the_database_is_out_of_reach_nothing_is_accepted_and_nothing_is_lost() {
    let mut gate = Gate::shut();
    let (url, real) = behind(&Postgres::shared().database().await, &gate);
    gate.open(&real);
    let world = World::build(Books::Postgres).set(move |config| config.database.url = url);
    let world = world.start().await;
    let first = cart(ASHA, &[(TEA, 1)]);
    // One is under way, its payment sent, when the database goes.
    world.fault(Fault::once(Call::Process, FaultKind::HangAfter));
    let headers = [("Idempotency-Key", "first"), ("Prefer", "respond-async")];
    let id = world.create_with(&first, &headers).await.is_accepted(ASHA);
    world.until_sent(Call::Process, 1).await;
    gate.close().await;
    let ready = world.get("/health/ready").await;
    assert_eq!((ready.status, &ready.body["status"]), (503, &json!("unavailable")));
    let second = cart(ASHA, &[(TEA, 2)]);
    let headers = [("Idempotency-Key", "second"), ("Prefer", "respond-async")];
    let cut_short = world.create_with(&second, &headers).await;
    // It may have been on its way when the database went: then it has an id to ask for.
    let members = cut_short.body.get("id").map_or(json!({}), |id| json!({"id": id}));
    cut_short.is_problem(503, UNAVAILABLE, members);
    // From then on it is known that the database is gone.
    let turned_away = world.create_keyed(&second, "third").await;
    turned_away.is_problem(503, UNAVAILABLE, json!({}));
    assert!(turned_away.header("retry-after").is_some());
    let order = world.get(&format!("/api/orders/{id}")).await;
    order.is_problem(503, UNAVAILABLE, json!({}));
    // What was paid meanwhile is written when the database is back.
    world.sandbox.clear_faults();
    world.until_sent(Call::Process, 1).await;
    gate.open(&real);
    assert_eq!(world.decided(&first, "first").await.is_created(ASHA, 14_900), id);
    world.decided(&second, "second").await.is_created(ASHA, 29_800);
    world.finish().await;
}

#[tokio::test]
async fn however_often_a_process_has_died_its_last_executor_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}", directory.path().join("books.db").display());
    let options = store::Options {
        url: &url,
        max_connections: 2,
        silence: Duration::from_secs(5),
        access: store::Access::Owner,
        clock: Clock::system(),
        catalogue: Catalogue::of(DEFINITIONS),
        failpoints: None,
    };
    let store = store::open(options).await.expect("the books");
    store.migrate().await.expect("migrations");
    let clock = Clock::manual(DateTime::UNIX_EPOCH, 1);
    let register = async || {
        clock.advance(Duration::from_secs(1));
        let (id, lease) = (clock.fresh_id(), Duration::from_secs(10));
        store.register_executor(id, "host:1", "", lease, &clock).await.expect("the books");
        id
    };
    // More than are looked at, and all within the hour for which the dead are remembered.
    for _life in 0..1_001 {
        let id = register().await;
        store.retire_executor(id).await.expect("the books");
    }
    let last = register().await;
    let heard = store.executors(&clock).await.expect("the books");
    assert!(heard.iter().any(|executor| executor.id == last));
    store.close().await;
}
