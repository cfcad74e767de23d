//! The payment service.

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
    effect::{Effect, Payment},
    neighbourhood::Neighbourhood,
    reply::Reply,
    service::Call,
};

pub(super) async fn process(
    State(neighbours): State<Arc<Neighbourhood>>,
    caller: Caller,
    body: Bytes,
) -> Response {
    perform(neighbours, &caller, &body, Effect::Process).await
}

pub(super) async fn refund(
    State(neighbours): State<Arc<Neighbourhood>>,
    caller: Caller,
    body: Bytes,
) -> Response {
    perform(neighbours, &caller, &body, Effect::Refund).await
}

async fn perform(
    neighbours: Arc<Neighbourhood>,
    caller: &Caller,
    body: &[u8],
    effect: fn(Payment) -> Effect,
) -> Response {
    let reply = match payment(body) {
        Err(error) => neighbours.unreadable(&error).await,
        Ok(payment) => neighbours.perform(caller.asks(effect(payment))).await,
    };
    reply.send(&caller.cut)
}

fn payment(body: &[u8]) -> Result<Payment, Unreadable> {
    let properties = Properties::read(body)?;
    Ok(Payment {
        order_id: properties.id("orderId")?,
        user_id: properties.id("userId")?,
        user_profile_id: properties.id("userProfileId")?,
        amount: properties.integer("amount")?,
    })
}

pub(super) async fn status(
    State(neighbours): State<Arc<Neighbourhood>>,
    Path(order_id): Path<String>,
    caller: Caller,
) -> Response {
    // Text that isn't a UUID is no order's id.
    let order_id = order_id.parse::<Uuid>().unwrap_or_default();
    let reply =
        neighbours.read(Call::PaymentStatus, None, |world, _| match world.payment(order_id) {
            None => Reply::error(404, "Payment not found"),
            Some(record) => answer::payment_status(record, order_id),
        });
    reply.await.send(&caller.cut)
}
