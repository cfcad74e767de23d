//! Databases that earlier releases left behind, with sagas in every state: the schema is migrated, and
//! every saga goes on to its end (promise 48).
//!
//! `sqlite.*` and `postgres.*` were made by version 0.1.0, built from the commit "engine: claimed sagas that
//! wait for a slow neighbour make room for others", and are tested in this file. They hold its tables and
//! rows as SQL statements, the ids of its checkouts by the situation that each was in, and the calls that
//! the neighbours had carried out by then. The process was killed while four of its checkouts were in a
//! call.
//!
//! `2026-11-26/` is of a later build of that version: `reading.rs` tests it, and `record.rs` made it.
//! `2026-11-27/` has orders after their checkout, and `2026-11-28/` also what people did at the desk: `orders.rs`
//! made them, and tests them.
//!
//! These files are never made anew: a later release adds its own beside them.

mod answers;
mod orders;
mod reading;
mod record;
mod release;

use std::collections::BTreeMap;
use std::time::Duration;

use answers::{Answers, Checkout};
use chrono::{DateTime, Utc};
use order_service::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{BOTH, Books, Past, World};

/// A saga that has not come to rest by then never will.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a release has left behind, beside the rows.
#[derive(Serialize, Deserialize)]
struct LeftBehind {
    /// When its last process was killed.
    made_at: DateTime<Utc>,
    checkouts: BTreeMap<String, Checkout>,
    /// Calls that the neighbours carried out, oldest first.
    moved: Vec<Value>,
    /// What it said of its checkouts itself.
    answers: Answers,
}

#[derive(Deserialize)]
struct LastRelease {
    sagas: BTreeMap<String, Uuid>,
    moved: Vec<Value>,
}

fn left_behind(books: Books) -> (BTreeMap<String, Uuid>, Past) {
    let (schema_and_rows, rest) = match books {
        Books::Sqlite => {
            (include_str!("last_release/sqlite.sql"), include_str!("last_release/sqlite.json"))
        }
        Books::Postgres => {
            (include_str!("last_release/postgres.sql"), include_str!("last_release/postgres.json"))
        }
    };
    let LastRelease { sagas, moved } = serde_json::from_str(rest).expect("what is beside the rows");
    (sagas, Past { books: schema_and_rows.to_owned(), moved })
}

/// How each one ends, by the situation that it was in: by itself, or after an operator's verdict.
const ENDS: [(&str, &str); 19] = [
    ("charge-in-doubt", "Completed"),
    ("compensated", "Compensated"),
    ("compensating", "Compensated"),
    ("completed", "Completed"),
    ("completed-free", "Completed"),
    ("completed-not-idempotent", "Completed"),
    ("completed-without-key", "Completed"),
    ("killed-while-charged", "Completed"),
    ("killed-while-reading", "Completed"),
    ("killed-while-refunding", "Compensated"),
    ("killed-while-reserving", "Completed"),
    ("paid", "Completed"),
    ("priced", "Completed"),
    ("priced-and-charged", "Completed"),
    ("profile-fetched", "Completed"),
    ("refund-in-doubt", "Compensated"),
    ("refund-refused", "Compensated"),
    ("reservation-in-doubt", "Completed"),
    ("started", "Completed"),
];

#[tokio::test]
async fn what_the_last_release_left_under_way_comes_to_its_end() {
    for books in BOTH {
        let ended = Clock::system().within(PATIENCE, Box::pin(goes_on(books))).await;
        ended.expect("one of them does not come to its end");
    }
}

async fn goes_on(books: Books) {
    let (sagas, past) = left_behind(books);
    let world = World::build(books).after(past).set(|config| {
        // The test's neighbours remember the calls that the neighbours of that day had carried out.
        let a_century = Duration::from_hours(100 * 365 * 24);
        config.services.product.key_memory = a_century;
        config.services.payment.key_memory = a_century;
        config.services.product.idempotent = true;
        config.services.payment.idempotent = true;
    });
    let world = world.start().await;
    for (name, end) in ENDS {
        let id = sagas[name];
        world.until(async || is_at_rest_or_stuck(&world, id).await).await;
        speak(&world, name, id).await;
        world.until(async || world.status(id).await["state"] == end).await;
    }
    let rejected = world.status(sagas["rejected"]).await;
    assert_eq!(rejected["state"], "Rejected");
    assert_eq!(rejected["problem"]["error"], "Insufficient stock");
    world.finish().await;
}

async fn is_at_rest_or_stuck(world: &World, id: Uuid) -> bool {
    let saga = world.inspect(id).await;
    let state = saga["state"].as_str().expect("a state");
    !saga["stuck"].is_null() || ["Completed", "Compensated", "Rejected"].contains(&state)
}

/// The verdicts on those that wait for one: what the neighbours' ledgers say, or a retry.
async fn speak(world: &World, name: &str, id: Uuid) {
    let verdict = |step: &str, line: Option<u16>, happened: bool| json!({"step": step, "line": line, "happened": happened, "reason": "seen in their ledger"});
    let (action, body) = match name {
        "charge-in-doubt" => ("resolve", verdict("charge_payment", None, false)),
        "reservation-in-doubt" => ("resolve", verdict("reserve_stock", Some(1), true)),
        "refund-in-doubt" => ("resolve", verdict("refund_payment", None, true)),
        "refund-refused" => ("retry", json!({"reason": "their books are mended"})),
        _by_itself => return,
    };
    let answer = world.intervene(&format!("/sagas/{id}/{action}"), &body).await;
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
}
