//! Cancelling orders and checkouts, over HTTP.

mod confirmed;
mod from_the_shell;
mod in_flight;
mod trouble;

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, World};

/// Cancels, and waits for the end of it.
pub async fn cancel(world: &World, id: Uuid) -> Answer {
    cancel_with(world, id, &json!({}), "wait=20").await
}

pub async fn cancel_with(world: &World, id: Uuid, body: &Value, prefer: &str) -> Answer {
    let request = world.http.post(world.url(&format!("/api/orders/{id}/cancel")));
    let request = request.header("prefer", prefer).timeout(Duration::from_secs(30));
    Answer::of(request.json(body).send().await.expect("an answer")).await
}

pub async fn preview(world: &World, id: Uuid) -> Value {
    let answer = world.get(&format!("/api/orders/{id}/cancellation")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The answer of an order that is cancelled.
pub fn is_cancelled(answer: &Answer, (id, user): (Uuid, Uuid), refunded: i64, released: &Value) {
    let body = json!({
        "id": id,
        "userId": user,
        "status": "Cancelled",
        "refunded": refunded,
        "released": released,
    });
    assert_eq!((answer.status, &answer.body), (200, &body), "{answer:?}");
}

/// The answer of an order that is being cancelled.
pub fn is_cancelling(answer: &Answer, (id, user): (Uuid, Uuid)) {
    let status_url = format!("/api/orders/{id}/status");
    let body = json!({
        "id": id,
        "userId": user,
        "status": "Cancelling",
        "statusUrl": status_url,
    });
    assert_eq!((answer.status, &answer.body), (202, &body), "{answer:?}");
    assert_eq!(answer.header("location"), Some(status_url.as_str()));
    assert!(answer.header("retry-after").is_some());
}

/// The kinds and versions of an order's events, in order.
pub async fn events(world: &World, id: Uuid) -> Vec<(String, i32)> {
    let events = world.store().events_of(id.into()).await.expect("the books");
    events.into_iter().map(|event| (event.kind, event.version)).collect()
}

/// The events of an order that tell of another status than the one before, with that status.
pub async fn moves(world: &World, id: Uuid) -> Vec<(String, String)> {
    let events = world.store().events_of(id.into()).await.expect("the books");
    let told = events.into_iter().map(|event| (event.kind, event.status.unwrap_or_default()));
    let mut moves: Vec<_> = told.collect();
    moves.dedup_by(|(_, after), (_, before)| after == before);
    moves
}

/// The same as [`moves`] has it.
pub fn moved(moves: &[(&str, &str)]) -> Vec<(String, String)> {
    moves.iter().map(|(kind, status)| ((*kind).to_owned(), (*status).to_owned())).collect()
}

/// These kinds of events, as versions without a gap.
pub fn told(kinds: &[&str]) -> Vec<(String, i32)> {
    kinds.iter().zip(1..).map(|(kind, version)| ((*kind).to_owned(), version)).collect()
}
