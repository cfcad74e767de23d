//! `GET /console/find?q=`: from an id or a key to its page. Without either it is where those begin who see orders
//! only.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;
use uuid::Uuid;

use super::page::{Failure, Frame, Here, respond};
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::operator::Operators;
use crate::order::OrderId;
use crate::saga::SagaId;
use crate::store::{Error, Store};
use crate::web::Query;

#[derive(Template)]
#[template(path = "console/find.html")]
struct FindPage {
    frame: Frame,
}

/// Leads to the saga or the order of an id, or the order of a shipment's, and to the list of sagas for anything
/// else, which is taken for an idempotency key.
pub(super) async fn find(
    State(operators): State<Operators>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, Failure> {
    let wanted = query.text("q").unwrap_or_default().trim();
    let reads_sagas = visitor.person.has(Right::ReadSagas);
    if wanted.is_empty() && !reads_sagas {
        visitor.require(Right::ReadOrders)?;
        let frame = Frame::of("Find an order", Here::Elsewhere, &visitor.person);
        return Ok(respond(StatusCode::OK, &FindPage { frame }));
    }
    let Ok(id) = wanted.parse::<Uuid>() else {
        if !reads_sagas {
            return Ok(see_other("/console/orders/unknown"));
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !wanted.is_empty() {
            query.append_pair("idempotencyKey", wanted);
        }
        return Ok(see_other(&format!("/console/sagas?{}", query.finish())));
    };
    let page = page_of(&operators.store, id, reads_sagas).await;
    Ok(see_other(&page.map_err(|error| visitor.failure(error))?))
}

async fn page_of(store: &Store, id: Uuid, reads_sagas: bool) -> Result<String, Error> {
    if reads_sagas && store.find(SagaId(id)).await?.is_some() {
        return Ok(format!("/console/sagas/{id}"));
    }
    if store.order(OrderId(id)).await?.is_some() {
        return Ok(format!("/console/orders/{id}"));
    }
    // The page of a forgotten one says where it is; that of its order, if it has one, says more.
    if reads_sagas && !store.forgotten_sagas(&[SagaId(id)]).await?.is_empty() {
        return Ok(format!("/console/sagas/{id}"));
    }
    let shipment = store.shipment(id).await?;
    let order = shipment.map_or(id, |shipment| shipment.order_id.0);
    Ok(format!("/console/orders/{order}"))
}
