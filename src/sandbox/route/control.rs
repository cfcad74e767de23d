//! The controls, under `/_sandbox`, the same behind all three doors: ledger, faults, kinds, reset.

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
    desk::Desk,
    fault::Fault,
    neighbourhood::Neighbourhood,
    reply::Reply,
    service::Kinds,
    world::Entry,
};

/// The query of `GET /_sandbox/ledger`.
#[derive(Deserialize)]
pub(super) struct LedgerQuery {
    /// Leaves out the records up to and with this number.
    #[serde(default)]
    since: u64,
}

/// The body of `POST /_sandbox/reset`: what is absent is as it was at the start.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ResetBody {
    users: Option<Vec<User>>,
    products: Option<Vec<Product>>,
    kinds: Option<Kinds>,
}

type Here = State<Arc<Neighbourhood>>;

pub(super) async fn ledger(
    State(here): Here,
    query: Result<Query<LedgerQuery>, QueryRejection>,
    caller: Caller,
) -> Response {
    let Query(LedgerQuery { since }) = match query {
        Ok(query) => query,
        Err(error) => return Reply::error(400, &error.body_text()).send(&caller.cut),
    };
    // Written as JSON only afterwards: a long ledger would keep everyone waiting at the desk.
    let ledger = here.seen(|desk| desk.world.ledger(since)).await;
    ledger.map_or(Reply::Cut, |ledger| Reply::json(200, &ledger)).send(&caller.cut)
}

pub(super) async fn faults(State(here): Here, caller: Caller) -> Response {
    here.told(|desk| list_faults(desk)).await.send(&caller.cut)
}

pub(super) async fn inject(State(here): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&here, &caller, &body, |desk, fault: Fault| match desk.inject(fault) {
        Ok(()) => list_faults(desk),
        Err(error) => Reply::error(400, &error.to_string()),
    })
    .await
}

pub(super) async fn clear_faults(State(here): Here, caller: Caller) -> Response {
    let reply = here.told(|desk| {
        desk.clear_faults();
        list_faults(desk)
    });
    reply.await.send(&caller.cut)
}

fn list_faults(desk: &Desk) -> Reply {
    Reply::json(200, &json!({"faults": desk.faults()}))
}

pub(super) async fn kinds(State(here): Here, caller: Caller) -> Response {
    here.told(|desk| Reply::json(200, &desk.world.kinds())).await.send(&caller.cut)
}

pub(super) async fn set_kinds(State(here): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&here, &caller, &body, |desk, kinds: Kinds| {
        desk.enter(Entry::Kinds(kinds));
        Reply::json(200, &kinds)
    })
    .await
}

pub(super) async fn put_user(State(here): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&here, &caller, &body, |desk, user: User| {
        let reply = Reply::json(200, &user);
        desk.enter(Entry::User(user));
        reply
    })
    .await
}

pub(super) async fn put_product(State(here): Here, caller: Caller, body: Bytes) -> Response {
    with_body(&here, &caller, &body, |desk, product: Product| {
        let reply = Reply::json(200, &product);
        desk.enter(Entry::Product(product));
        reply
    })
    .await
}

pub(super) async fn reset(State(here): Here, caller: Caller, body: Bytes) -> Response {
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    let seed = here.seed();
    with_body(&here, &caller, body, |desk, body: ResetBody| {
        desk.reset(Entry::Reset {
            users: body.users.unwrap_or(seed.sample.users),
            products: body.products.unwrap_or(seed.sample.products),
            kinds: body.kinds.unwrap_or(seed.kinds),
        });
        let (users, products) = (desk.world.users().count(), desk.world.products().count());
        Reply::json(
            200,
            &json!({"users": users, "products": products, "kinds": desk.world.kinds()}),
        )
    })
    .await
}

async fn with_body<T: DeserializeOwned>(
    here: &Neighbourhood,
    caller: &Caller,
    body: &[u8],
    act: impl FnOnce(&mut Desk, T) -> Reply,
) -> Response {
    let reply = match serde_json::from_slice(body) {
        Err(error) => Reply::error(400, &error.to_string()),
        Ok(read) => here.told(|desk| act(desk, read)).await,
    };
    reply.send(&caller.cut)
}
