//! Webhooks: endpoints, what they are sent, and what becomes of it.

mod addresses;
mod again;
mod delivery;
mod disabled;
mod leases;
mod ordered;
pub mod receiver;
mod routes;
mod shell;
mod verify;

use std::time::Duration;

use order_service::sandbox::sample::{MEENA, TEA};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, TOKEN, World, WorldBuilder, cart};

/// A world that calls endpoints on this machine, and tries twice more, soon.
pub fn nearby(world: WorldBuilder) -> WorldBuilder {
    world.no_joining().set(|config| {
        config.webhooks.allow_http = true;
        config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().expect("a network")];
        config.webhooks.schedule = vec![Duration::from_millis(10); 2];
    })
}

/// The same, except that it tries again after an hour.
fn patient(world: WorldBuilder) -> WorldBuilder {
    nearby(world).set(|config| config.webhooks.schedule = vec![Duration::from_hours(1)])
}

async fn ask(world: &World, method: Method, path: &str, body: &Value) -> Answer {
    let url = world.url(&format!("/api/operator/webhooks{path}"));
    let request = world.http.request(method, url).bearer_auth(TOKEN);
    let request = if body.is_null() { request } else { request.json(body) };
    Answer::of(request.send().await.expect("an answer")).await
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    ask(world, Method::POST, path, body).await
}

async fn patch(world: &World, id: &str, body: &Value) -> Answer {
    ask(world, Method::PATCH, &format!("/{id}"), body).await
}

/// Adds an endpoint; returns its id and its secret.
pub async fn add(world: &World, url: &str, more: &Value) -> (String, String) {
    let mut body = json!({"url": url});
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let answer = post(world, "", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |name: &str| answer.body[name].as_str().expect("text").to_owned();
    (text("id"), text("secret"))
}

/// The deliveries of an endpoint, the newest first.
pub async fn deliveries(world: &World, id: &str, query: &str) -> Vec<Value> {
    let answer = world.operator(&format!("/webhooks/{id}/deliveries{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().expect("a list").clone()
}

/// Returns when an endpoint has this many deliveries in a state.
pub async fn until(world: &World, id: &str, state: &str, count: usize) -> Vec<Value> {
    let query = format!("?state={state}");
    world.until(async || deliveries(world, id, &query).await.len() == count).await;
    deliveries(world, id, &query).await
}

/// An order, with an event `order.confirmed`.
pub async fn order(world: &World) -> Uuid {
    world.create(&cart(MEENA, &[(TEA, 1)])).await.is_created(MEENA, 14_900)
}
