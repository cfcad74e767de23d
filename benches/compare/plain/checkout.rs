//! One checkout, in one function.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::future::{try_join, try_join_all};
use order_service::clock::Clock;
use order_service::trace::TraceParent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::books::{Books, Item, Order};
use super::neighbour::{Errand, Neighbours};
use crate::Fault;

/// What a checkout uses. Clones share connections.
#[derive(Clone)]
pub struct Checkout {
    pub books: Books,
    pub neighbours: Neighbours,
    pub clock: Clock,
    pub profile_first: bool,
    pub intent_first: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cart {
    user_id: Uuid,
    items: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    product_id: Uuid,
    quantity: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: Uuid,
    user_id: Uuid,
    total_amount: i64,
}

pub async fn create(State(checkout): State<Checkout>, Json(cart): Json<Cart>) -> Response {
    match run(&checkout, cart).await {
        Ok(created) => {
            let location = [(header::LOCATION, format!("/api/orders/{}", created.id))];
            (StatusCode::CREATED, location, Json(created)).into_response()
        }
        Err(fault) => {
            eprintln!("{fault}");
            (StatusCode::BAD_GATEWAY, fault.to_string()).into_response()
        }
    }
}

async fn run(checkout: &Checkout, cart: Cart) -> Result<Created, Fault> {
    let Checkout { books, neighbours, clock, profile_first, intent_first } = checkout;
    let (id, created_at, trace) = (clock.fresh_id(), clock.now(), TraceParent::fresh());
    let errand = Errand { order: id, trace: &trace };
    let numbered = || cart.items.iter().zip(0_i32..);

    let profile = neighbours.profile(errand, cart.user_id);
    let offers = numbered().map(|(line, at)| neighbours.offer(errand, at, line.product_id));
    let offers = try_join_all(offers);
    let (profile_id, offers) = if *profile_first {
        (profile.await?, offers.await?)
    } else {
        try_join(profile, offers).await?
    };

    let mut total_amount = 0_i64;
    for (line, offer) in cart.items.iter().zip(&offers) {
        if offer.stock < i64::from(line.quantity) {
            return Err("insufficient stock".into());
        }
        let price = offer.price.checked_mul(i64::from(line.quantity));
        total_amount = price.and_then(|price| total_amount.checked_add(price)).ok_or("overflow")?;
    }
    if *intent_first {
        books.intend(id, cart.user_id, total_amount).await?;
    }
    neighbours.charge(errand, cart.user_id, profile_id, total_amount).await?;
    let reservations =
        numbered().map(|(line, at)| neighbours.reserve(errand, at, line.product_id, line.quantity));
    try_join_all(reservations).await?;

    let items = numbered().zip(&offers).map(|((line, at), offer)| Item {
        id: clock.fresh_id(),
        line: at,
        product_id: line.product_id,
        quantity: line.quantity,
        unit_price: offer.price,
    });
    let order = Order {
        id,
        user_id: cart.user_id,
        total_amount,
        created_at,
        confirmed_at: clock.now(),
        items: items.collect(),
    };
    books.store(order).await?;
    Ok(Created { id, user_id: cart.user_id, total_amount })
}
