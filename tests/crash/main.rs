//! Real processes, real sockets, real databases: the service is killed under load, started again,
//! and the neighbours' ledgers must balance and no answer given may turn out false.

#[path = "../it/harness/audit.rs"]
mod audit;
mod client;
#[path = "../it/harness/postgres.rs"]
mod postgres;
mod process;

use std::sync::Arc;

use client::Clients;
use order_service::sandbox::Kinds;
use process::{SandboxProcess, Service};
use serde_json::json;

use audit::audit;
use postgres::Postgres;

/// Kills per run; more by hand: `CRASH_ROUNDS=50 cargo test --test crash`.
fn rounds() -> usize {
    std::env::var("CRASH_ROUNDS")
        .map_or(4, |rounds| rounds.parse().expect("CRASH_ROUNDS is a number"))
}

#[derive(Clone, Copy)]
enum Books {
    Sqlite,
    Postgres,
}

async fn database(books: Books, directory: &std::path::Path) -> String {
    match books {
        Books::Sqlite => format!("sqlite://{}", directory.join("books.db").display()),
        Books::Postgres => Postgres::shared().database().await,
    }
}

/// A neighbourhood on a bad day.
async fn make_flaky(sandbox: &SandboxProcess) {
    for fault in [
        json!({"call": "*", "fault": "error_before", "status": 500, "chance": 0.05}),
        json!({"call": "*", "fault": "error_after", "status": 503, "chance": 0.05}),
        json!({"call": "*", "fault": "drop_before", "chance": 0.04}),
        json!({"call": "*", "fault": "drop_after", "chance": 0.04}),
        json!({"call": "*", "fault": "garbage", "chance": 0.03}),
        json!({"call": "*", "fault": "slow", "millis": 30, "chance": 0.2}),
    ] {
        sandbox.inject(&fault).await;
    }
}

async fn killed_in_a_storm(books: Books, kinds: Kinds) {
    let directory = tempfile::tempdir().expect("a directory");
    let url = database(books, directory.path()).await;
    let sandbox = SandboxProcess::start(directory.path(), kinds).await;
    make_flaky(&sandbox).await;
    let clients = Arc::new(Clients::new());
    let mut service = Service::start(&url, &sandbox, kinds).await;
    for _round in 0..rounds() {
        let storm = clients.storm(service.address, 12);
        clients.answered(30).await;
        service.kill();
        storm.await.expect("clients");
        service = Service::start(&url, &sandbox, kinds).await;
    }
    sandbox.calm_down().await;
    clients.everybody_gets_one_answer(service.address, kinds).await;
    service.terminate().await;
    let store = process::open_books(&url).await;
    audit(&store, &sandbox.ledger().await).await;
    if kinds == Kinds::default() {
        let open = order_service::store::Filter { open: true, limit: 1, ..Default::default() };
        assert!(store.list(&open).await.expect("the books").is_empty(), "all came to rest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_in_a_storm_on_sqlite() {
    killed_in_a_storm(Books::Sqlite, Kinds::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_in_a_storm_on_postgresql() {
    killed_in_a_storm(Books::Postgres, Kinds::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_when_it_is_killed_among_neighbours_that_repeat_on_sqlite() {
    killed_in_a_storm(Books::Sqlite, Kinds::REPEATING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_when_it_is_killed_among_neighbours_that_repeat_on_postgresql() {
    killed_in_a_storm(Books::Postgres, Kinds::REPEATING).await;
}

async fn terminated_under_load(books: Books) {
    let directory = tempfile::tempdir().expect("a directory");
    let url = database(books, directory.path()).await;
    let sandbox = SandboxProcess::start(directory.path(), Kinds::default()).await;
    sandbox.inject(&json!({"call": "*", "fault": "slow", "millis": 20, "chance": 0.5})).await;
    let clients = Arc::new(Clients::new());
    let mut service = Service::start(&url, &sandbox, Kinds::default()).await;
    for _round in 0..2 {
        let storm = clients.storm(service.address, 12);
        clients.answered(20).await;
        service.terminate().await;
        storm.await.expect("clients");
        service = Service::start(&url, &sandbox, Kinds::default()).await;
    }
    clients.everybody_gets_one_answer(service.address, Kinds::default()).await;
    service.terminate().await;
    audit(&process::open_books(&url).await, &sandbox.ledger().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_and_loses_nothing_on_sqlite() {
    terminated_under_load(Books::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_with_0_and_loses_nothing_on_postgresql() {
    terminated_under_load(Books::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_one_sqlite_file_is_refused_with_a_line_that_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let url = database(Books::Sqlite, directory.path()).await;
    let sandbox = SandboxProcess::start(directory.path(), Kinds::default()).await;
    let service = Service::start(&url, &sandbox, Kinds::default()).await;
    let second = process::refused(&url).await;
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use by another process"), "{said}");
    service.terminate().await;
}

/// Two replicas: one is stopped beyond its lease, and its sagas are the other's. Awake again, it
/// finds that, and neither writes nor calls in its former life's name; the ledgers would show it.
async fn put_to_sleep(kinds: Kinds) {
    let directory = tempfile::tempdir().expect("a directory");
    let url = database(Books::Postgres, directory.path()).await;
    let sandbox = SandboxProcess::start(directory.path(), kinds).await;
    sandbox.inject(&json!({"call": "*", "fault": "slow", "millis": 50, "chance": 0.5})).await;
    let clients = Arc::new(Clients::new());
    let sleeper = Service::start(&url, &sandbox, kinds).await;
    let other = Service::start(&url, &sandbox, kinds).await;
    let storm = clients.storm(sleeper.address, 12);
    clients.answered(30).await;
    sleeper.signal("STOP");
    storm.await.expect("clients");
    clients.everybody_gets_one_answer(other.address, kinds).await;
    sleeper.signal("CONT");
    clients.everybody_gets_one_answer(sleeper.address, kinds).await;
    sleeper.terminate().await;
    other.terminate().await;
    audit(&process::open_books(&url).await, &sandbox.ledger().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_put_to_sleep_loses_its_sagas_and_does_no_harm_when_it_wakes() {
    put_to_sleep(Kinds::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_put_to_sleep_among_neighbours_that_repeat_does_no_harm_when_it_wakes() {
    put_to_sleep(Kinds::REPEATING).await;
}
