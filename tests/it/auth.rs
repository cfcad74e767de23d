//! Who may do what.

mod issuer;
mod published;
mod roles;
mod tokens;
mod users;

use order_service::clock::Clock;
use order_service::config::{NamedToken, Role, TokenDigest};
use order_service::sandbox::sample::ASHA;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Answer, World, WorldBuilder};

/// The roles, as they are named in answers.
const ROLES: [(&str, Role); 4] = [
    ("viewer", Role::Viewer),
    ("operator", Role::Operator),
    ("fulfilment", Role::Fulfilment),
    ("admin", Role::Admin),
];

/// The token of whoever is named like their role.
pub fn token_of(role: &str) -> String {
    format!("token-of-{role}")
}

/// A world in which each role has a token.
pub fn with_roles(world: WorldBuilder) -> WorldBuilder {
    world.set(|config| config.operator.tokens = ROLES.map(named_token).to_vec())
}

fn named_token((name, role): (&str, Role)) -> NamedToken {
    let sha256 = base16ct::lower::encode_string(&Sha256::digest(token_of(name)));
    let sha256 = TokenDigest::parse(&sha256).expect("a digest");
    NamedToken { name: name.to_owned(), role, sha256 }
}

/// A request with a token, if there is one, and with a body, unless it is a GET.
pub async fn ask(
    world: &World,
    method: &Method,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> Answer {
    let request = world.http.request(method.clone(), world.url(path));
    let request = if *method == Method::GET { request } else { request.json(body) };
    let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
    Answer::of(request.send().await.expect("an answer")).await
}

/// The same world, on a clock that is moved by hand.
async fn by_hand(world: World) -> World {
    let now = world.clock.now();
    Box::pin(world.restart_on(Clock::manual(now, 1))).await
}

/// GETs the history of [`ASHA`] over a connection of its own: one that was idle when the clock was moved
/// may be closed.
async fn history(world: &World, token: &str) -> Answer {
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client");
    let request = http.get(world.url(&format!("/api/orders/user/{ASHA}"))).bearer_auth(token);
    Answer::of(request.send().await.expect("an answer")).await
}

/// GETs with a token.
async fn get(world: &World, path: &str, token: &str) -> Answer {
    ask(world, &Method::GET, path, Some(token), &json!(null)).await
}
