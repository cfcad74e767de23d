//! The controls under `/_sandbox`: ledger, faults, idempotency (`kinds`), reset. All three services have
//! them.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::caller::Caller;
use crate::sandbox::{
    account::{Product, User},
    fault::Fault,
    neighbourhood::Neighbourhood,
    reply::Reply,
    service::Idempotency,
    state::SandboxState,
    world::JournalEntry,
};

/// The query of `GET /_sandbox/ledger`.
#[derive(Deserialize)]
pub(super) struct LedgerQuery {
    /// Only records after this number.
    #[serde(default)]
    since: u64,
}

/// The body of `POST /_sandbox/reset`. What it leaves out is reset to its first value.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ResetBody {
    users: Option<Vec<User>>,
    products: Option<Vec<Product>>,
    kinds: Option<Idempotency>,
}

type Here = State<Arc<Neighbourhood>>;

pub(super) async fn ledger(
    State(neighbours): Here,
    query: Result<Query<LedgerQuery>, QueryRejection>,
    caller: Caller,
) -> Response {
    let Query(LedgerQuery { since }) = match query {
        Ok(query) => query,
        Err(error) => return Reply::error(400, &error.body_text()).send(&caller.cut),
    };
    // Turned into JSON after the lock is released, since a long ledger takes a while.
    let ledger = neighbours.commit_and_return(|state| state.world.ledger(since)).await;
    ledger.map_or(Reply::Cut, |ledger| Reply::json(200, &ledger)).send(&caller.cut)
}

pub(super) async fn faults(State(neighbours): Here, caller: Caller) -> Response {
    neighbours.commit_and_reply(|state| list_faults(state)).await.send(&caller.cut)
}

pub(super) async fn inject(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&neighbours, &caller, &body, |state, fault: Fault| match state.inject(fault) {
        Ok(()) => list_faults(state),
        Err(error) => Reply::error(400, &error.to_string()),
    })
    .await
}

pub(super) async fn clear_faults(State(neighbours): Here, caller: Caller) -> Response {
    let reply = neighbours.commit_and_reply(|state| {
        state.clear_faults();
        list_faults(state)
    });
    reply.await.send(&caller.cut)
}

fn list_faults(state: &SandboxState) -> Reply {
    Reply::json(200, &json!({"faults": state.faults()}))
}

pub(super) async fn kinds(State(neighbours): Here, caller: Caller) -> Response {
    neighbours
        .commit_and_reply(|state| Reply::json(200, &state.world.idempotency()))
        .await
        .send(&caller.cut)
}

pub(super) async fn set_kinds(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&neighbours, &caller, &body, |state, idempotency: Idempotency| {
        state.enter(JournalEntry::Kinds(idempotency));
        Reply::json(200, &idempotency)
    })
    .await
}

pub(super) async fn put_user(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&neighbours, &caller, &body, |state, user: User| {
        let reply = Reply::json(200, &user);
        state.enter(JournalEntry::User(user));
        reply
    })
    .await
}

pub(super) async fn put_product(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&neighbours, &caller, &body, |state, product: Product| {
        let reply = Reply::json(200, &product);
        state.enter(JournalEntry::Product(product));
        reply
    })
    .await
}

pub(super) async fn reset(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    let initial = neighbours.initial();
    with_body(&neighbours, &caller, body, |state, body: ResetBody| {
        state.reset(JournalEntry::Reset {
            users: body.users.unwrap_or(initial.sample.users),
            products: body.products.unwrap_or(initial.sample.products),
            kinds: body.kinds.unwrap_or(initial.idempotency),
        });
        let (users, products) = (state.world.users().count(), state.world.products().count());
        Reply::json(
            200,
            &json!({"users": users, "products": products, "kinds": state.world.idempotency()}),
        )
    })
    .await
}

async fn with_body<T: DeserializeOwned>(
    neighbours: &Neighbourhood,
    caller: &Caller,
    body: &[u8],
    act: impl FnOnce(&mut SandboxState, T) -> Reply,
) -> Response {
    let reply = match serde_json::from_slice(body) {
        Err(error) => Reply::error(400, &error.to_string()),
        Ok(read) => neighbours.commit_and_reply(|state| act(state, read)).await,
    };
    reply.send(&caller.cut)
}
