//! The product service.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use uuid::Uuid;

use super::{
    body::{Properties, Unreadable},
    caller::Caller,
};
use crate::sandbox::{
    answer,
    effect::{Effect, Units},
    fault::FaultKind,
    neighbourhood::Neighbourhood,
    reply::Reply,
    service::Call,
};

pub(super) async fn get(
    State(neighbours): State<Arc<Neighbourhood>>,
    Path(id): Path<String>,
    caller: Caller,
) -> Response {
    // Text that isn't a UUID is no product's id.
    let id = id.parse::<Uuid>().ok();
    let reply = neighbours.read(Call::GetProduct, id, |world, fault| {
        let negative = fault.is_some_and(|fault| fault.kind == FaultKind::NegativePrice);
        match id.and_then(|id| world.product(id)) {
            None => Reply::error(404, "Product not found"),
            Some(product) if negative => answer::product_with_negative_price(product),
            Some(product) => answer::product(product),
        }
    });
    reply.await.send(&caller.cut)
}

pub(super) async fn list(State(neighbours): State<Arc<Neighbourhood>>, caller: Caller) -> Response {
    let list = |world: &crate::sandbox::world::World| world.products().cloned().collect::<Vec<_>>();
    neighbours
        .commit_and_reply(|state| Reply::json(200, &list(&state.world)))
        .await
        .send(&caller.cut)
}

pub(super) async fn reserve(
    State(neighbours): State<Arc<Neighbourhood>>,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    perform(neighbours, &id, &caller, &body, Effect::Reserve).await
}

pub(super) async fn release(
    State(neighbours): State<Arc<Neighbourhood>>,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    perform(neighbours, &id, &caller, &body, Effect::Release).await
}

async fn perform(
    neighbours: Arc<Neighbourhood>,
    id: &str,
    caller: &Caller,
    body: &[u8],
    effect: fn(Units) -> Effect,
) -> Response {
    let reply = match (id.parse(), quantity(body)) {
        (Err(_), _) => Reply::error(404, "Product not found"),
        (Ok(_), Err(error)) => neighbours.unreadable(&error).await,
        (Ok(product_id), Ok(quantity)) => {
            let asked = caller.asks(effect(Units { product_id, quantity }));
            neighbours.perform(asked).await
        }
    };
    reply.send(&caller.cut)
}

fn quantity(body: &[u8]) -> Result<i64, Unreadable> {
    Properties::read(body)?.integer("quantity")
}
